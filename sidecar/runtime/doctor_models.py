"""The doctor's look at the models that are set: whether each is here and fits, and how it will be run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sidecar.config import Config
from sidecar.errors import ConfigError, ModelUnavailableError, SidecarError
from sidecar.hardware.llama_build import LlamaBuild
from sidecar.hardware.machine import Machine
from sidecar.hardware.speed import compare
from sidecar.llama.gguf import GgufModel, ModelKind
from sidecar.llama.tuning import Tuning, Wishes, tune
from sidecar.models.catalogue import load_catalogue
from sidecar.models.fit import READING_SPEED, speed_of
from sidecar.runtime.doctor_checks import Check, check, size
from sidecar.runtime.model_advice import local_header, usable_part
from sidecar.runtime.model_facts import tuning_facts

_PURPOSES: Mapping[ModelKind, str] = {"chat": "chat", "embedding": "embedding", "rerank": "reranking"}
_ADVICE = "`sidecar models recommend` says which fit this machine."


def examine_models(
    config: Config, *, machine: Machine, build: LlamaBuild | None, status: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Give the facts about the chat, embedding and reranking model. `status` may tell how fast the chat model was."""
    names: Mapping[ModelKind, str | None] = {
        "chat": config.model,
        "embedding": config.embedding_model,
        "rerank": config.rerank_model,
    }
    usable = usable_part(machine, build)
    models, checks = [], []
    for purpose, name in names.items():
        facts, found = _examine(purpose, name, config, usable, _measured(status, name))
        models.append({"component": purpose, "name": name, **facts})
        checks += found
    return {"models": models, "checks": [*checks, *_running(status, config)]}


def _examine(
    purpose: ModelKind, name: str | None, config: Config, machine: Machine, measured: float | None
) -> tuple[dict[str, Any], list[Check]]:
    if (built_in := _built_in(purpose, name, config)) is not None:
        return {"source": "built in", "problem": None}, [built_in]
    assert name is not None
    try:
        local = local_header(name, config)
    except SidecarError as error:
        return {"source": "file", "problem": error.message}, [_problem(purpose, name, error)]
    if local is None:
        return _elsewhere(purpose, name, config)
    header = local[1]
    if header.kind != purpose:
        problem = ConfigError(f"it is a model for {_PURPOSES[header.kind]}", hint="Set a model of the right kind.")
        return {"source": "file", "problem": problem.message}, [_problem(purpose, name, problem)]
    return _run(purpose, name, header, config, machine, measured)


def _built_in(purpose: ModelKind, name: str | None, config: Config) -> Check | None:
    """What there is to say of a purpose without a file or server; `None` when there is one."""
    if purpose == "chat" and (name == "extractive" or (name is None and config.upstream is None)):
        return check("note", "chat: no model, answers are quotations from the notes", _ADVICE)
    if purpose == "chat" and name is None:
        return check("ok", "chat: the first model of the upstream server")
    if purpose == "embedding" and name == "builtin":
        return check("ok", "embedding: built in")
    if purpose == "embedding" and name == "none":
        return check("note", "embedding: none, search runs on words alone")
    if purpose == "rerank" and name is None:
        return check("note", "reranking: none")
    return None


def _elsewhere(purpose: ModelKind, name: str, config: Config) -> tuple[dict[str, Any], list[Check]]:
    if name.lower() in load_catalogue():
        problem = ModelUnavailableError("it is not on this machine yet", hint=f"sidecar models pull {name.lower()}")
        return {"source": "catalogue", "problem": problem.message}, [_problem(purpose, name, problem)]
    if config.upstream is not None or name.partition("/")[0] in config.upstreams:
        return {"source": "upstream", "problem": None}, [check("ok", f"{_PURPOSES[purpose]}: {name}, upstream")]
    problem = ModelUnavailableError("it is neither a file nor a model on this machine", hint=_ADVICE)
    return {"source": None, "problem": problem.message}, [_problem(purpose, name, problem)]


