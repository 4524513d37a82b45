"""The neighbours' APIs of a real server: model files described, loaded and asked."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving import DEMO_VAULT, Server, serve

QUESTION = "What is the gate code for the cabin?"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, copybot_gguf: Path, tiny_bert_gguf: Path) -> Path:
    folder = tmp_path_factory.mktemp("files")
    shutil.copy(copybot_gguf, folder / "copybot.gguf")
    shutil.copy(tiny_bert_gguf, folder / "tiny-bert.gguf")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, files: Path) -> Iterator[Server]:
    arguments = ("--model", files / "copybot.gguf", "--embedding-model", files / "tiny-bert.gguf")
    with serve(DEMO_VAULT, *arguments, data_dir=tmp_path_factory.mktemp("neighbours")) as running:
        yield running


def listed(server: Server) -> dict[str, dict[str, Any]]:
    return {model["name"]: model for model in server.client.get("/api/tags").json()["models"]}


def loaded(server: Server) -> set[str]:
    return {model["name"] for model in server.client.get("/api/ps").json()["models"]}


def test_a_model_is_loaded_when_nothing_is_asked_of_it(server: Server) -> None:
    assert "vault:latest" not in loaded(server)
    answer = server.client.post("/api/generate", json={"model": "vault"}).json()
    assert (answer["done"], answer["done_reason"]) == (True, "load")
    assert {"vault:latest", "demo/copybot:latest", "copybot:latest"} <= loaded(server)


def test_the_list_tells_what_the_files_tell(server: Server, files: Path) -> None:
    models = listed(server)
    chat, embedding = models["copybot:latest"], models["text-embedding-tiny-bert:latest"]
    assert chat["size"] == (files / "copybot.gguf").stat().st_size
    assert chat["details"]["format"] == "gguf"
    assert chat["details"]["family"] == "llama"
    assert chat["details"]["families"] == ["llama"]
    assert chat["details"]["quantization_level"] == "F16"
    assert chat["details"]["parameter_size"] == "1M"
    assert embedding["details"]["family"] == "bert"
    assert embedding["capabilities"] == ["embedding"]
    assert models["demo/extractive:latest"]["capabilities"] == ["completion"]


def test_a_digest_stays_until_the_file_changes(server: Server, files: Path) -> None:
    before = listed(server)
    assert listed(server) == before
    os.utime(files / "copybot.gguf", ns=(1_700_000_000 * 10**9, 1_700_000_000 * 10**9))
    after = listed(server)
    assert after["vault:latest"]["digest"] != before["vault:latest"]["digest"]
    assert after["vault:latest"]["modified_at"] == "2023-11-14T22:13:20.000000Z"
    assert after["text-embedding-tiny-bert:latest"] == before["text-embedding-tiny-bert:latest"]


def test_show_tells_the_window_and_the_dimensions(server: Server) -> None:
    chat = server.client.post("/api/show", json={"model": "vault:latest"}).json()
    assert chat["model_info"]["llama.context_length"] == 8192
    assert "messages" in chat["template"]
    embedding = server.client.post("/api/show", json={"model": "tiny-bert"}).json()
    assert embedding["model_info"]["bert.context_length"] == 512
    (vector,) = server.client.post("/api/embed", json={"model": "tiny-bert", "input": "x"}).json()["embeddings"]
    assert embedding["model_info"]["bert.embedding_length"] == len(vector)


def test_the_vault_answers_in_lines_and_cites(server: Server) -> None:
    body = {"model": "vault", "messages": [{"role": "user", "content": QUESTION}], "options": {"temperature": 0}}
    lines = [json.loads(line) for line in server.client.post("/api/chat", json=body).text.splitlines()]
    text = "".join(line["message"]["content"] for line in lines)
    assert "4471-B" in text
    assert "[[Cabin#Getting in]]" in text
    assert lines[-1]["done_reason"] == "stop"
    assert min(lines[-1][count] for count in ("prompt_eval_count", "eval_count", "total_duration")) > 0


def test_num_predict_and_a_schema_reach_the_model(server: Server) -> None:
    body = {"model": "copybot", "prompt": QUESTION, "stream": False, "options": {"num_predict": 2}}
    answer = server.client.post("/api/generate", json=body).json()
    assert (answer["eval_count"], answer["done_reason"]) == (2, "length")
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}
    body = {"model": "vault", "messages": [{"role": "user", "content": QUESTION}], "stream": False, "format": schema}
    content = server.client.post("/api/chat", json=body).json()["message"]["content"]
    assert set(json.loads(content)) == {"a"}


def test_an_image_for_a_model_that_cannot_see_is_refused(server: Server) -> None:
    response = server.client.post("/api/generate", json={"model": "copybot", "prompt": "x", "images": ["iVBORw0K"]})
    assert response.status_code == 400
    assert "text only" in response.json()["error"]


def test_texts_that_are_empty_or_too_long_are_embedded(server: Server) -> None:
    body = {"model": "tiny-bert", "input": ["", "word " * 5000, "\x00"], "dimensions": 8}
    answer = server.client.post("/api/embed", json=body).json()
    assert [len(vector) for vector in answer["embeddings"]] == [8, 8, 8]


def test_lm_studios_list_tells_the_same(server: Server) -> None:
    models = {model["id"]: model for model in server.client.get("/api/v0/models").json()["data"]}
    assert models["tiny-bert"]["type"] == "embeddings"
    assert models["tiny-bert"]["loaded_context_length"] == 512
    assert (models["vault"]["arch"], models["vault"]["quantization"]) == ("llama", "F16")
    assert server.client.get("/api/v0/models/demo/copybot").json() == models["demo/copybot"]


def test_a_model_whose_file_is_gone_is_still_listed(server: Server, files: Path) -> None:
    (files / "copybot.gguf").rename(files / "elsewhere.gguf")
    try:
        vault = listed(server)["vault:latest"]
        assert (vault["size"], vault["details"]["format"]) == (0, "")
        shown = server.client.post("/api/show", json={"model": "vault"}).json()
        assert shown["model_info"]["sidecar.context_length"] == 4096
    finally:
        (files / "elsewhere.gguf").rename(files / "copybot.gguf")
