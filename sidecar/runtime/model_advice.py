"""Advice about models for this machine: what is here already, what fits, what to use."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sidecar.config import Config, system_environment
from sidecar.errors import ConfigError, ModelUnavailableError
from sidecar.hardware.llama_build import LlamaBuild, ask_llama_build
from sidecar.hardware.machine import Machine
from sidecar.llama.gguf import GgufModel, read_gguf
from sidecar.models.candidates import best_that_fits
from sidecar.models.catalogue import CatalogueModel, load_catalogue
from sidecar.models.choice import Here, Recommendation
from sidecar.models.description import describe
from sidecar.models.fit import BUILTIN_EMBEDDING, Beside, Fit, fit_model, needs_of_reader
from sidecar.models.found import FoundModel, find_models
from sidecar.models.naming import look_up
from sidecar.models.places import places
from sidecar.models.recommend import recommend
from sidecar.runtime.llama_install import install_command
from sidecar.upstream.local import FoundServer, find_local

_BILLIONS = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,2})?)b(?![a-z\d])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitAdvice:
    """How a model fits, and the best of the catalogue that does, where that is worth saying."""

    fit: Fit
    best: Fit | None
    notes: tuple[str, ...]


def models_here(config: Config) -> tuple[FoundModel, ...]:
    """All model files on this machine, as `sidecar models list` shows them."""
    where = places(
        models_folder=config.models_folder, platform=sys.platform, home=Path.home(), environ=system_environment()
    )
    return find_models(where, load_catalogue())


def header_of(name: str, config: Config) -> tuple[str, GgufModel]:
    """Give the header of a model by path, by its name on this machine or by its name in the catalogue.

    Raises ConfigError when nothing is called so, ModelUnavailableError when the file cannot be read.
    """
    local = local_header(name, config)
    if local is not None:
        return local
    catalogue = load_catalogue()
    if (model := catalogue.get(name.strip().lower())) is not None:
        return model.name, model.header()
    close = difflib.get_close_matches(name[:200].lower(), catalogue, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(close)}?" if close else "`sidecar models list` shows what is here."
    raise ConfigError(f"No model is called {name[:200]!r}, here or in the catalogue.", hint=hint)


def local_header(name: str, config: Config) -> tuple[str, GgufModel] | None:
    """Give the header of a file on this machine, by path or name; `None` when there is none.

    Raises ConfigError when several are called so, ModelUnavailableError when the file cannot be read.
    """
    # os.path: names that are too long for a path are no path, and no error.
    if os.path.isfile(os.path.expanduser(name)):  # noqa: PTH111, PTH113
        return Path(name).stem, read_gguf(Path(name).expanduser())
    found = look_up(name, models_here(config))
    return None if found is None else (found.name, read_gguf(found.path))


def advise_on_fit(
    called: str, header: GgufModel, *, config: Config, machine: Machine, context_length: int
) -> FitAdvice:
    """Say how one model, as `header_of` gave it, fits beside those that are configured."""
    build = ask_llama_build()
    usable = usable_part(machine, build)
    beside = configured_beside(config, usable)
    fit = fit_model(header, name=called, machine=usable, context_length=context_length, beside=beside)
    best = None
    if header.kind == "chat" and not fit.comfortable:
        best = best_that_fits(usable, load_catalogue(), beside=beside, context_length=context_length)
    return FitAdvice(fit=fit, best=best, notes=tuple(_idle(machine, build)))


async def advise(config: Config, *, machine: Machine, language: str | None) -> Recommendation:
    """Recommend models, preferring those on disk and on servers that run here."""
    catalogue = load_catalogue()
    servers = await find_local()
    here = [*_on_disk(models_here(config), catalogue), *_served(servers)]
    advice = recommend(machine, catalogue, here=here, language=language)
    return replace(advice, commands=(*_installing(machine, advice, ask_llama_build()), *advice.commands))


def configured_beside(config: Config, machine: Machine) -> Beside:
    """What the configured embedding and reranking models take; those of upstream servers take nothing here."""
    return Beside(
        embedding=_reader(config.embedding_model, config, machine),
        rerank=_reader(config.rerank_model, config, machine),
    )


def usable_part(machine: Machine, build: LlamaBuild | None) -> Machine:
    """The machine without graphics processors that the installed llama-cpp-python cannot compute on, or whose memory
    is not known.
    """
    gpus = tuple(gpu for gpu in machine.gpus if gpu.total and (build is None or build.can_offload))
    return replace(machine, gpus=gpus)


def _reader(name: str | None, config: Config, machine: Machine) -> int:
    if name is None or name == "none":
        return 0
    if name == "builtin":
        return BUILTIN_EMBEDDING
    try:
        tuning = needs_of_reader(header_of(name, config)[1], machine=machine)
    except (ConfigError, ModelUnavailableError):
        # A model of an upstream server, or one that `sidecar doctor` has more to say about.
        return 0
    return tuning.memory.in_ram if tuning is not None else 0


def _on_disk(found: Sequence[FoundModel], catalogue: Mapping[str, CatalogueModel]) -> Iterator[Here]:
    files = {model.file.lower(): model.name for model in catalogue.values()}
    for model in found:
        described = describe(model)
        if described.header is None or described.problem is not None:
            continue
        yield Here(
            name=model.name,
            role=described.header.kind,
            parameters=described.parameters,
            header=described.header,
            catalogued=files.get(model.path.name.lower()),
        )


def _served(servers: Sequence[FoundServer]) -> Iterator[Here]:
    for server in servers:
        if server.kind == "sidecar":
            continue
        for model in server.models:
            if model.elsewhere:
                continue
            yield Here(
                name=model.id,
                role="embedding" if model.kind == "embedding" else "chat",
                parameters=parameters_in(model.id),
                server=server.name,
                url=server.base_url,
            )


def parameters_in(name: str) -> int | None:
    """How many parameters a model's name tells, as in `qwen3:8b`; `None` when it tells none."""
    found = _BILLIONS.findall(name)
    return int(max(map(float, found)) * 1e9) if found else None


def _idle(machine: Machine, build: LlamaBuild | None) -> Iterator[str]:
    if build is not None and not build.can_offload:
        for gpu in machine.gpus:
            yield f"{gpu.name} is not used: llama-cpp-python was built without it. {install_command(gpu.kind)}"


def _installing(machine: Machine, advice: Recommendation, build: LlamaBuild | None) -> Iterator[str]:
    """Commands that llama-cpp-python needs before the models do."""
    if all(choice.fit is None and choice.here for choice in advice.choices):
        return
    gpu = next((gpu.kind for gpu in machine.gpus if gpu.total), None)
    if build is None or (gpu is not None and not build.can_offload):
        yield install_command(gpu)