def _run(
    purpose: ModelKind, name: str, header: GgufModel, config: Config, machine: Machine, measured: float | None
) -> tuple[dict[str, Any], list[Check]]:
    wishes = _wishes(purpose, config)
    try:
        tuning = tune(header, mode=purpose, machine=machine, wishes=wishes)
    except ModelUnavailableError as error:
        return {"source": "file", "fits": False, "problem": error.message}, [_problem(purpose, name, error)]
    expected = speed_of(header, tuning, machine) if purpose == "chat" else None
    facts = {
        "source": "file",
        "path": str(header.path),
        "fits": True,
        "problem": None,
        "memory": tuning.memory.total,
        "on_gpu": tuning.memory.on_gpu,
        "expected_tokens_per_second": expected,
        "measured_tokens_per_second": measured,
        **tuning_facts(tuning),
    }
    return facts, [*_fitting(purpose, name, header, tuning, machine), *_speed(expected, measured, machine)]


def _wishes(purpose: ModelKind, config: Config) -> Wishes:
    chat = purpose == "chat"
    return Wishes(
        context_length=config.context_length if chat else None,
        kv_type=config.kv_cache_type if chat else None,
        parallel=config.parallel if chat else None,
        threads=config.threads,
        gpu_layers=config.gpu_layers,
        flash_attention=config.flash_attention,
        force=config.force_load,
    )


def _fitting(purpose: ModelKind, name: str, header: GgufModel, tuning: Tuning, machine: Machine) -> Iterator[Check]:
    billions = header.parameter_count / 1e9
    many = f"{billions:.1f} billion" if billions >= 0.95 else f"{1000 * billions:.1f} million"
    weights = f"{many} parameters, {header.file_type or 'quantisation not told'}"
    yield check("ok", f"{_PURPOSES[purpose]}: {name} ({weights})")
    needs = f"takes {size(tuning.memory.total)} at {tuning.context_length:,} tokens"
    graphics = f", {size(tuning.memory.on_gpu)} of it on the graphics processor" if tuning.memory.on_gpu else ""
    yield check("ok", f"{needs}{graphics}; {size(machine.available)} are available")
    layers = "all" if tuning.gpu_layers < 0 else str(tuning.gpu_layers)
    flash = {True: "on", False: "off", None: "where the hardware has it"}[tuning.flash_attention]
    cache = f"; key-value cache {tuning.kv_type}" if purpose == "chat" else ""
    yield check("note", f"threads: {tuning.threads}; layers on graphics: {layers}{cache}; flash attention: {flash}")
    yield from (check("note", reason) for reason in tuning.reasons)


def _speed(expected: float | None, measured: float | None, machine: Machine) -> Iterator[Check]:
    if expected is not None and measured is not None:
        yield check("note", compare(expected, measured))
    elif expected is not None and machine.bandwidth is not None:
        slow = expected < READING_SPEED
        text = f"about {expected:,.0f} tokens/s, estimated from how fast memory is read"
        yield check(
            "warning" if slow else "note", text, f"That is slower than people read. {_ADVICE}" if slow else None
        )


def _measured(status: Mapping[str, Any] | None, name: str | None) -> float | None:
    """How fast the model made tokens in the last run, when the runtime tells."""
    for model in (status or {}).get("models", ()):
        speed = model.get("tokens_per_second")
        if model.get("id") in _called(name) and isinstance(speed, int | float):
            return float(speed)
    return None


def _running(status: Mapping[str, Any] | None, config: Config) -> Iterator[Check]:
    """The files that the running server was started with, where the settings that are looked at do not name them."""
    for model in (status or {}).get("models", ()):
        if "loaded" in model and model["id"] not in _called(config.model):
            speed = model["tokens_per_second"]
            measured = "" if speed is None else f", {speed:,.1f} tokens/s measured"
            text = f"the running server has {model['id']}{measured}, which these settings do not name"
            yield check("note", text, "Give its `--model` to `sidecar doctor` as well to see how it is run.")


def _called(name: str | None) -> set[str | None]:
    """The ids by which a server may know a model of the settings: one that is set by its path has the file's name."""
    return {name, Path(name or "").stem}


def _problem(purpose: ModelKind, name: str, error: SidecarError) -> Check:
    return check("error", f"{_PURPOSES[purpose]}: {name} cannot be used: {error.message}", error.hint)
