"""Every client's check, against real servers: it passes where the client would work, and else says what is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.clients.advice import Outcome
from sidecar.clients.catalogue import all_clients, find_client
from sidecar.clients.check import check
from sidecar.clients.entry import Client
from sidecar.clients.facts import Facts, served_facts
from sidecar.config import load_config
from tests.reliability.vaults_untouched import differences, photographed
from tests.serving import DEMO_VAULT, Server, serve

TESTED = [client for client in all_clients() if client.calls]
PAGES = [client for client in TESTED if any(call.page for call in client.calls)]
EXTENSION = "chrome-extension://cnjifjpddelmedmihgijeibhnjfabmlf"
FOREIGN = "https://example.com"
each = pytest.mark.parametrize("client", TESTED, ids=lambda client: client.id)


@pytest.fixture(scope="module")
def writing(tmp_path_factory: pytest.TempPathFactory, parrots: Callable[..., Path]) -> Iterator[Server]:
    """A server with a model that writes JSON, a copy of the vault, and the Web Clipper's origin let in."""
    model = parrots('{"prompts_responses": {"prompt_1": "cabin"}}')
    folder = tmp_path_factory.mktemp("writing")
    config = folder / "config.toml"
    config.write_text(f'allowed_origins = ["app://obsidian.md", "{EXTENSION}"]\n', encoding="utf-8")
    vault = shutil.copytree(DEMO_VAULT, folder / "demo")
    with serve(vault, "--model", model, "--config", config, data_dir=folder / "data") as server:
        yield server


