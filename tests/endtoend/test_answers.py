"""A user's questions, asked with the official client of a real server with the demonstration vault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import NotFoundError

from tests.serving import DEMO_VAULT, Server, serve

QUESTIONS = [json.loads(line) for line in (DEMO_VAULT.parent / "demo-questions.jsonl").read_text("utf-8").splitlines()]
SEED_VAULT = Path(__file__).parents[3] / "shared" / "data" / "vaults" / "personal-ai-stack"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(DEMO_VAULT, data_dir=tmp_path_factory.mktemp("data")) as running:
        yield running


def ask(server: Server, question: str, model: str = "vault") -> tuple[str, list[str], list[str]]:
    """The answer, the paths of its sources, and the addresses of its annotations."""
    completion = server.official.chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
    message = completion.choices[0].message
    sources = [source["path"] for source in (completion.model_extra or {})["vault"]["sources"]]
    addresses = [a.url_citation.url for a in message.annotations or []]
    return message.content or "", sources, addresses


@pytest.mark.parametrize("case", QUESTIONS, ids=[case["question"] for case in QUESTIONS])
def test_a_question_is_answered_from_the_right_note(server: Server, case: dict[str, str]) -> None:
    answer, sources, addresses = ask(server, case["question"])
    assert case["expect_path"] in sources
    assert case["expect_text"].casefold() in answer.casefold()
    assert "[[" in answer
    assert any(address.startswith("obsidian://open?vault=demo&file=") for address in addresses)


def test_a_question_that_the_notes_do_not_answer_is_told_so_without_sources(server: Server) -> None:
    answer, sources, addresses = ask(server, "Which quokka won the zorbing championship?")
    assert sources == []
    assert addresses == []
    assert "[[" not in answer
    assert answer


def test_a_private_note_never_answers(server: Server) -> None:
    private = (DEMO_VAULT / "Private" / "Diary.md").read_text(encoding="utf-8")
    words = [line for line in private.splitlines() if len(line) > 30 and ":" not in line]
    for line in words[:5]:
        assert "Private/Diary.md" not in server.found(line)
    why = server.client.get("/vault/why", params={"path": "Private/Diary.md"}).json()
    assert why["status"] == "excluded"


def test_a_stream_says_the_same_as_a_whole_answer(server: Server) -> None:
    question = "What is the gate code for the cabin?"
    whole, _, _ = ask(server, question)
    chunks = list(
        server.official.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": question}], stream=True
        )
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole
    assert [c.choices[0].finish_reason for c in chunks if c.choices[0].finish_reason] == ["stop"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_mentioned_note_is_in_whatever_its_rank(server: Server) -> None:
    _, sources, _ = ask(server, "What is in [[Caldo verde]]?")
    assert any(path.endswith("Caldo verde.md") for path in sources)


def test_models_embeddings_and_unknown_ids(server: Server) -> None:
    client = server.official
    ids = [model.id for model in client.models.list()]
    assert ids[0] == "vault"
    assert "demo/extractive" in ids
    assert client.models.retrieve("demo/extractive").id == "demo/extractive"
    answer = client.embeddings.create(model="text-embedding-3-small", input=["a cabin", "uma cabana"])
    assert [len(row.embedding) for row in answer.data] == [256, 256]
    with pytest.raises(NotFoundError, match="Models here: vault"):
        client.chat.completions.create(model="nonsense", messages=[{"role": "user", "content": "x"}])


def test_the_ledger_adds_up(server: Server) -> None:
    (vault,) = server.status()["vaults"]
    assert vault["files"] == vault["indexed"] + vault["excluded"] + vault["failed"] + vault["pending"]
    on_disk = [p for p in DEMO_VAULT.rglob("*") if p.is_file() and ".obsidian" not in p.parts]
    assert vault["files"] == len(on_disk)
    assert vault["failed"] == 0


@pytest.mark.skipif(not SEED_VAULT.is_dir(), reason="the articles are measured where they lie beside the repository")
@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("Por que devo possuir minha própria infraestrutura de IA?", "000_dc77130fa3238607.md"),
        ("Qual é o resumo sobre privacidade absoluta e modelos de código aberto?", "000_dc77130fa3238607.md"),
        ("¿Por qué deberías ser dueño de tu pila de IA?", "001_ca47f50870606f2c.md"),
        ("¿Qué filosofía promueve el experto en ciberseguridad?", "001_ca47f50870606f2c.md"),
        ("Perché costruire la propria AI?", "002_e36a8d17dda3e111.md"),
        ("Quali sono i vantaggi dell'infrastruttura AI personale?", "002_e36a8d17dda3e111.md"),
        ("Pourquoi posséder votre propre pile IA ?", "003_6d5d6d670e963112.md"),
        ("Quels sont les risques pour la confidentialité des conversations ?", "003_6d5d6d670e963112.md"),
    ],
)
def test_the_first_users_articles_answer_in_their_own_languages(seed_server: Server, question: str, path: str) -> None:
    answer, sources, _ = ask(seed_server, question)
    assert sources[0] == path
    assert "√" not in answer


@pytest.fixture(scope="module")
def seed_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(SEED_VAULT, data_dir=tmp_path_factory.mktemp("data")) as running:
        yield running
