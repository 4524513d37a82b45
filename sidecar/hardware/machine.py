"""One picture of the machine, as the choice of models needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sidecar.hardware.graphics import Gpu as Gpu
from sidecar.hardware.graphics import GpuKind as GpuKind
from sidecar.hardware.graphics import read_gpus
from sidecar.hardware.memory import read_memory
from sidecar.hardware.processor import own_affinity, read_processor, read_sysctl
from sidecar.hardware.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Sizes in bytes. `total` and `available` are limited by the control group that the process runs in."""

    total: int
    available: int
    """What can be taken without swapping."""
    cores: int
    """Physical cores that this process may use."""
    gpus: tuple[Gpu, ...] = ()
    bandwidth: float | None = None
    """Bytes a second that all cores together read from memory; `None` when it was not measured."""
    performance_cores: int | None = None
    """Those of `cores` that are fast; `None` where it is not known."""
    threads: int | None = None
    """Logical processors that this process may use."""
    processor: str | None = None
    instructions: tuple[str, ...] = ()
    """Sets of instructions that decide how fast a model is, by llama.cpp's names: `AVX2`, `NEON`."""
    swap_free: int = 0
    limit: str | None = None
    """The control group that leaves less than the machine has; `None` when none does."""


Look: TypeAlias = Callable[[], Machine]


def look(source: Source | None = None, *, affinity: frozenset[int] | None = None) -> Machine:
    """Measure what is cheap to measure: everything but the bandwidth. Facts that cannot be had are missing."""
    if source is None:
        source, affinity = Source(), own_affinity()
    sysctl = read_sysctl(source)
    memory = read_memory(source)
    processor = read_processor(source, affinity=affinity, sysctl=sysctl)
    return Machine(
        total=memory.total,
        available=memory.available,
        cores=processor.cores,
        gpus=read_gpus(source, memory, sysctl=sysctl),
        performance_cores=processor.performance_cores,
        threads=processor.threads,
        processor=processor.name,
        instructions=processor.instructions,
        swap_free=memory.swap_free,
        limit=memory.limit,
    )
