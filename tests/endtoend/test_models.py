"""A GGUF in a worker process, and an upstream server, behind the same address as the quotations."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from openai import APIStatusError, InternalServerError

from tests.serving import DEMO_VAULT, Server, serve, until

QUESTION = "What is the gate code for the cabin?"


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory, copybot_gguf: Path) -> Iterator[Server]:
    """A server with the copying model: it answers with what follows the question's words in its prompt."""
    with serve(DEMO_VAULT, "--model", copybot_gguf, data_dir=tmp_path_factory.mktemp("local")) as server:
        yield server


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory, local: Server, tmp_path_factory_vault: Path) -> Iterator[Server]:
    """A second Sidecar, whose upstream is the first one and whose vault holds other notes."""
    folder = tmp_path_factory.mktemp("relay")
    config = folder / "config.toml"
    config.write_text(f'upstream_key = "{local.token}"\n', encoding="utf-8")
    arguments = ("--upstream", f"{local.url}/v1", "--model", "copybot", "--config", config)
    with serve(tmp_path_factory_vault, *arguments, data_dir=folder / "data") as server:
        yield server


@pytest.fixture(scope="module")
def tmp_path_factory_vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    vault = tmp_path_factory.mktemp("other vault")
    (vault / "Locker.md").write_text("The number of the locker at the pool is 318.", encoding="utf-8")
    return vault


def answer(server: Server, question: str, model: str = "vault", **options: object) -> str:
    completion = server.official.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": question}],
        temperature=0,
        max_tokens=80,
        **options,  # type: ignore[call-overload]  # the test's own keywords
    )
    content: str = completion.choices[0].message.content or ""
    return content


def test_a_local_model_answers_from_the_retrieved_note_and_the_note_is_cited(local: Server) -> None:
    completion = local.official.chat.completions.create(
        model="vault", messages=[{"role": "user", "content": QUESTION}], temperature=0
    )
    message = completion.choices[0].message
    assert "4471-B" in (message.content or "")
    assert "[[Cabin#Getting in]]" in (message.content or "")
    assert message.annotations
    assert message.annotations[0].url_citation.title == "Cabin#Getting in"
    assert completion.usage
    assert completion.usage.prompt_tokens > 100


def test_the_same_model_without_the_notes_does_not_know(local: Server) -> None:
    assert "4471" not in answer(local, QUESTION, model="copybot")
    assert "4471" not in answer(local, QUESTION, extra_body={"vault": {"mode": "never"}})


def test_a_stream_from_a_local_model_is_one_event_per_piece_and_ends_once(local: Server) -> None:
    chunks = list(
        local.official.chat.completions.create(
            model="vault", messages=[{"role": "user", "content": QUESTION}], stream=True, temperature=0
        )
    )
    assert "4471-B" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert [c.choices[0].finish_reason for c in chunks].count("stop") == 1
    assert len(chunks) > 4


def test_a_client_that_leaves_frees_the_model_at_once(local: Server) -> None:
    stream = local.official.chat.completions.create(
        model="copybot",
        messages=[{"role": "user", "content": "la la la la la la la la la la la la la la la la"}],
        stream=True,
        max_tokens=12000,
        extra_body={"logit_bias": {"258": -100}},
    )
    next(iter(stream))
    stream.close()
    # The model serves one request at a time: an answer to the next one shows that the first was given up.
    assert "4471-B" in answer(local, QUESTION)


def test_a_model_process_that_is_killed_is_an_error_for_its_client_and_nothing_for_the_next(local: Server) -> None:
    answer(local, QUESTION)
    (worker,) = [p for p in psutil.Process(local.process.pid).children() if "worker_main" in " ".join(p.cmdline())]
    os.kill(worker.pid, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(worker.pid) or worker.status() == psutil.STATUS_ZOMBIE)
    assert "4471-B" in answer(local, QUESTION)
    assert local.process.poll() is None


def test_a_prompt_that_cannot_fit_is_refused_before_work_begins(local: Server) -> None:
    with pytest.raises(APIStatusError) as caught:
        answer(local, "word " * 9000, model="copybot")
    assert caught.value.status_code == 400
    assert caught.value.code == "context_length_exceeded"


@pytest.mark.parametrize("content", [b"", b"no model at all", b"GGUF" + b"\x03\x00\x00\x00" + b"\xff" * 64])
def test_a_broken_model_file_costs_its_requests_not_the_server(tmp_path: Path, content: bytes) -> None:
    model = tmp_path / "broken.gguf"
    model.write_bytes(content)
    with serve(DEMO_VAULT, "--model", model, data_dir=tmp_path / "data") as server:
        with pytest.raises(InternalServerError) as caught:
            answer(server, QUESTION)
        assert caught.value.status_code == 503
        assert "broken.gguf" in caught.value.message
        assert server.found("gate code")[0] == "Places/Cabin.md"
        assert "4471-B" in answer(server, QUESTION, model="demo/extractive")


def test_an_upstream_server_answers_from_this_vaults_notes(relay: Server) -> None:
    content = answer(relay, "What is the number of the locker at the pool?")
    assert "318" in content
    assert "[[Locker]]" in content


def test_an_upstream_stream_arrives_piece_by_piece(relay: Server) -> None:
    chunks = list(
        relay.official.chat.completions.create(
            model="vault",
            messages=[{"role": "user", "content": "What is the number of the locker at the pool?"}],
            stream=True,
            temperature=0,
            stream_options={"include_usage": True},
        )
    )
    assert "318" in "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert [c.choices[0].finish_reason for c in chunks if c.choices].count("stop") == 1
    assert chunks[-1].usage
    assert chunks[-1].choices == []


def test_the_models_of_the_upstream_are_listed_with_this_vault(relay: Server) -> None:
    ids = {model.id for model in relay.official.models.list()}
    assert {"vault", "other vault0/copybot", "copybot"} <= ids


def test_an_upstream_that_is_down_is_said_and_the_notes_still_answer(tmp_path: Path) -> None:
    with serve(DEMO_VAULT, "--upstream", "http://127.0.0.1:9/v1", "--model", "x", data_dir=tmp_path / "data") as server:
        with pytest.raises(InternalServerError) as caught:
            answer(server, QUESTION)
        assert caught.value.status_code in {502, 503}
        assert "4471-B" in answer(server, QUESTION, model="demo/extractive")


def test_an_upstream_embeds_too(local: Server, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'upstream_key = "{local.token}"\n', encoding="utf-8")
    arguments = ("--upstream", f"{local.url}/v1", "--embedding-model", "text-embedding-3-small", "--config", config)
    with serve(DEMO_VAULT, *arguments, data_dir=tmp_path / "data") as server:
        assert server.status()["vaults"][0]["embedding"]["dimensions"] == 256
        assert server.found("gate code for the cabin")[0] == "Places/Cabin.md"
