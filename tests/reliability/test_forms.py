"""Promise 3: a form on a web page changes nothing, and neither does a GET."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.reliability.counting import Counted, serve_counted
from tests.reliability.surface import BODIES, FILLINGS, endpoints
from tests.reliability.wire import Header, Wire, ask, key_of, wire

pytestmark = pytest.mark.promise(3)

Recorder = Callable[[str, object], None]
OBSIDIAN = "app://obsidian.md"
QUERY = b'{"query": "cabin"}'
NOT_JSON: dict[str, list[Header]] = {
    "none": [],
    "empty": [("Content-Type", "")],
    "two": [("Content-Type", "application/json"), ("Content-Type", "text/plain")],
    **{
        kind: [("Content-Type", kind)]
        for kind in (
            "text/plain",
            "text/plain; charset=application/json",
            "text/plain; application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/json",
            "application/jsonp",
            "application/json, text/plain",
            "text/plain, application/json",
            "application/json+x",
            "application /json",
            "application/ json",
            '"application/json"',
            "json",
            "*/*",
            "application/octet-stream",
        )
    },
}
PAGES: dict[str, list[Header]] = {
    "with its origin": [("Origin", OBSIDIAN)],
    "with its site alone": [("Sec-Fetch-Site", "same-origin")],
    "with both": [("Origin", OBSIDIAN), ("Sec-Fetch-Site", "cross-site")],
}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    with serve_counted(folder=tmp_path_factory.mktemp("forms")) as counted:
        yield counted


def state(counted: Counted) -> Mapping[str, Any]:
    """All that the data folder holds, as digests, and what the server says of it."""
    # `-shm` holds the marks of who is reading; the server's own output is no data.
    files = [
        file
        for file in sorted(counted.server.data_dir.rglob("*"))
        if file.is_file() and not file.name.endswith(("-shm", ".log"))
    ]
    said = {name: value for name, value in counted.server.status().items() if name != "took_ms"}
    return {"status": said, **{str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}}


def stored(counted: Counted) -> str:
    """Have a response stored; gives its id."""
    body = json.dumps({"model": "vault", "input": "What is the gate code for the cabin?"}).encode()
    reply = ask(counted.server, "POST", "/v1/responses", body=body)
    assert reply.status == 200, reply.body
    assert (counted.server.data_dir / "responses.db").is_file()
    identity: str = json.loads(reply.body)["id"]
    return identity


def known(connection: Wire, counted: Counted, identity: str) -> bytes:
    """A stored response as the server gives it."""
    reply = connection.ask("GET", f"/v1/responses/{identity}", [key_of(counted.server)])
    assert reply.status == 200
    return reply.body


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_what_a_page_posts_as_anything_but_json_changes_nothing(
    counted: Counted, page: list[Header], record_property: Recorder
) -> None:
    server, identity = counted.server, stored(counted)
    posts = [endpoint for endpoint in endpoints() if endpoint.method == "POST"]
    with wire(server) as connection:
        response, before, passed, refused = known(connection, counted, identity), state(counted), counted.passed, 0
        for endpoint in posts:
            taken = BODIES.get(endpoint.template)
            body = json.dumps({} if taken is None else taken.right).encode()
            path = endpoint.path({**FILLINGS, "id": identity})
            for kind in NOT_JSON.values():
                reply = connection.ask("POST", path, [key_of(server), *page, *kind], body=body)
                assert reply.status == 415, (path, kind)
                assert reply.error(path)["code"] in {"unsupported_media_type", None}
                refused += 1
        assert counted.passed == passed
        assert state(counted) == before
        assert known(connection, counted, identity) == response
    record_property("posts_refused", refused)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON ;x=y"])
def test_what_a_page_posts_as_json_is_answered(counted: Counted, kind: str) -> None:
    # Without this, a server that refuses every post would pass the test above.
    page = [("Origin", OBSIDIAN), ("Content-Type", kind)]
    assert ask(counted.server, "POST", "/vault/search", page, body=QUERY).status == 200


def test_no_get_has_a_side_effect(counted: Counted, record_property: Recorder) -> None:
    server, identity = counted.server, stored(counted)
    queries = ("", "?stream=true", "?limit=1&order=asc&vault=demo&path=Home.md&query=cabin&list=excluded")
    with wire(server) as connection:
        response, before, asked = known(connection, counted, identity), state(counted), 0
        for endpoint in endpoints():
            if endpoint.method not in {"GET", "HEAD"}:
                continue
            # One parameter is an id of a model, another of a response, under the same name.
            for filling in ({}, {"id": identity}):
                for query in queries:
                    path = endpoint.path({**FILLINGS, **filling}) + query
                    assert connection.ask(endpoint.method, path, [key_of(server)]).status < 500, path
                    asked += 1
        assert state(counted) == before
        assert known(connection, counted, identity) == response
    record_property("requests", asked)
