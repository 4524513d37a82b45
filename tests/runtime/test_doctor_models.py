from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Config
from sidecar.hardware.llama_build import LlamaBuild
from sidecar.hardware.machine import Gpu, Machine
from sidecar.runtime.doctor_models import examine_models
from sidecar.runtime.model_advice import parameters_in, usable_part
from tests.models import tiny_bert, tiny_chat

GIB = 2**30
MACHINE = Machine(total=16 * GIB, available=11 * GIB, cores=4, bandwidth=40e9)
BUILD = LlamaBuild(version="0.3.36", can_offload=False, features=())


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home without models of the person who runs this."""
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HF_HOME", "OLLAMA_MODELS", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    return tiny_chat.build(tmp_path / "tiny-chat.gguf")


def look(
    tmp_path: Path, *, machine: Machine = MACHINE, status: Mapping[str, Any] | None = None, **settings: Any
) -> dict[str, Any]:
    config = Config(data_dir=tmp_path / "data", **settings)
    return examine_models(config, machine=machine, build=BUILD, status=status)


def model(facts: Mapping[str, Any], component: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in facts["models"] if each["component"] == component)
    return found


def said(facts: Mapping[str, Any], level: str) -> str:
    return "\n".join(f"{each['text']} {each['hint'] or ''}" for each in facts["checks"] if each["level"] == level)


def test_without_models_the_built_in_ones_are_told(tmp_path: Path) -> None:
    facts = look(tmp_path)
    assert "quotations" in said(facts, "note")
    assert "models recommend" in said(facts, "note")
    assert "embedding: built in" in said(facts, "ok")
    assert [each["source"] for each in facts["models"]] == ["built in"] * 3
    assert said(facts, "error") == ""
    assert "words alone" in said(look(tmp_path, embedding_model="none"), "note")


def test_a_model_file_is_told_with_how_it_will_be_run(tmp_path: Path, chat: Path) -> None:
    facts = look(tmp_path, model=str(chat), threads=3, context_length=1024, flash_attention=False)
    told = model(facts, "chat")
    assert told["fits"]
    assert (told["threads"], told["flash_attention"], told["context_length"]) == (3, False, 1024)
    assert told["memory"] > 0
    assert told["expected_tokens_per_second"] > 0
    assert "threads: 3; layers on graphics: 0; key-value cache f16; flash attention: off" in said(facts, "note")
    assert "at 1,024 tokens" in said(facts, "ok")
    for reason in told["reasons"]:
        assert reason in said(facts, "note")


def test_a_model_is_found_by_its_name_on_this_machine(tmp_path: Path, chat: Path) -> None:
    (tmp_path / "models").mkdir()
    chat.rename(tmp_path / "models" / "my-model.gguf")
    assert model(look(tmp_path, model="my-model", models_dir=tmp_path / "models"), "chat")["fits"]


def test_a_model_that_does_not_fit_is_an_error_with_what_to_do_unless_it_is_forced(tmp_path: Path, chat: Path) -> None:
    small = Machine(total=GIB, available=2**20, cores=1)
    facts = look(tmp_path, machine=small, model=str(chat))
    assert model(facts, "chat")["fits"] is False
    assert "cannot be used" in said(facts, "error")
    assert model(look(tmp_path, machine=small, model=str(chat), force_load=True), "chat")["source"] == "file"
    assert said(look(tmp_path, machine=small, model=str(chat), force_load=True), "error") == ""


def test_a_model_that_only_the_running_server_was_given_is_told(tmp_path: Path, chat: Path) -> None:
    loaded = {"id": chat.stem, "kind": "chat", "loaded": True, "tokens_per_second": 12.5}
    status = {"models": [{"id": "vault", "kind": "chat"}, loaded]}
    assert "the running server has tiny-chat, 12.5 tokens/s measured" in said(look(tmp_path, status=status), "note")
    assert "running server" not in said(look(tmp_path, model=str(chat), status=status), "note")


def test_expected_and_measured_speed_are_compared_when_the_runtime_tells(tmp_path: Path, chat: Path) -> None:
    expected = model(look(tmp_path, model=str(chat)), "chat")["expected_tokens_per_second"]
    status = {"models": [{"id": chat.stem, "kind": "chat", "tokens_per_second": expected / 10}]}
    facts = look(tmp_path, model=str(chat), status=status)
    assert model(facts, "chat")["measured_tokens_per_second"] == expected / 10
    assert "measured" in said(facts, "note")
    assert "estimated" not in said(facts, "note")


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model" * 100])
def test_a_broken_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.gguf").write_bytes(content)
    facts = look(tmp_path, model=str(tmp_path / "broken.gguf"))
    assert "broken.gguf" in said(facts, "error")
    assert model(facts, "chat")["problem"]


def test_a_model_of_another_kind_is_an_error(tmp_path: Path, chat: Path) -> None:
    bert = tiny_bert.build(tmp_path / "bert.gguf")
    assert "it is a model for embedding" in said(look(tmp_path, model=str(bert)), "error")
    facts = look(tmp_path, embedding_model=str(bert), rerank_model=str(chat))
    assert model(facts, "embedding")["fits"]
    assert "reranking" in said(facts, "error")


def test_a_model_of_the_catalogue_that_is_not_here_comes_with_its_pull(tmp_path: Path) -> None:
    assert "sidecar models pull qwen3-4b-q4" in said(look(tmp_path, model="Qwen3-4B-Q4"), "error")


@pytest.mark.parametrize("name", ["nonesuch", "x" * 5000, "../..", "a/b/c", "é\u202e"])
def test_a_name_that_nothing_has_is_an_error_or_the_upstreams(tmp_path: Path, name: str) -> None:
    assert "neither a file nor a model" in said(look(tmp_path, model=name), "error")
    facts = look(tmp_path, model=name, upstream="http://127.0.0.1:9/v1")
    assert said(facts, "error") == ""
    assert model(facts, "chat")["source"] == "upstream"


def test_graphics_processors_that_cannot_be_used_are_not_planned_with() -> None:
    gpu = Gpu(name="RTX", kind="nvidia", total=8 * GIB, free=7 * GIB)
    unknown = Gpu(name="Intel", kind="intel", total=0, free=0, unified=True)
    machine = Machine(total=16 * GIB, available=11 * GIB, cores=4, gpus=(gpu, unknown))
    assert usable_part(machine, BUILD).gpus == ()
    assert usable_part(machine, LlamaBuild(version="1", can_offload=True, features=())).gpus == (gpu,)
    assert usable_part(machine, None).gpus == (gpu,)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("qwen3:8b", 8_000_000_000),
        ("qwen3:30b-a3b", 30_000_000_000),
        ("Qwen/Qwen3-4B-Instruct-2507", 4_000_000_000),
        ("llama3.2:1b-instruct-q4_K_M", 1_000_000_000),
        ("qwen2.5:0.5b", 500_000_000),
        ("mistral", None),
        ("model-3bit", None),
        ("9" * 10_000 + "b", None),
        ("", None),
    ],
)
def test_parameters_are_read_from_a_name(name: str, parameters: int | None) -> None:
    assert parameters_in(name) == parameters
