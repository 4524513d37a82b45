"""The doctor: looks at the data folder, what keeps the notes private, the machine, the models, the upstream servers and
the vaults, compares what is there with what is set, and says what to do.

It says nothing of what it does not look at. Facts come as plain JSON objects; each section carries its checks, in the
order in which they are to be read.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar import __version__
from sidecar.config import Config
from sidecar.errors import ConfigError, SidecarError
from sidecar.hardware.llama_build import LlamaBuild
from sidecar.hardware.machine import Machine
from sidecar.models.disk import as_size, free_space
from sidecar.notes.formats import pdf_available
from sidecar.runtime.doctor_checks import Check, check
from sidecar.runtime.doctor_hardware import examine_hardware
from sidecar.runtime.doctor_models import examine_models
from sidecar.runtime.doctor_security import examine_security
from sidecar.runtime.doctor_upstreams import AskedServer, examine_upstreams
from sidecar.runtime.doctor_vaults import examine_vault
from sidecar.runtime.opening import index_folder

_LITTLE_SPACE = 500 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What was measured and asked for the doctor: the machine, the build of llama.cpp and the upstream servers."""

    machine: Machine
    build: LlamaBuild | None
    servers: Sequence[AskedServer] = ()


def examine(
    config: Config,
    *,
    status: Mapping[str, Any] | None,
    url: str | None = None,
    problem: SidecarError | None = None,
    surroundings: Surroundings | None = None,
    lock: str = "none",
) -> dict[str, Any]:
    """Look at everything and give the facts. `status` is that of the runtime or server, `None` when there is none.

    `url` is the running server's; `problem` is what kept the index from being opened; `lock` is the offline lock of
    this process. Without `surroundings`, the sections about them are empty.
    """
    told = {Path(vault["path"]): vault for vault in (status or {}).get("vaults", ())}
    paths = dict.fromkeys([*(path.resolve() for path in config.vaults), *told])
    facts: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} ({platform.machine()})",
        "url": url,
        "checks": list(_program(status, url=url, problem=problem)),
        "data_folder": _data_folder(config),
        "security": examine_security(config, status=status, url=url, lock=lock),
        "hardware": None,
        "models": None,
        "upstreams": None,
    }
    if surroundings is not None:
        machine, build = surroundings.machine, surroundings.build
        facts["hardware"] = examine_hardware(machine, build=build, models_folder=config.models_folder)
        facts["models"] = examine_models(config, machine=machine, build=build, status=status)
        facts["upstreams"] = examine_upstreams(surroundings.servers)
    return facts | {"vaults": [examine_vault(config, path, told.get(path), running=url is not None) for path in paths]}


def indexed_before(config: Config) -> tuple[Path, ...]:
    """The vaults that have an index, away or not: those that may be opened without making anything new."""
    paths = [path.resolve() for path in config.vaults]
    return tuple(path for path in paths if any(index_folder(config.data_dir, path).glob("index-*.db")))


def failed(facts: Mapping[str, Any]) -> bool:
    """Whether a vault cannot be read or there is none: what a script has to know."""
    return not facts["vaults"] or any(not vault["readable"] for vault in facts["vaults"])


def _program(status: Mapping[str, Any] | None, *, url: str | None, problem: SidecarError | None) -> Iterator[Check]:
    yield check("ok", f"running at {url}") if url else check("note", "not running")
    missing = pdf_available()
    yield check("ok", "PDFs can be read") if missing is None else check("note", missing)
    if isinstance(problem, ConfigError):
        yield check("error", problem.message, problem.hint)
    elif problem is not None:
        yield check("warning", f"the index was not looked into: {problem.message}", problem.hint)
    for model in (status or {}).get("models", ()):
        if model["kind"] == "rerank":
            yield check("ok", f"reranking: {model['id']}")
    for notice in (status or {}).get("notices", ()):
        yield check("warning", notice)


def _data_folder(config: Config) -> dict[str, Any]:
    folder = config.data_dir
    exists = folder.is_dir()
    facts = {
        "path": str(folder),
        "exists": exists,
        "free_bytes": free_space(folder),
    }
    return facts | {"checks": list(_data_folder_checks(facts))}


def _data_folder_checks(facts: Mapping[str, Any]) -> Iterator[Check]:
    if not facts["exists"]:
        yield check("note", "not there yet; it is made at the first start")
    if facts["free_bytes"] is not None:
        little = facts["free_bytes"] < _LITTLE_SPACE
        hint = "Make room, or name another folder with `--data-dir`." if little else None
        yield check("warning" if little else "ok", f"{as_size(facts['free_bytes'])} free", hint)
