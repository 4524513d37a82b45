"""One picture of the machine, as the choice of models needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import psutil

GpuKind: TypeAlias = Literal["nvidia", "amd", "intel", "apple"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A graphics processor. Sizes in bytes; with `unified` memory it shares that of the system."""

    name: str
    kind: GpuKind
    total: int
    free: int
    unified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Sizes in bytes. `total` and `available` are limited by the control group that the process runs in."""

    total: int
    available: int
    cores: int
    """Physical cores that this process may use."""
    gpus: tuple[Gpu, ...] = ()
    bandwidth: float | None = None
    """Bytes a second that all cores together read from memory; `None` when it was not measured."""


Look: TypeAlias = Callable[[], Machine]


def look() -> Machine:
    """Measure what is cheap to measure: everything but the bandwidth."""
    memory = psutil.virtual_memory()
    return Machine(total=int(memory.total), available=int(memory.available), cores=psutil.cpu_count(logical=False) or 1)