@pytest.fixture(scope="module")
def quoting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as it is without any setting, but that it asks for no key."""
    with serve(DEMO_VAULT, "--no-auth", data_dir=tmp_path_factory.mktemp("quoting")) as server:
        yield server


def facts_of(server: Server) -> Facts:
    config = load_config({"data_dir": server.data_dir}, environ={"SIDECAR_CONFIG": "/dev/null"})
    runtime = {"url": server.url, "token_file": "token" if server.token else None, "vaults": ["demo"]}
    return served_facts(config, runtime=runtime, models=server.client.get("/v1/models").json(), key=server.token)


def run(client: Client, facts: Facts, *, origin: str | None = None, patience: float = 60) -> list[Outcome]:
    async def collect() -> list[Outcome]:
        return [outcome async for outcome in check(client, facts, origin=origin, patience=patience)]

    return asyncio.run(collect())


def failures(outcomes: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.level == "error"]


@each
def test_a_check_passes_where_the_client_works(client: Client, writing: Server) -> None:
    outcomes = run(client, facts_of(writing))
    assert failures(outcomes) == []
    assert [outcome.does for outcome in outcomes] == [call.does for call in client.calls]
    assert {outcome.level for outcome in outcomes} <= ({"ok", "note"} if client.id == "smart-connections" else {"ok"})


@each
def test_a_check_passes_on_a_server_without_a_model_and_a_key_but_for_who_needs_a_model(
    client: Client, quoting: Server
) -> None:
    facts = replace(facts_of(quoting), origins=())
    outcomes = run(client, facts)
    if client.id == "web-clipper":
        (outcome,) = failures(outcomes)
        assert EXTENSION in str(outcome.hint)
        return
    assert {outcome.level for outcome in outcomes} == {"ok"}


@each
def test_a_wrong_key_is_named_once_with_where_the_right_one_is(client: Client, writing: Server) -> None:
    outcomes = run(client, replace(facts_of(writing), key="sk-sidecar-of-another-server"))
    (outcome,) = outcomes
    assert outcome.level == "error"
    assert "401" in outcome.text
    assert "sidecar token show" in str(outcome.hint)


@pytest.mark.parametrize("client", PAGES, ids=lambda client: client.id)
def test_a_wrong_origin_is_answered_with_the_line_to_add(client: Client, writing: Server) -> None:
    outcomes = run(client, facts_of(writing), origin=FOREIGN)
    pages = {call.does for call in client.calls if call.page}
    assert {outcome.does for outcome in failures(outcomes)} == pages
    for outcome in failures(outcomes):
        assert FOREIGN in outcome.text
        assert f'`allowed_origins = ["app://obsidian.md", "{FOREIGN}"]`' in str(outcome.hint)


@each
def test_without_a_server_one_step_says_so(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    outcomes = run(
        client, Facts(root_url=f"http://127.0.0.1:{port}", vault="demo", key="sk-sidecar-0123", running=True)
    )
    reached = [outcome for outcome in outcomes if outcome.level != "note"]
    assert len(reached) == 1
    assert f"nothing answers at http://127.0.0.1:{port}" in reached[0].text
    assert "`sidecar serve`" in str(reached[0].hint)


@each
def test_another_host_name_is_answered_with_the_line_to_add(client: Client, writing: Server) -> None:
    port = writing.url.rpartition(":")[2]
    # A way to write the same address that the server does not know itself by.
    (outcome,) = run(client, replace(facts_of(writing), root_url=f"http://127.1:{port}"))
    assert "421" in outcome.text
    assert f'`allowed_hosts = ["127.1:{port}"]`' in str(outcome.hint)


def test_a_model_that_is_not_there_is_named_with_those_that_are(writing: Server) -> None:
    outcomes = run(find_client("copilot"), replace(facts_of(writing), model="nope"))
    assert [outcome.level for outcome in outcomes] == ["error"] * 3
    assert "no model 'nope'" in outcomes[0].text
    assert "vault" in str(outcomes[0].hint)
    assert "nope" in outcomes[1].text
    assert "sidecar models" in str(outcomes[1].hint)


def test_a_server_that_only_quotes_is_told_apart_for_a_client_that_needs_json(quoting: Server) -> None:
    (outcome,) = run(find_client("web-clipper"), facts_of(quoting), origin="app://obsidian.md")
    assert "quotations" in outcome.text
    assert "sidecar models recommend" in str(outcome.hint)


def test_a_model_that_writes_no_json_is_told_apart(writing: Server) -> None:
    # The one that quotes takes its place here: it does write an answer, and no JSON.
    (outcome,) = run(find_client("web-clipper"), replace(facts_of(writing), plain_model="demo/extractive"))
    assert "JSON" in outcome.text
    assert "sidecar models recommend" in str(outcome.hint)


def test_a_client_that_embeds_is_told_when_there_is_no_embedding_model(tmp_path: Path) -> None:
    with serve(DEMO_VAULT, "--embedding-model", "none", data_dir=tmp_path / "data", wait=False) as server:
        facts = facts_of(server)
        assert facts.embedding_model is None
        outcomes = run(find_client("langchain-python"), facts)
    assert [outcome.level for outcome in outcomes] == ["ok", "ok", "error"]
    assert 'embedding_model = "builtin"' in str(outcomes[-1].hint)


def test_a_server_that_does_not_answer_in_time_is_called_slow() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        facts = Facts(root_url=f"http://127.0.0.1:{silent.getsockname()[1]}", vault="demo", key="k", running=True)
        outcomes = run(find_client("curl"), facts, patience=0.1)
    assert {outcome.text for outcome in outcomes} == {"no answer within 0.1 s"}
    assert "loaded for the first time" in str(outcomes[0].hint)


def test_an_answer_later_than_the_client_waits_is_a_warning(writing: Server) -> None:
    curl = find_client("curl")
    hasty = replace(curl, calls=tuple(replace(call, within=0.0) for call in curl.calls))
    assert {outcome.level for outcome in run(hasty, facts_of(writing))} == {"warning"}


@contextlib.contextmanager
def stranger(answer: bytes) -> Iterator[Facts]:
    """A program that is no Sidecar: whatever it is asked, it says this and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError):
                        connection.recv(65536)
                        connection.sendall(answer)

        thread = threading.Thread(target=talk)
        thread.start()
        yield Facts(root_url=f"http://127.0.0.1:{listener.getsockname()[1]}", vault="demo", key="k", running=True)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n", "broke"),
        (b"", "broke"),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 6\r\n\r\n<html>", "something else than Sidecar"),
        (b"HTTP/1.1 302 Found\r\nlocation: https://example.com\r\ncontent-length: 0\r\n\r\n", "something else"),
        (HEAD + b"<html>", "not what this client expects"),
        (HEAD + b"[" * 200_000, "not what this client expects"),
        (HEAD + b'{"data": []}', "empty"),
        (HEAD + b'{"data": 3}', "not what this client expects"),
        (HEAD + b"x" * (9 * 2**20), "does not end"),
    ],
    ids=["ssh", "silence", "a missing page", "a redirect", "html", "nesting", "no models", "odd models", "endless"],
)
def test_what_is_no_sidecar_is_told_and_not_believed(answer: bytes, told: str) -> None:
    with stranger(answer) as facts:
        outcomes = run(find_client("copilot"), facts)
    assert outcomes[0].level == "error"
    assert told in outcomes[0].text


