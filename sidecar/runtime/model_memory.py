"""The memory of this machine and what models take of it: the loaded ones, those that are set, those that would fit.

Asked by the console every few seconds while somebody looks. The header of a file is read once; a walk through the
folders and a look at the machine are kept for a few seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from sidecar.config import Config
from sidecar.errors import ModelUnavailableError
from sidecar.hardware.llama_build import LlamaBuild, ask_llama_build
from sidecar.hardware.machine import Machine, look
from sidecar.llama.gguf import GgufModel
from sidecar.models.description import ModelDescription, describe
from sidecar.models.fit import Beside, Fit, fit_model
from sidecar.runtime.model_advice import configured_beside, models_here, usable_part
from sidecar.runtime.models import LocalModel
from sidecar.runtime.runtime import Runtime

_KEPT_SECONDS = 4.0
_MOST_FILES = 24
"""Files whose headers are read; a folder with more than these is somebody's archive."""


class ModelMemory:
    """Looks at most once in a few seconds, however many ask; what blocks runs in a thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: tuple[float, dict[str, Any]] | None = None
        self._looking: asyncio.Task[dict[str, Any]] | None = None
        """Goes on to its end when who asked has left: its thread would anyway, beside that of the next who asks."""
        self._described: dict[tuple[Path, int, float], ModelDescription] = {}
        self._build: tuple[LlamaBuild | None] | None = None

    async def told(self, runtime: Runtime) -> dict[str, Any]:
        """Give the JSON of `GET /console/models`. Sizes in bytes.

        `machine` has `total`, `available` and `gpus`; `server` is what this process has resident. `models` are those
        that are set and then the other files of this machine: `name`, `kind`, `set`, `loaded`, `memory` and `on_gpu`
        (measured where loaded, else expected; `null` where nothing can be said), `verdict` as of a fit, and `problem`.
        """
        if self._told is not None and self._clock() - self._told[0] < _KEPT_SECONDS:
            return self._told[1]
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._tell(runtime))
        return await asyncio.shield(self._looking)

    async def _tell(self, runtime: Runtime) -> dict[str, Any]:
        local = [(model, await _header_of(model)) for model in runtime.local_models()]
        found = await asyncio.to_thread(self._look, runtime.config, local)
        self._told = (self._clock(), found)
        return found

    def _look(self, config: Config, local: Sequence[tuple[LocalModel, GgufModel | str]]) -> dict[str, Any]:
        machine = look()
        usable = usable_part(machine, self._llama(machine))
        beside = configured_beside(config, usable)
        ours = {header.path.resolve() for _, header in local if isinstance(header, GgufModel)}
        models = [_set(model, header, usable, beside) for model, header in local]
        models += [
            _other(each, usable, beside) for each in self._files(config) if each.found.path.resolve() not in ours
        ]
        return {"machine": _machine(machine), "server": psutil.Process().memory_info().rss, "models": models}

    def _llama(self, machine: Machine) -> LlamaBuild | None:
        """What llama.cpp was built for, asked once, and only where it makes a difference: it starts a process."""
        if not machine.gpus:
            return None
        self._build = self._build or (ask_llama_build(),)
        return self._build[0]

    def _files(self, config: Config) -> Iterator[ModelDescription]:
        """The files that can be used, the smallest first."""
        described: dict[tuple[Path, int, float], ModelDescription] = {}
        for found in sorted(models_here(config), key=lambda each: each.size)[:_MOST_FILES]:
            try:
                stamp = (found.path, found.size, found.path.stat().st_mtime)
            except OSError:
                continue
            described[stamp] = self._described.get(stamp) or describe(found)
        self._described = described
        return (each for each in described.values() if each.header is not None and each.problem is None)


async def _header_of(model: LocalModel) -> GgufModel | str:
    """What a model's file says of itself, or why it says nothing."""
    try:
        return await model.process.describe()
    except ModelUnavailableError as error:
        return error.message


def _set(model: LocalModel, header: GgufModel | str, machine: Machine, beside: Beside) -> dict[str, Any]:
    """A model that this server has been told to use."""
    told = {"name": model.name, "kind": model.kind, "set": True, "loaded": model.process.running}
    if isinstance(header, str):
        return told | {"memory": None, "on_gpu": 0, "verdict": None, "problem": header}
    fit = _fit(header, model.name, machine, beside)
    resident, tuning = _resident(model.process.pid), model.process.tuning
    if not model.process.running or resident is None or tuning is None:
        return told | _expected(fit) | {"problem": model.process.problem}
    on_gpu = tuning.memory.on_gpu
    return told | {"memory": resident + on_gpu, "on_gpu": on_gpu, "verdict": "fits", "problem": model.process.problem}


def _other(described: ModelDescription, machine: Machine, beside: Beside) -> dict[str, Any]:
    """A model file that could be used."""
    assert described.header is not None
    fit = _fit(described.header, described.found.name, machine, beside)
    told = {"name": described.found.name, "kind": described.header.kind, "set": False, "loaded": False}
    return told | _expected(fit) | {"problem": None}


def _fit(header: GgufModel, name: str, machine: Machine, beside: Beside) -> Fit:
    # A reading model is not counted beside itself.
    beside = {
        "chat": beside,
        "embedding": Beside(embedding=0, rerank=beside.rerank),
        "rerank": Beside(embedding=beside.embedding),
    }[header.kind]
    return fit_model(header, name=name, machine=machine, beside=beside)


def _expected(fit: Fit) -> dict[str, Any]:
    memory = fit.tuning.memory
    return {"memory": memory.total, "on_gpu": memory.on_gpu, "verdict": fit.verdict}


def _resident(pid: int | None) -> int | None:
    """Bytes that a process has in memory; `None` when it is gone."""
    try:
        return None if pid is None else int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None


def _machine(machine: Machine) -> dict[str, Any]:
    gpus = [
        {"name": gpu.name, "total": gpu.total, "free": gpu.free, "unified": gpu.unified}
        for gpu in machine.gpus
        if gpu.total
    ]
    return {"total": machine.total, "available": machine.available, "gpus": gpus}
