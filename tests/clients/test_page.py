"""The committed page of clients says what the suite does; runs with the ordinary tests."""

from __future__ import annotations

import re

from tests.clients.catalogue import CLIENTS, HERE
from tests.clients.page import PAGE, render

_ROW = re.compile(r"^\| (.+?) \| \S+ \| \d+ \| (.+) \|$", re.MULTILINE)


def test_the_page_lists_the_clients_versions_and_calls_of_the_suite() -> None:
    text = PAGE.read_text(encoding="utf-8")
    results = dict(_ROW.findall(text))
    assert render({client.name: results.get(client.name, "not run") for client in CLIENTS}) == text, (
        "out of date: run ./scripts/clients --docs"
    )


def test_the_page_claims_nothing_that_did_not_pass() -> None:
    results = dict(_ROW.findall(PAGE.read_text(encoding="utf-8")))
    assert {client.name: results[client.name] for client in CLIENTS} == {
        client.name: f"all {len(client.calls)} pass" for client in CLIENTS
    }


def test_every_client_has_calls_and_every_script_is_a_clients() -> None:
    assert [client.name for client in CLIENTS if not client.calls] == []
    scripts = {path for folder in ("python", "node") for path in (HERE / folder).glob("use_*")}
    assert {path for client in CLIENTS for path in client.paths} == scripts