MAY_SEND = b"access-control-allow-headers: authorization, content-type, http-referer, x-title\r\n"
MAY_READ = b"access-control-allow-origin: " + EXTENSION.encode() + b"\r\n"


@pytest.mark.parametrize(
    "headers", [b"", MAY_SEND, MAY_READ, MAY_SEND + b"access-control-allow-origin: https://example.com\r\n"]
)
def test_an_answer_that_a_page_may_not_read_is_no_success(headers: bytes) -> None:
    with stranger(HEAD.replace(b"\r\n\r\n", b"\r\n" + headers + b"\r\n") + b"{}") as facts:
        outcomes = run(find_client("web-clipper"), replace(facts, plain_model="llama"))
    assert "CORS" in outcomes[0].text
    assert EXTENSION in str(outcomes[0].hint)


def test_an_answer_that_never_comes_to_its_end_is_called_slow() -> None:
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(HEAD)
                # In the end it does end: whoever waits for that is told something else.
                for _ in range(200):
                    connection.sendall(b" ")
                    ended.wait(0.02)

        thread = threading.Thread(target=drip)
        thread.start()
        facts = Facts(root_url=f"http://127.0.0.1:{listener.getsockname()[1]}", vault="demo", key="k", running=True)
        curl = find_client("curl")
        (outcome,) = run(replace(curl, calls=curl.calls[:1]), facts, patience=0.3)
        ended.set()
        thread.join(10)
    assert outcome.text == "no answer within 0.3 s"


def test_checks_leave_no_trace_in_the_vault_and_store_no_answer(writing: Server) -> None:
    vault = Path(writing.status()["vaults"][0]["path"])
    before = photographed(vault)
    stored = {path.name for path in writing.data_dir.iterdir()}
    for name in ("copilot", "codex", "n8n", "ollama", "web-clipper"):
        assert failures(run(find_client(name), facts_of(writing))) == []
    assert differences(before, photographed(vault)) == []
    assert {path.name for path in writing.data_dir.iterdir()} == stored


def test_no_request_of_a_check_asks_to_store_what_it_says() -> None:
    bodies = [call.body for client in TESTED for call in client.calls if call.url.endswith("/responses")]
    assert bodies
    assert [body for body in bodies if body.get("store") is not False] == []


def test_the_key_stands_in_no_outcome(writing: Server) -> None:
    facts = facts_of(writing)
    outcomes = [outcome for client in PAGES[:3] for outcome in run(client, facts, origin=FOREIGN)]
    outcomes += run(find_client("curl"), replace(facts, model="nope"))
    assert writing.token
    assert not [outcome for outcome in outcomes if writing.token in f"{outcome.text} {outcome.hint}"]
