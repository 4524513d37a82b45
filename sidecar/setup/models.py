"""The models that a set-up can use now: files on this machine, and what servers that run here have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sidecar.hardware.machine import Machine
from sidecar.hardware.speed import expected_speed
from sidecar.llama.budget import usable_gpus
from sidecar.llama.gguf import GgufModel
from sidecar.models.candidates import size_class
from sidecar.models.catalogue import CatalogueModel
from sidecar.models.choice import EXTRACTIVE, Choice
from sidecar.models.description import describe
from sidecar.models.fit import READING_SPEED, Fit, fit_model, gib
from sidecar.models.found import FoundModel
from sidecar.models.places import OWNER_NAMES
from sidecar.models.recommend import recommend
from sidecar.runtime.model_advice import parameters_in
from sidecar.upstream.local import FoundServer

ASSUMED_BANDWIDTH = 25e9
"""Bytes a second, where nothing was measured and no graphics processor is there: what a laptop with two channels of
DDR4 reads. Too careful a model is a smaller harm than one that writes slower than people read."""

_WRITES_NOTHING = re.compile(r"rerank|whisper|diffusion|(?:^|[/_:-])(?:tts|flux|sdxl|clip|mmproj)(?:[/_:.-]|$)", re.I)
_ACTIVE = re.compile(r"(?<![a-z\d])a(\d{1,3}(?:\.\d{1,2})?)b(?![a-z\d])", re.I)
"""What a name tells of a mixture of experts: `qwen3-30b-a3b` reads 3 billion parameters for a token."""

Purpose: TypeAlias = Literal["chat", "embedding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOption:
    """One model. `name` and `upstream` are as in the settings; `memory` in bytes, `None` where nobody tells."""

    name: str
    purpose: Purpose
    where: str
    """Who has it, such as `Ollama` or `Hugging Face cache`."""
    upstream: str | None = None
    """Base URL of the server that has it; `None` for a file."""
    parameters: int | None = None
    memory: int | None = None
    problem: str | None = None
    """Why it cannot be used now; `None` when it can."""
    slow: bool = False
    """Whether it is expected to write slower than people read."""
    short: bool = False
    """Whether it fits with a shorter context alone."""

    @property
    def usable(self) -> bool:
        return self.problem is None

    @property
    def order(self) -> tuple[float, ...]:
        """The preferences, as a key to sort by: quick, whole context, larger, of a server that runs anyway."""
        larger = -size_class(self.parameters) if self.parameters else 0
        return self.slow, self.short, larger, self.upstream is None


def options(
    machine: Machine, found: Sequence[FoundModel], servers: Sequence[FoundServer], *, llama: bool
) -> tuple[ModelOption, ...]:
    """Every chat and embedding model that is here, the preferred first, those that cannot be used last. `llama` is
    whether llama-cpp-python is installed.
    """
    described = {model.name: each.header for model in found if (each := describe(model)).header and not each.problem}
    files = [option for model in found for option in _of_file(model, described.get(model.name), machine, llama=llama)]
    served = [option for server in servers for option in _of_server(server, found, described, machine)]
    names = {(option.name, option.purpose) for option in served}
    # A running Ollama's own files are its models: once is enough.
    others = [each for each in files if (each.name, each.purpose) not in names]
    return tuple(sorted([*served, *others], key=lambda each: (not each.usable, *each.order)))


def best(found: Sequence[ModelOption]) -> ModelOption | None:
    """The chat model to propose; `None` when none can be used, or those that can are too small to be of use."""
    able = [each for each in found if each.purpose == "chat" and each.usable and not _is_toy(each)]
    return min(able, key=lambda each: each.order, default=None)


def download(machine: Machine, catalogue: Mapping[str, CatalogueModel]) -> Choice | None:
    """The chat model of the catalogue to fetch for this machine; `None` when none fits."""
    choice = recommend(machine, catalogue).of("chat")
    return None if choice.name == EXTRACTIVE else choice


def careful(machine: Machine) -> Machine:
    """The machine with a bandwidth assumed, where models would run on the processor and none was measured."""
    if machine.bandwidth is not None or usable_gpus(machine):
        return machine
    return replace(machine, bandwidth=ASSUMED_BANDWIDTH)


def _is_toy(option: ModelOption) -> bool:
    return option.parameters is not None and size_class(option.parameters) < 0


def _of_file(model: FoundModel, header: GgufModel | None, machine: Machine, *, llama: bool) -> Iterator[ModelOption]:
    if header is None or header.kind not in ("chat", "embedding"):
        return
    fit = fit_model(header, name=model.name, machine=machine)
    problem = None if fit.fits else _too_large(fit)
    if problem is None and not llama:
        problem = "needs llama-cpp-python, which is not installed"
    yield _with_fit(
        ModelOption(
            name=model.name,
            purpose="chat" if header.kind == "chat" else "embedding",
            where=OWNER_NAMES[model.owner],
            parameters=header.parameter_count,
            problem=problem,
        ),
        fit,
    )


def _of_server(
    server: FoundServer, found: Sequence[FoundModel], headers: Mapping[str, GgufModel | None], machine: Machine
) -> Iterator[ModelOption]:
    """A server's models; of those whose files are found, it is known whether they fit."""
    for model in server.models:
        if _WRITES_NOTHING.search(model.id):
            continue
        option = ModelOption(
            name=model.id,
            purpose="embedding" if model.kind == "embedding" else "chat",
            where=server.name,
            upstream=server.base_url,
            parameters=parameters_in(model.id),
            problem="is run on another machine, which would be sent your notes" if model.elsewhere else None,
        )
        header = next((headers.get(file.name) for file in found if _is_file_of(file, model.id)), None)
        if option.usable and header is None and option.purpose == "chat":
            option = _guessed(option, machine)
        if option.usable and header is not None:
            fit = fit_model(header, name=model.id, machine=_at_rest(machine))
            option = replace(option, parameters=header.parameter_count, problem=None if fit.fits else _too_large(fit))
            option = _with_fit(option, fit)
        yield option


