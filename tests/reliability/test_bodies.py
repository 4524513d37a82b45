"""Promise 4: no request breaks the server."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from tests.reliability.counting import Counted, serve_counted
from tests.reliability.hostile import MAX_BODY, VALUES, broken, changed, fields
from tests.reliability.surface import BODIES, FILLINGS, OPEN, QUERIES, REFUSED, SIGN_IN, Endpoint, endpoints
from tests.reliability.wire import Reply, Wire, key_of, wire

pytestmark = pytest.mark.promise(4)

Recorder = Callable[[str, object], None]
PATHS = sorted(BODIES)


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    with serve_counted(folder=tmp_path_factory.mktemp("bodies")) as counted:
        yield counted
        assert counted.server.process.poll() is None
        # A bug that is caught and answered with 500 is written to the log with where it happened.
        assert "Traceback" not in (counted.server.data_dir / "serve.log").read_text(encoding="utf-8")


@pytest.fixture
def connection(counted: Counted) -> Iterator[Wire]:
    with wire(counted.server) as connection:
        yield connection


def post(connection: Wire, counted: Counted, template: str, body: bytes) -> Reply:
    path = Endpoint(method="POST", template=template).path()
    kind = ("Content-Type", "application/json")
    return connection.ask("POST", path, [key_of(counted.server), kind], body=body)


def check(reply: Reply, template: str, about: object) -> None:
    """Refused as the client's own fault, in the shape that clients know; or answered."""
    assert 200 <= reply.status < 500, (template, about, reply.body[:500])
    if reply.status >= 400:
        error = reply.error(template)
        assert error["type"] in {"invalid_request_error", "permission_error", None}, (template, about, error)


def test_the_body_of_every_post_is_known() -> None:
    posts = {endpoint.template for endpoint in endpoints() if endpoint.method == "POST"}
    assert posts == set(BODIES) | REFUSED
    assert not set(BODIES) & REFUSED


@pytest.mark.parametrize("template", PATHS)
def test_a_right_body_is_answered(counted: Counted, connection: Wire, template: str) -> None:
    # Without this, a server that refuses every body would pass all the others. Tokens and reranking need a model.
    reply = post(connection, counted, template, json.dumps(BODIES[template].right).encode())
    unavailable = template in {"/v1/tokenize", "/v1/detokenize", "/v1/rerank"}
    # A right sign-in needs a code that was made for it.
    refused = (400, 404) if unavailable else (401,) if template == SIGN_IN else ()
    assert reply.status == 200 or reply.status in refused, reply.body


def test_a_body_that_is_no_usable_json_is_refused_everywhere(
    counted: Counted, connection: Wire, record_property: Recorder
) -> None:
    refused = 0
    for template in PATHS:
        for what, body in broken(json.dumps(BODIES[template].right).encode()):
            if template == "/vault/sync" and what in {"empty", "blank"}:
                continue  # no body at all asks for all vaults
            reply = post(connection, counted, template, body)
            if template in OPEN and reply.status == 413:
                continue  # who needs no key may send little
            assert reply.status == 400, (template, what, reply.body[:200])
            assert reply.error(template)["code"] in {"invalid_json", None}, (template, what)
            refused += 1
    assert connection.ask("GET", "/v1/models", [key_of(counted.server)]).status == 200
    record_property("bodies_refused", refused)


def test_a_body_over_the_cap_is_refused_everywhere(counted: Counted, connection: Wire) -> None:
    for endpoint in endpoints():
        if endpoint.method == "POST":
            reply = post(connection, counted, endpoint.template, b'{"x":"' + b"x" * MAX_BODY + b'"}')
            assert reply.status == 413, endpoint
            assert reply.error(endpoint.template)["code"] in {"body_too_large", None}
    huge = [key_of(counted.server), ("Content-Length", "9" * 15)]
    assert connection.ask("POST", "/vault/search", huge).status == 413


def test_a_value_of_the_wrong_type_in_any_field_is_refused(
    counted: Counted, connection: Wire, record_property: Recorder
) -> None:
    places = refused = 0
    for template in PATHS:
        taken = BODIES[template]
        for field in fields(taken.model):
            places += 1
            for value in field.mistyped:
                body = json.dumps(changed(taken.right, field.place, value)).encode()
                reply = post(connection, counted, template, body)
                assert reply.status == 400, (template, field, value, reply.body[:200])
                param = reply.error(template)["param"]
                assert param is None or param.startswith(field.place[0]), (template, field, value, param)
                refused += 1
    assert refused > places
    record_property("fields", places)
    record_property("bodies_refused", refused)


@pytest.mark.nightly
def test_an_odd_value_in_any_field_is_the_clients_fault(
    counted: Counted, connection: Wire, record_property: Recorder
) -> None:
    requests = 0
    for template in PATHS:
        taken = BODIES[template]
        for field in fields(taken.model):
            for value in VALUES:
                body = json.dumps(changed(taken.right, field.place, value)).encode()
                check(post(connection, counted, template, body), template, (field.place, repr(value)[:60]))
                requests += 1
    record_property("requests", requests)


