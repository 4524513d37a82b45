"""Notes that stay on this machine: a real server, a real upstream elsewhere that keeps every byte, and canaries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.endtoend.recording_upstream import CHAT, EMBEDDING, Recorded, outside_address, recording_upstream
from tests.serving import Server, serve, until

# Each stands in one place of one note that stays here: its text, its heading, its name, its folder, its alias, its tag.
CANARIES = (
    "marmalade",
    "quokka",
    "zeppelin",
    "abacus",
    "tundra",
    "fandango",
    "gazpacho",
    "ocelot",
    "pangolin",
    "yodel",
)
NOTES = {
    "Quokka ledger.md": "---\nsidecar: local\naliases: [Tundra]\ntags: [fandango]\n---\n"
    "# Abacus\n\nThe gate code for the cabin is marmalade.",
    "Zeppelin/Field.md": "The gate code for the garden is gazpacho.\n\nsidecar:: local",
    "Tagged.md": "The gate code for the garage is ocelot. #local-only",
    "Broken.md": '---\ntitle: [unclosed\n{"sidecar" : local, x\n---\nThe gate code for the cellar is pangolin.',
    "Journal/Monday.md": "The gate code for the attic is yodel.",
    "Plans.md": "---\nsidecar: local\n---\nThe tower has a lift, marmalade says.",
    "Open.md": "The gate code for the shed is jamboree.\n\n![[Plans]]",
    "Mixed.canvas": json.dumps(
        {
            "nodes": [
                {
                    "id": str(number),
                    "type": "text",
                    "text": text,
                    "x": 0,
                    "y": 90 * number,
                    "width": 9,
                    "height": 9,
                }
                for number, text in enumerate(("The gate code for the canvas is ocelot.", "sidecar:: local"))
            ]
        }
    ),
}
QUESTION = "What is the gate code?"


def make_vault(folder: Path) -> Path:
    for path, text in NOTES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def found_in(data: bytes) -> list[str]:
    lowered = data.lower()
    return [canary for canary in CANARIES if canary.encode() in lowered]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Recorded]:
    with recording_upstream() as recorded:
        yield recorded


def started(tmp: Path, upstream: Recorded, host: str) -> Any:
    (tmp / "config.toml").write_text('local_only = ["journal/**"]\n', encoding="utf-8")
    models = ("--model", CHAT, "--embedding-model", EMBEDDING, "--config", tmp / "config.toml")
    address = f"http://{host}:{upstream.port}/v1"
    return serve(make_vault(tmp / "Notes"), "--upstream", address, *models, data_dir=tmp / "data")


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory, upstream: Recorded) -> Iterator[Server]:
    host = outside_address()
    if host is None:
        pytest.skip("this machine has no address but loopback, so nothing can play another machine")
    upstream.forget()
    with started(tmp_path_factory.mktemp("away"), upstream, host) as server:
        yield server


def chat(server: Server, question: str, **body: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}]
    answer = server.client.post("/v1/chat/completions", json={"model": "vault", "messages": messages, **body})
    assert answer.status_code == 200, answer.text
    whole: dict[str, Any] = answer.json()
    return whole


def streamed(server: Server, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = server.client.post(path, json={**body, "stream": True})
    assert answer.status_code == 200, answer.text
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n") if line.startswith(("data: {", "{"))]
    return [json.loads(line) for line in lines]


def respond(server: Server, **body: Any) -> dict[str, Any]:
    answer = server.client.post("/v1/responses", json={"model": "vault", "input": QUESTION, **body})
    assert answer.status_code == 200, answer.text
    whole: dict[str, Any] = answer.json()
    return whole


def searched(server: Server) -> dict[str, Any]:
    (store,) = server.client.get("/v1/vector_stores").json()["data"]
    return {"tools": [{"type": "file_search", "vector_store_ids": [store["id"]]}]}


def follow_up(server: Server) -> None:
    first = respond(server, **searched(server), include=["file_search_call.results"])
    respond(server, input="And for the cellar?", previous_response_id=first["id"], **searched(server))


def replayed(server: Server) -> None:
    """A client that keeps the conversation itself gives back what the search found."""
    first = respond(server, **searched(server), include=["file_search_call.results"])
    again = [{"role": "user", "content": QUESTION}, *first["output"], {"role": "user", "content": "And the attic?"}]
    respond(server, input=again)


def conversation(server: Server) -> None:
    messages = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": "See [[Plans]]."},
        {"role": "user", "content": "And what does it say?"},
    ]
    server.client.post("/v1/chat/completions", json={"model": "vault", "messages": messages}).raise_for_status()


MESSAGES = [{"role": "user", "content": QUESTION}]
WAYS: dict[str, Callable[[Server], object]] = {
    "chat": lambda s: chat(s, QUESTION),
    "chat that takes whatever is found": lambda s: chat(s, QUESTION, vault={"mode": "always", "limit": 20}),
    "chat streamed": lambda s: streamed(s, "/v1/chat/completions", {"model": "vault", "messages": MESSAGES}),
    "chat with two choices": lambda s: chat(s, QUESTION, n=2),
    "chat about a mentioned note": lambda s: chat(s, "What does [[Plans]] say?"),
    "chat narrowed to a folder": lambda s: chat(s, "gate code path:Journal"),
    "chat about a note that embeds one": lambda s: chat(s, "gate code path:Open"),
    "responses about a note that embeds one": lambda s: respond(s, input="gate code path:Open", **searched(s)),
    "a conversation": conversation,
    "responses": respond,
    "responses streamed": lambda s: streamed(s, "/v1/responses", {"model": "vault", "input": QUESTION}),
    "responses with file_search": lambda s: respond(s, **searched(s)),
    "responses with file_search insisted on": lambda s: respond(s, **searched(s), tool_choice={"type": "file_search"}),
    "responses that go on": follow_up,
    "responses that are given back what was found": replayed,
    "completions": lambda s: s.client.post("/v1/completions", json={"model": "vault", "prompt": QUESTION}),
    "Ollama's chat": lambda s: streamed(s, "/api/chat", {"model": "vault", "messages": MESSAGES}),
    "search": lambda s: s.found("gate code for the cabin"),
    "related notes": lambda s: s.client.get("/vault/related", params={"path": "Quokka ledger.md"}),
    "why": lambda s: s.client.get("/vault/why", params={"path": "Tagged.md", "query": "gate code"}),
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_of_a_local_note_reaches_an_upstream_elsewhere(away: Server, upstream: Recorded, way: str) -> None:
    before = len(upstream.bodies)
    WAYS[way](away)
    # Everything since the server started, what it embedded included.
    assert found_in(upstream.bytes) == []
    assert b"jamboree" in upstream.bytes
    assert way == "related notes" or len(upstream.bodies) > before


def test_an_index_is_complete_without_the_vectors_of_local_notes(away: Server, upstream: Recorded) -> None:
    (vault,) = away.status()["vaults"]
    assert vault["ready"]
    assert (vault["chunks_without_vector"], vault["local"], vault["indexed"]) == (0, 7, 8)
    assert [text for text in upstream.embedded() if "jamboree" in text]


@pytest.mark.parametrize(
    ("question", "path"),
    [("cabin", "Quokka ledger.md"), ("attic", "Journal/Monday.md"), ("cellar", "Broken.md"), ("tower", "Plans.md")],
)
def test_words_still_find_local_notes_here(away: Server, question: str, path: str) -> None:
    assert away.best(question) == path


def test_an_answer_says_how_many_notes_were_kept_from_the_model(away: Server, upstream: Recorded) -> None:
    before = len(upstream.bodies)
    answer = chat(away, "gate code path:Journal")
    assert answer["vault"] == {"sources": [], "withheld": 1}
    (prompt,) = [body for path, body in upstream.bodies[before:] if "messages" in body]
    assert "kept on the user's machine and not shown here: 1" in prompt["messages"][-1]["content"]
    assert "[[" not in prompt["messages"][-1]["content"]

    last = streamed(away, "/v1/chat/completions", {"model": "vault", "messages": MESSAGES})[-1]
    assert last["vault"]["withheld"] > 1
    assert respond(away)["vault"]["withheld"] > 1
    done = streamed(away, "/v1/responses", {"model": "vault", "input": QUESTION})[-1]["response"]
    assert away.client.get(f"/v1/responses/{done['id']}").json()["vault"]["withheld"] == done["vault"]["withheld"] > 1
    completion = away.client.post("/v1/completions", json={"model": "vault", "prompt": QUESTION})
    assert completion.json()["vault"]["withheld"] > 1
    assert streamed(away, "/api/chat", {"model": "vault", "messages": MESSAGES})[-1]["vault"]["withheld"] > 1


def test_a_note_that_only_embeds_a_local_one_is_sent_without_it(away: Server, upstream: Recorded) -> None:
    assert chat(away, "gate code path:Open")["vault"]["withheld"] == 1
    prompt = upstream.prompts()[-1]
    assert "The gate code for the shed is jamboree." in prompt
    assert "lift" not in prompt


def test_nothing_is_said_of_notes_that_were_not_found(away: Server) -> None:
    note = Path(away.status()["vaults"][0]["path"]) / "Harmless.md"
    note.write_text("A numbat forages.", encoding="utf-8")
    until(lambda: away.best("numbat") == "Harmless.md")
    assert "withheld" not in chat(away, "numbat path:Harmless")["vault"]
    note.unlink()


def test_the_results_of_a_search_show_local_notes_to_the_client_here(away: Server) -> None:
    answer = respond(away, **searched(away), include=["file_search_call.results"])
    (call,) = [item for item in answer["output"] if item["type"] == "file_search_call"]
    assert "marmalade" in json.dumps(call["results"])


def test_quotations_are_made_here_and_may_be_of_local_notes(away: Server) -> None:
    answer = chat(away, "What is the gate code for the cabin?", model="extractive")
    assert "marmalade" in answer["choices"][0]["message"]["content"]
    assert "withheld" not in answer["vault"]


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("Quokka ledger.md", "sidecar: local"),
        ("Zeppelin/Field.md", "sidecar:: local"),
        ("Tagged.md", "#local-only"),
        ("Journal/Monday.md", "local_only: journal/**"),
        ("Open.md", None),
    ],
)
def test_why_says_that_a_note_stays_on_this_machine(away: Server, path: str, rule: str | None) -> None:
    why = away.client.get("/vault/why", params={"path": path}).json()
    assert (why["status"], why["local"]) == ("indexed", rule)
    assert ("stays on this machine" in (why["explanation"] or "")) == (rule is not None)


def test_a_note_that_is_marked_while_the_server_runs_stays_from_then_on(away: Server, upstream: Recorded) -> None:
    note = Path(away.status()["vaults"][0]["path"]) / "Turncoat.md"

    def told() -> str:
        before = len(upstream.bodies)
        chat(away, "What is the gate code for the harbour?")
        return json.dumps(upstream.bodies[before:])

    def why() -> dict[str, Any]:
        answer: dict[str, Any] = away.client.get("/vault/why", params={"path": "Turncoat.md"}).json()
        return answer

    note.write_text("The gate code for the harbour is sarsaparilla.", encoding="utf-8")
    until(lambda: why()["status"] == "indexed")
    assert "sarsaparilla" in told()
    note.write_text("The gate code for the harbour is sarsaparilla.\n\nsidecar:: local\n", encoding="utf-8")
    until(lambda: why().get("local"))
    assert "sarsaparilla" not in told()
    note.unlink()


def test_the_same_server_on_this_machine_is_given_them(
    tmp_path_factory: pytest.TempPathFactory, upstream: Recorded
) -> None:
    upstream.forget()
    with started(tmp_path_factory.mktemp("here"), upstream, "127.0.0.1") as server:
        (vault,) = server.status()["vaults"]
        assert (vault["chunks_without_vector"], vault["local"]) == (0, 7)
        assert set(found_in("\n".join(upstream.embedded()).encode())) >= {"marmalade", "quokka", "gazpacho", "yodel"}
        upstream.forget()
        chat(server, "gate code path:Open")
        assert found_in(upstream.bytes) == ["marmalade"]
        answer = chat(server, QUESTION, vault={"mode": "always", "limit": 20})
        assert "withheld" not in answer["vault"]
        assert {"marmalade", "quokka", "abacus", "gazpacho", "ocelot", "pangolin", "yodel"} <= set(
            found_in(upstream.bytes)
        )