def _at_rest(machine: Machine) -> Machine:
    """The machine as a server finds it that may have the model loaded already: what is free now says nothing then."""
    gpus = tuple(replace(gpu, free=gpu.total) for gpu in machine.gpus)
    return replace(machine, available=max(machine.available, machine.total * 3 // 4), gpus=gpus)


def _guessed(option: ModelOption, machine: Machine) -> ModelOption:
    """What a name alone tells, at four bits and a half for each parameter: whether there can be room, and the speed."""
    if option.parameters is None:
        return option
    weights = option.parameters * 9 // 16
    room = _at_rest(machine).available + sum(gpu.total for gpu in machine.gpus if not gpu.unified)
    if weights > room:
        return replace(option, problem=f"does not fit: its weights alone are about {gib(weights)}")
    active = _ACTIVE.search(option.name)
    read = int(float(active[1]) * 1e9) * 9 // 16 if active else weights
    if machine.bandwidth is None or any(not gpu.unified for gpu in usable_gpus(machine)):
        return option
    speed = expected_speed(bandwidth=machine.bandwidth, bytes_per_token=read)
    return replace(option, slow=speed is not None and speed < READING_SPEED)


def _is_file_of(file: FoundModel, model: str) -> bool:
    wanted = model.lower()
    return any(wanted in {name.lower(), name.rpartition("/")[2].lower()} for name in file.names)


def _with_fit(option: ModelOption, fit: Fit) -> ModelOption:
    return replace(
        option,
        memory=fit.tuning.memory.total,
        slow=fit.speed is not None and fit.speed < READING_SPEED,
        short=fit.verdict == "fits_with_shorter_context",
    )


def _too_large(fit: Fit) -> str:
    return f"does not fit: it needs {gib(fit.total)}, {gib(fit.machine.available)} are free"