def test_parameters_of_any_kind_are_the_clients_fault(
    counted: Counted, connection: Wire, record_property: Recorder
) -> None:
    values = (
        "", "0", "-1", "1", "9" * 30, "1e3", "NaN", "x", "\x00", "é", "٣", "..", "../../etc/passwd", "/etc/passwd",
        "C:\\Windows", "a\nb", "%", "x" * 8000, "[[Home]]", "'; DROP TABLE notes; --", "\u202e", "null",
    )  # fmt: skip
    encoded = [*(quote(value, safe="") for value in values), "%ff%fe", "%ed%a0%80", "%", "%zz", "%00"]
    requests = 0
    for endpoint in endpoints():
        if endpoint.method not in {"GET", "DELETE"}:
            continue
        targets = [
            endpoint.path().replace(quote(FILLINGS[name], safe="/:"), value)
            for name in endpoint.parameters
            for value in encoded
        ]
        names = QUERIES.get(endpoint.template, ())
        targets += [f"{endpoint.path()}?{name}={value}" for name in names for value in encoded]
        targets += [f"{endpoint.path()}?{name}=1&{name}=2&path=Home.md" for name in names]
        for target in targets:
            check(connection.ask(endpoint.method, target, [key_of(counted.server)]), endpoint.template, target[:200])
            requests += 1
    record_property("requests", requests)


def scrambled(rng: random.Random, right: bytes) -> bytes:
    """A right body with a few bytes changed, taken out or doubled."""
    body = bytearray(right)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(body))
        match rng.randrange(4):
            case 0:
                body[at] = rng.randrange(256)
            case 1:
                del body[at : at + rng.randint(1, 5)]
            case 2:
                body[at:at] = body[at : at + rng.randint(1, 20)]
            case _:
                body[at:at] = rng.choice((b"\x00", b"\xff", b'"', b"{", b"]", b"\\u", b"1e999", b"null", b","))
        body = body or bytearray(b"{")
    return bytes(body)


def scramble(counted: Counted, connection: Wire, record_property: Recorder, *, count: int, seed: int) -> None:
    rng = random.Random(seed)
    print(f"seed {seed}")  # noqa: T201  # shown when the test fails
    for number in range(count):
        template = PATHS[number % len(PATHS)]
        body = scrambled(rng, json.dumps(BODIES[template].right or {"vault": "demo"}).encode())
        check(post(connection, counted, template, body), template, body)
    record_property("bodies", count)


def test_bodies_with_a_few_bytes_changed_are_the_clients_fault(
    counted: Counted, connection: Wire, record_property: Recorder
) -> None:
    scramble(counted, connection, record_property, count=500, seed=4)


@pytest.mark.nightly
def test_many_bodies_with_a_few_bytes_changed_are_the_clients_fault(
    counted: Counted, connection: Wire, record_property: Recorder
) -> None:
    scramble(counted, connection, record_property, count=20_000, seed=5)


def test_headers_in_a_flood_or_without_an_end_run_no_handler(counted: Counted, record_property: Recorder) -> None:
    server, before = counted.server, counted.passed
    floods: dict[str, bytes] = {
        "10,000 headers": b"".join(b"X-%d: x\r\n" % number for number in range(10_000)),
        "a header of 1 MB": b"X: " + b"x" * 1_000_000 + b"\r\n",
        "a header of 100 kB": b"X: " + b"x" * 100_000 + b"\r\n",
        "a name of 100 kB": b"x" * 100_000 + b": x\r\n",
        "200 headers of 200 bytes": b"".join(b"X-%d: %s\r\n" % (n, b"x" * 200) for n in range(200)),
        "100 kB of folded lines": b"X: x\r\n" + b" x\r\n" * 25_000,
        "5,000 keys": b"Authorization: Bearer x\r\n" * 5_000,
    }
    head = f"GET /v1/models HTTP/1.1\r\nHost: {server.url.removeprefix('http://')}\r\n".encode()
    key = f"Authorization: Bearer {server.token}\r\n".encode()
    with wire(server) as connection:
        for what, flood in floods.items():
            # 0: what was still on its way when the server closed took its answer with it.
            reply = connection.send(head + key + flood + b"\r\n")
            assert reply.status in {431, 0}, (what, reply.status)
            connection.close()
            never_ending = connection.send(head + key + flood.replace(b"\r\n", b"\r\nX-") * 4)
            assert never_ending.status in {431, 0}, what
            connection.close()
        target = head.replace(b"/v1/models", b"/v1/models?" + b"x" * 100_000)
        assert connection.send(target + key + b"\r\n").status in {431, 0}
        assert counted.passed == before
        connection.close()
        # What clients really send is read: some put 16 kB into one header.
        assert connection.send(head + key + b"X: " + b"x" * 16_000 + b"\r\n\r\n").status == 200
    record_property("floods", len(floods))
