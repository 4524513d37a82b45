"""What models take of this machine: those that are set, those that are loaded, and the files that could be."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Config
from sidecar.hardware.machine import Machine, look
from sidecar.runtime.model_memory import ModelMemory
from sidecar.runtime.runtime import Runtime, open_runtime
from tests.local_models.files import write_model

pytestmark = pytest.mark.anyio


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "Note.md").write_text("The gate code is 4471-B.", encoding="utf-8")
    return folder


def config(vault: Path, **settings: Any) -> Config:
    home = vault.parent
    return Config(
        vaults=(vault,), data_dir=home / "data", models_dir=home / "models", embedding_model="none", **settings
    )


async def models_of(memory: ModelMemory, runtime: Runtime) -> dict[str, dict[str, Any]]:
    """By name; those of other programs on this machine are left out."""
    told = await memory.told(runtime)
    assert 0 < told["machine"]["available"] <= told["machine"]["total"]
    assert told["server"] > 2**20
    return {model["name"]: model for model in told["models"]}


async def test_without_models_there_is_the_machine_alone(vault: Path) -> None:
    async with open_runtime(config(vault)) as runtime:
        found = await models_of(ModelMemory(), runtime)
        assert [model for model in found.values() if model["set"] or model["loaded"]] == []


async def test_a_file_that_is_not_set_is_told_with_what_it_would_take(vault: Path) -> None:
    write_model(vault.parent / "models" / "Spare.gguf", keys={"llama.block_count": 2, "llama.embedding_length": 32})
    (vault.parent / "models" / "Broken.gguf").write_bytes(b"GGUF but no model")
    async with open_runtime(config(vault)) as runtime:
        found = await models_of(ModelMemory(), runtime)
        assert "Broken" not in found
        spare = found["Spare"]
        assert (spare["set"], spare["loaded"], spare["problem"]) == (False, False, None)
        assert spare["memory"] > 0
        assert spare["verdict"].startswith("fits")


async def test_a_model_that_is_set_is_told_once_and_its_own_memory_when_it_is_loaded(
    vault: Path, copybot_gguf: Path
) -> None:
    clock = Clock()
    memory = ModelMemory(clock=clock)
    async with open_runtime(config(vault, model=str(copybot_gguf))) as runtime:
        before = await models_of(memory, runtime)
        name = copybot_gguf.stem
        assert (before[name]["set"], before[name]["loaded"], before[name]["verdict"]) == (True, False, "fits")
        (local,) = runtime.local_models()
        assert (local.name, local.kind) == (name, "chat")
        await local.process.load()
        assert (await models_of(memory, runtime))[name]["loaded"] is False
        clock.now += 60
        after = await models_of(memory, runtime)
        assert after[name]["loaded"] is True
        assert after[name]["memory"] > 2**20


async def test_a_model_whose_file_is_gone_is_told_with_why(vault: Path, copybot_gguf: Path) -> None:
    own = vault.parent / "own.gguf"
    own.write_bytes(copybot_gguf.read_bytes())
    async with open_runtime(config(vault, model=str(own))) as runtime:
        own.unlink()
        found = await models_of(ModelMemory(), runtime)
        assert found["own"]["problem"]
        assert (found["own"]["memory"], found["own"]["verdict"], found["own"]["loaded"]) == (None, None, False)


async def test_who_leaves_before_it_is_told_starts_no_second_look(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[threading.Event] = []
    begun, goes_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow() -> Machine:
        looks.append(goes_on)
        loop.call_soon_threadsafe(begun.set)
        assert goes_on.wait(30)
        return look()

    monkeypatch.setattr("sidecar.runtime.model_memory.look", slow)
    async with open_runtime(config(vault)) as runtime:
        memory = ModelMemory()
        leaves = asyncio.create_task(memory.told(runtime))
        async with asyncio.timeout(30):
            await begun.wait()
        leaves.cancel()
        await asyncio.wait([leaves])
        stays = asyncio.create_task(memory.told(runtime))
        await asyncio.sleep(0)
        goes_on.set()
        assert (await stays)["server"] > 0
        assert len(looks) == 1
