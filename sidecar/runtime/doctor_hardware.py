"""The doctor's look at the machine, and at whether llama-cpp-python uses what it has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sidecar.hardware.llama_build import LlamaBuild
from sidecar.hardware.machine import Gpu, Machine
from sidecar.models.disk import as_size, free_space
from sidecar.runtime.doctor_checks import Check, check, size
from sidecar.runtime.llama_install import install_command
from sidecar.runtime.model_facts import machine_facts

_LITTLE_MEMORY = 2**30
_ROOM_FOR_MODELS = 6 * 2**30
_WIDE = "AVX2"
"""Without it in the build, llama.cpp is several times slower on a processor that has it."""


def examine_hardware(machine: Machine, *, build: LlamaBuild | None, models_folder: Path) -> dict[str, Any]:
    """Give the facts about the machine; `build` is the installed llama-cpp-python, `None` without one that works."""
    facts = machine_facts(machine) | {
        "models_folder": {"path": str(models_folder), "free_bytes": free_space(models_folder)},
        "llama_cpp_python": None
        if build is None
        else {"version": build.version, "can_offload": build.can_offload, "features": list(build.features)},
    }
    checks = [
        *_processor(machine),
        *_memory(machine),
        *_graphics(machine),
        *_disk(models_folder),
        *_llama(machine, build),
    ]
    return facts | {"checks": checks}


def _processor(machine: Machine) -> Iterator[Check]:
    cores = f"{machine.cores} {'core' if machine.cores == 1 else 'cores'}"
    if machine.performance_cores is not None and machine.performance_cores < machine.cores:
        cores += f", {machine.performance_cores} of them fast"
    sets = f"; {', '.join(machine.instructions)}" if machine.instructions else ""
    yield check("ok", f"processor: {machine.processor or 'not named'}, {cores}{sets}")


def _memory(machine: Machine) -> Iterator[Check]:
    text = f"memory: {size(machine.total)}, of which {size(machine.available)} are available"
    little = machine.available < _LITTLE_MEMORY
    yield check(
        "warning" if little else "ok", text, "Close other programs before a model is loaded." if little else None
    )
    if machine.limit is not None:
        yield check("note", f"the control group {machine.limit} allows no more than that")
    if machine.bandwidth is not None:
        yield check("ok", f"memory is read at {machine.bandwidth / 1e9:.0f} GB/s")


def _graphics(machine: Machine) -> Iterator[Check]:
    if not machine.gpus:
        yield check("note", "no graphics processor was found")
    for gpu in machine.gpus:
        yield check("ok" if gpu.total else "note", f"graphics: {gpu.name}, {_graphics_memory(gpu)}")


def _graphics_memory(gpu: Gpu) -> str:
    if not gpu.total:
        return "whose memory the system does not tell; it is not planned with"
    if gpu.unified:
        return f"which shares the memory and may use up to {size(gpu.total)}"
    return f"{size(gpu.total)}, of which {size(gpu.free)} are free"


def _disk(models_folder: Path) -> Iterator[Check]:
    free = free_space(models_folder)
    if free is not None:
        enough = free >= _ROOM_FOR_MODELS
        hint = None if enough else "A chat model takes 1 to 20 GB; the setting `models_dir` names another folder."
        yield check("ok" if enough else "note", f"{as_size(free)} free for models in {models_folder}", hint)


def _llama(machine: Machine, build: LlamaBuild | None) -> Iterator[Check]:
    gpu = next((gpu for gpu in machine.gpus if gpu.total), None)
    if build is None:
        kind = gpu.kind if gpu is not None else None
        yield check("note", "llama-cpp-python is not installed: no GGUF model can be used", install_command(kind))
        return
    where = "can use the graphics processor" if build.can_offload and gpu is not None else "runs on the processor"
    yield check("ok", f"llama-cpp-python {build.version}, {where}")
    if gpu is not None and not build.can_offload:
        text = f"{gpu.name} is not used: this llama-cpp-python was built without it"
        yield check("warning", text, install_command(gpu.kind))
    if _WIDE in machine.instructions and build.features and _WIDE not in build.features:
        text = f"this llama-cpp-python was built without {_WIDE}, which the processor has: models are slow"
        yield check("warning", text, f"Build it on this machine: {install_command(anew=True)}")
