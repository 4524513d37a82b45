"""What is told of a server, running or not, and to whom the key is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.clients.catalogue import all_clients, find_client
from sidecar.clients.facts import Facts, default_facts, plain_model, served_facts
from sidecar.clients.settings import client_settings, settings_of, text_to_copy, without_key
from sidecar.config import Config, load_config

KEY = "sk-sidecar-0123456789"
FACTS = Facts(root_url="http://127.0.0.1:8484", vault="Notes", key=KEY)


def config(tmp_path: Path, **flags: Any) -> Config:
    return load_config({"data_dir": tmp_path, **flags}, environ={"SIDECAR_CONFIG": "/dev/null"})


def models(*ids: str, embedding: str | None = "builtin") -> dict[str, Any]:
    entries = [{"id": model, "type": "llm"} for model in ids]
    return {"data": [*entries, *([{"id": embedding, "type": "embeddings"}] if embedding else [])]}


def served(tmp_path: Path, listed: Any, runtime: Mapping[str, Any] | None = None) -> Facts:
    told = {"url": "http://127.0.0.1:9000", "vaults": ["Work", "Home"], "token_file": "t", **(runtime or {})}
    return served_facts(config(tmp_path), runtime=told, models=listed, key=KEY)


def test_the_settings_of_all_clients_are_json_and_hold_the_key_only_when_the_facts_do() -> None:
    told = json.dumps(client_settings(FACTS))
    assert KEY in told
    assert [part["id"] for part in json.loads(told)] == [client.id for client in all_clients()]
    assert KEY not in json.dumps(client_settings(without_key(FACTS)))


def test_the_calls_are_told_ready_to_be_sent() -> None:
    told = {part["id"]: part for part in client_settings(replace(FACTS, key="{{key}}"))}
    first, streamed, *_ = told["copilot"]["calls"]
    assert (first["method"], first["url"], first["reads"]) == ("GET", "http://127.0.0.1:8484/v1/models", "models")
    assert (first["model"], first["within"], first["body"]) == ("vault", 8, None)
    assert streamed["headers"]["authorization"] == "Bearer {{key}}"
    assert streamed["headers"]["content-type"] == "application/json"
    assert (streamed["page"], streamed["body"]["model"], streamed["model"]) == (True, "vault", None)
    without = [call for call in told["smart-connections"]["calls"] if call["keyless"]]
    assert without
    assert all("authorization" not in call["headers"] for call in without)
    assert told["bmo"]["calls"][1]["body"]["temperature"] is None
    for part in told.values():
        assert all(call["url"].startswith(FACTS.root_url) for call in part["calls"]), part["id"]
        assert json.dumps(part["calls"]).count("$") == 0, part["id"]


def test_plugins_are_told_by_the_id_that_obsidian_knows_them_by() -> None:
    told = {part["id"]: part["plugin"] for part in client_settings(FACTS)}
    assert (told["text-generator"], told["curl"]) == ("obsidian-textgenerator-plugin", None)


def test_without_a_server_the_settings_decide(tmp_path: Path) -> None:
    facts = default_facts(config(tmp_path, port=9999), vaults=(Path("/v/Garden"),))
    assert (facts.base_url, facts.vault, facts.running) == ("http://127.0.0.1:9999/v1", "Garden", False)
    assert default_facts(config(tmp_path, port=0)).root_url == "http://127.0.0.1:8484"
    assert default_facts(config(tmp_path, host="::1")).root_url == "http://[::1]:8484"
    for host, reached in (("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("192.168.1.7", "192.168.1.7")):
        remote = config(tmp_path, host=host, allow_remote=True)
        assert default_facts(remote).root_url == f"http://{reached}:8484"
    assert default_facts(config(tmp_path, embedding_model="none")).embedding_model is None
    assert default_facts(config(tmp_path, embedding_model="/m/bge.gguf")).embedding_model == "bge"


def test_a_server_that_asks_for_no_key_is_told_any() -> None:
    assert Facts(root_url="http://x", vault="v", asks_key=False).values["key"] == "none"


def test_a_running_server_tells_its_models(tmp_path: Path) -> None:
    facts = served(tmp_path, models("vault", "Work/llama", "Work/extractive", "Home/llama", "llama", embedding="bge"))
    assert (facts.plain_model, facts.embedding_model, facts.vault) == ("llama", "bge", "Work")
    assert facts.values["ollama_embedding_model"] == "bge:latest"
    assert served(tmp_path, models("vault", embedding=None)).embedding_model is None
    assert served(tmp_path, models("vault"), {"token_file": None}).asks_key is False


@pytest.mark.parametrize(
    ("url", "reached"),
    [
        ("http://0.0.0.0:9000", "http://127.0.0.1:9000"),
        ("http://[::]:9000/", "http://[::1]:9000"),
        ("http://192.168.1.7:9000", "http://192.168.1.7:9000"),
        ("http://[::", "http://[::"),
    ],
)
def test_clients_are_told_an_address_that_can_be_connected_to(tmp_path: Path, url: str, reached: str) -> None:
    assert served(tmp_path, models("vault"), {"url": url}).root_url == reached


@pytest.mark.parametrize("odd", [None, [], {"data": 3}, {"data": [1, {"id": "x"}]}, "models"])
def test_an_odd_list_of_models_counts_as_none(tmp_path: Path, odd: Any) -> None:
    assert served(tmp_path, odd).models == ()


@pytest.mark.parametrize(
    ("chat", "plain"),
    [
        (["vault", "Notes/extractive"], None),
        (["vault", "Notes/a", "Notes/b", "b", "a"], "b"),
        (["vault", "Notes/server/a:7b", "server/a:7b"], "server/a:7b"),
        (["vault", "Notes/vault"], None),
        ([], None),
    ],
)
def test_the_plain_model_is_one_that_is_listed_with_and_without_notes(chat: list[str], plain: str | None) -> None:
    assert plain_model(chat) == plain


@pytest.mark.parametrize(
    ("client", "address"),
    [
        ("copilot", "http://127.0.0.1:8484/v1"),
        ("web-clipper", "http://127.0.0.1:8484/v1/chat/completions"),
        ("ollama", "http://127.0.0.1:8484"),
        ("codex", "http://127.0.0.1:8484/v1"),
    ],
)
def test_the_address_to_copy_is_in_the_clients_own_form(client: str, address: str) -> None:
    assert text_to_copy(find_client(client), FACTS, "address") == address


def test_all_of_it_to_copy_is_settings_and_snippets() -> None:
    assert text_to_copy(find_client("codex"), FACTS, "key") == KEY
    text = text_to_copy(find_client("open-webui"), FACTS, "text")
    assert f"API Key: {KEY}" in text
    assert f"OPENAI_API_KEY={KEY}" in text


def test_a_client_for_json_is_given_the_model_that_writes() -> None:
    facts = Facts(root_url="http://x", vault="v", plain_model="llama")
    told = settings_of(find_client("web-clipper"), facts)["settings"]
    assert {"label": "Model ID", "value": "llama"} in told
