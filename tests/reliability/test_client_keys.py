"""Promise 1, for clients' own keys: each opens the routes of its scope and no other, until it is taken away."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from sidecar.api.paths import canonical_path
from sidecar.api.scopes import SCOPES
from sidecar.runtime.client_keys import GRANTED, Scope, digest_of
from tests.reliability.client_keys import expired, key_for, revoked
from tests.reliability.counting import Counted, serve_counted
from tests.reliability.surface import Endpoint, endpoints, spellings
from tests.reliability.wire import Header, wire
from tests.serving import environment, until

pytestmark = pytest.mark.promise(1)

Recorder = Callable[[str, object], None]


def bearer(key: str) -> Header:
    return ("Authorization", f"Bearer {key}")


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    with serve_counted(folder=tmp_path_factory.mktemp("client-keys")) as counted:
        yield counted


def needed(endpoint: Endpoint) -> Scope:
    """What the table says of a route: the test reads it for itself."""
    rows = [f"{endpoint.method} {endpoint.template}", f"GET {endpoint.template}"]
    if endpoint.method != "HEAD":
        rows = rows[:1]
    found = [scope for row in rows for scope, listed in SCOPES.items() if row in listed]
    assert found, endpoint
    return found[0]


def asked(lowest: Scope) -> list[tuple[Endpoint, str]]:
    """The routes that need that scope or more, under every spelling."""
    wanted = [endpoint for endpoint in endpoints() if needed(endpoint) >= lowest]
    return [(endpoint, path) for endpoint in wanted for path in spellings(endpoint.path())]


LOST: dict[str, Callable[[Counted], str]] = {
    "revoked": lambda counted: revoked(counted.server, key_for(counted.server, Scope.WRITE)),
    "expired": lambda counted: expired(counted.server, Scope.WRITE),
    "the hash of one": lambda counted: digest_of(key_for(counted.server, Scope.WRITE).encode("ascii")),
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_key_that_is_none_any_more_opens_no_route(
    counted: Counted, lost: Callable[[Counted], str], record_property: Recorder
) -> None:
    key, before, refused = lost(counted), counted.passed, 0
    with wire(counted.server) as connection:
        for endpoint, path in asked(Scope.READ):
            reply = connection.ask(endpoint.method, path, [bearer(key)], body=_body(endpoint))
            assert reply.status == 401, (endpoint, path)
            if endpoint.method != "HEAD":
                assert reply.error(canonical_path(path))["code"] in {"invalid_api_key", None}
            refused += 1
    assert counted.passed == before
    record_property("requests_refused", refused)


@pytest.mark.parametrize("scope", GRANTED, ids=lambda scope: scope.title)
def test_a_key_opens_no_route_beyond_its_scope(counted: Counted, scope: Scope, record_property: Recorder) -> None:
    key, before, refused = key_for(counted.server, scope), counted.passed, 0
    with wire(counted.server) as connection:
        for endpoint, path in asked(Scope(scope + 1)):
            if canonical_path(path) != endpoint.path():
                continue  # a spelling of nothing, which is 404 for whoever has a key
            reply = connection.ask(endpoint.method, path, [bearer(key)], body=_body(endpoint))
            assert reply.status == 403, (endpoint, path)
            assert counted.server.token.encode() not in reply.body
            challenge = f'Bearer realm="sidecar", error="insufficient_scope", scope="{needed(endpoint).title}"'
            assert reply.values("www-authenticate") == [challenge]
            if endpoint.method != "HEAD":
                error = reply.error(canonical_path(path))
                assert error["code"] in {"insufficient_scope", None}
                assert scope.title in error["message"]
            refused += 1
    assert counted.passed == before
    assert refused > 0
    record_property("requests_refused", refused)


@pytest.mark.parametrize("scope", GRANTED, ids=lambda scope: scope.title)
def test_a_key_opens_every_route_of_its_scope(counted: Counted, scope: Scope) -> None:
    # Without this, a server that refuses every client's key would pass all the others.
    key, before, opened = key_for(counted.server, scope), counted.passed, 0
    with wire(counted.server) as connection:
        for endpoint in endpoints():
            if endpoint.method == "GET" and Scope.READ <= needed(endpoint) <= scope:
                status = connection.ask("GET", endpoint.path(), [bearer(key)]).status
                assert status not in {0, 401, 403, 421}, endpoint
                opened += 1
    assert counted.passed == before + opened
    assert opened > 0


def test_the_commands_make_list_and_take_away_keys_of_a_running_server(counted: Counted) -> None:
    server = counted.server

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "sidecar", "token", *arguments, "--data-dir", str(server.data_dir)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment())
        assert done.returncode == 0, done.stderr
        return done.stdout

    key = run("create", "Telefone da Inês", "--scope", "read", "--expires", "30d").strip()
    with wire(server) as connection:
        assert connection.ask("GET", "/v1/models", [bearer(key)]).status == 200
        today = datetime.now(UTC).date().isoformat()

        def used() -> str | None:
            (mine,) = [each for each in json.loads(run("list", "--json")) if each["name"] == "Telefone da Inês"]
            assert (mine["scope"], mine["expired"]) == ("read", False)
            day: str | None = mine["last_used"]
            return day

        assert until(used) >= today
        assert key not in run("list") + run("list", "--json")
        run("revoke", "Telefone da Inês")
        assert connection.ask("GET", "/v1/models", [bearer(key)]).status == 401
    assert key not in counted.log
    for path in server.data_dir.rglob("*"):
        assert not path.is_file() or key.encode() not in path.read_bytes(), path


def _body(endpoint: Endpoint) -> bytes | None:
    return b"{}" if endpoint.method == "POST" else None
