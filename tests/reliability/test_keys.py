"""Promise 1: nobody uses the server without its key."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence

import pytest

from sidecar.api.paths import canonical_path
from tests.reliability.counting import Counted, serve_counted
from tests.reliability.surface import HEALTH, OPEN, PAGE, SIGN_IN, Endpoint, endpoints, spellings
from tests.reliability.wire import Header, key_of, wire

pytestmark = pytest.mark.promise(1)

Recorder = Callable[[str, object], None]


def bearer(key: str | bytes) -> Header:
    return ("Authorization", b"Bearer " + (key if isinstance(key, bytes) else key.encode("utf-8")))


def off(key: str, at: int) -> str:
    """The key with one character replaced by another of the same kind."""
    at %= len(key)
    return key[:at] + ("b" if key[at] == "a" else "a") + key[at + 1 :]


KEYS: dict[str, Callable[[str], Sequence[Header]]] = {
    "none": lambda _: [],
    "empty": lambda _: [("Authorization", "Bearer ")],
    "wrong": lambda key: [bearer("x" * len(key))],
    "one byte off at the start": lambda key: [bearer(off(key, 0))],
    "one byte off in the middle": lambda key: [bearer(off(key, len(key) // 2))],
    "one byte off at the end": lambda key: [bearer(off(key, -1))],
    "one byte less": lambda key: [bearer(key[:-1])],
    "one byte more": lambda key: [bearer(f"{key}a")],
    "other case": lambda key: [bearer(key.swapcase())],
    "non-ASCII": lambda key: [bearer(f"{key}é")],
    "Latin-1": lambda key: [bearer(f"{key}é".encode("latin-1"))],
    "wide letters": lambda key: [bearer("".join(chr(ord(letter) + 0xFEE0) for letter in key))],
    "twice": lambda key: [bearer(key), bearer(key)],
    "right, then wrong": lambda key: [bearer(key), ("X-Api-Key", "wrong")],
    "two in one header": lambda key: [bearer(f"{key}, Bearer {key}")],
    "without a scheme": lambda key: [("Authorization", key)],
    "Basic": lambda key: [("Authorization", "Basic " + base64.b64encode(f"user:{key}".encode()).decode())],
    "Basic with the bare key": lambda key: [("Authorization", f"Basic {key}")],
    "in a cookie": lambda key: [("Cookie", f"token={key}; api_key={key}; Authorization=Bearer {key}")],
    "in a proxy's header": lambda key: [("Proxy-Authorization", f"Bearer {key}"), ("X-Forwarded-User", key)],
}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    with serve_counted(folder=tmp_path_factory.mktemp("keys")) as counted:
        yield counted


def asked() -> list[tuple[Endpoint, str]]:
    """Every route under every spelling but the open ones, and two paths at which there is nothing."""
    known = [(endpoint, path) for endpoint in endpoints() for path in spellings(endpoint.path())]
    nowhere = Endpoint(method="GET", template="/nothing/here")
    return [
        *(pair for pair in known if canonical_path(pair[1]) not in OPEN),
        (nowhere, "/nothing/here"),
        (nowhere, "/healthz/../vault/status"),
    ]


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_no_route_opens_without_the_right_key(
    counted: Counted, key: Callable[[str], Sequence[Header]], record_property: Recorder
) -> None:
    server, before, refused = counted.server, counted.passed, 0
    with wire(server) as connection:
        for endpoint, path in asked():
            body = b"{}" if endpoint.method == "POST" else None
            reply = connection.ask(endpoint.method, path, key(server.token), body=body)
            assert reply.status == 401, (endpoint, path)
            assert reply.values("www-authenticate") == ['Bearer realm="sidecar"']
            assert server.token.encode() not in reply.body
            if endpoint.method != "HEAD":
                error = reply.error(canonical_path(path))
                assert error["code"] in {"invalid_api_key", None}, (endpoint, path)
            refused += 1
    assert counted.passed == before
    record_property("requests_refused", refused)


def test_a_key_in_the_query_opens_nothing(counted: Counted, record_property: Recorder) -> None:
    server, before, refused = counted.server, counted.passed, 0
    names = ("token", "key", "api_key", "api-key", "access_token", "authorization", "x-api-key")
    query = "&".join(f"{name}={server.token}" for name in names) + f"&Authorization=Bearer%20{server.token}"
    with wire(server) as connection:
        for endpoint, path in asked():
            assert connection.ask(endpoint.method, f"{path}?{query}").status == 401, (endpoint, path)
            refused += 1
    assert counted.passed == before
    record_property("requests_refused", refused)


def test_a_key_in_the_body_or_in_the_address_opens_nothing(counted: Counted) -> None:
    server, before = counted.server, counted.passed
    body = json.dumps({"query": "cabin", "token": server.token, "api_key": server.token}).encode()
    form = f"api_key={server.token}&query=cabin".encode()
    with wire(server) as connection:
        assert connection.ask("POST", "/vault/search", body=body).status == 401
        kind = [("Content-Type", "application/x-www-form-urlencoded")]
        assert connection.ask("POST", "/vault/search", kind, body=form).status == 401
        named = f"http://user:{server.token}@{server.url.removeprefix('http://')}/v1/models"
        assert connection.ask("GET", named).status in {401, 421}
    assert counted.passed == before


@pytest.mark.parametrize("path", [*sorted(HEALTH), "/healthz/", "//healthz", "/healthz?list=excluded&vault=demo"])
def test_health_is_open_and_says_nothing_of_the_vault(counted: Counted, path: str) -> None:
    server = counted.server
    with wire(server) as connection:
        for headers in ([], [bearer("wrong")], [key_of(server)]):
            reply = connection.ask("GET", path, headers)
            assert reply.status == 200
            assert json.loads(reply.body) == {"status": "ok"}
            said = str(reply.headers).lower()
            assert not any(word in said for word in ("demo", "sidecar/", "uvicorn", "python", "version"))


def test_the_consoles_files_are_open_and_the_same_for_everyone(counted: Counted) -> None:
    server = counted.server
    with wire(server) as connection:
        for path in sorted(PAGE):
            replies = [connection.ask("GET", path, headers) for headers in ([], [bearer("wrong")], [key_of(server)])]
            assert [reply.status for reply in replies] == [200, 200, 200], path
            assert len({reply.body for reply in replies}) == 1, path
            assert not any(word in replies[0].body for word in (server.token.encode(), b"4471-B", b"Home.md")), path


def test_the_sign_in_opens_with_a_code_that_nobody_has_used(counted: Counted) -> None:
    server = counted.server
    with wire(server) as connection:
        made = json.loads(connection.ask("POST", "/console/link", [key_of(server)]).body)
        code = made["path"].removeprefix("/#sign-in=")
        used = json.dumps({"code": code}).encode()
        assert connection.ask("GET", "/v1/models", [bearer(code)]).status == 401
        for wrong in (server.token, off(code, 0), off(code, -1), code[:-1], code + "a", code.swapcase(), f"{code}é"):
            reply = connection.ask("POST", SIGN_IN, body=json.dumps({"code": wrong}).encode())
            assert (reply.status, reply.error()["code"]) == (401, "sign_in_refused"), wrong
        key = json.loads(connection.ask("POST", SIGN_IN, body=used).body)["key"]
        assert connection.ask("POST", SIGN_IN, body=used).status == 401
        assert connection.ask("GET", "/v1/models", [bearer(key)]).status == 200
        assert connection.ask("POST", "/console/sign-out", [bearer(key)]).status == 200
        before = counted.passed
        for endpoint, path in asked():
            body = b"{}" if endpoint.method == "POST" else None
            assert connection.ask(endpoint.method, path, [bearer(key)], body=body).status == 401, path
    assert counted.passed == before


def test_the_right_key_opens_every_route_and_is_counted(counted: Counted) -> None:
    # Without this, a server that refuses everyone, or a counter that does not count, would pass all the others.
    server, before, opened = counted.server, counted.passed, 0
    with wire(server) as connection:
        for endpoint, path in asked():
            if endpoint.method == "GET":
                assert connection.ask("GET", path, [key_of(server)]).status not in {0, 401, 403, 421}, path
                opened += 1
    assert counted.passed == before + opened
