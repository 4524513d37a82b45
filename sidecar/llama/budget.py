"""What memory a model may take on a machine, and whether a way of running it stays within."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sidecar.hardware.machine import Gpu, Machine
from sidecar.llama.gguf import GgufModel
from sidecar.llama.memory import KvType, MemoryNeeds, memory_needs, shape_of
from sidecar.llama.settings import POOLED_SEQUENCES, Mode, chat_sequences

BATCH = 512
"""Tokens evaluated by one call for chat, and the least that an embedding batch can hold."""
_MIB = 2**20
_SPARE = 256 * _MIB
_SPARE_PART = 32
"""Memory is never taken to the last byte: this part of it is left, at most `_SPARE`."""
_PLENTY = 4
_GPU_RESERVE = 512 * _MIB
"""Bytes left on each graphics processor, for the driver's own context and the screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Bytes that may be taken of main and of graphics memory; with `unified` both are the same memory."""

    ram: int
    gpu: int
    unified: bool

    def holds(self, needs: MemoryNeeds) -> bool:
        return needs.on_gpu <= self.gpu and self.left(needs) >= 0

    def left(self, needs: MemoryNeeds) -> int:
        """What is left of main memory; less than nothing when it does not fit."""
        return self.ram - (needs.total if self.unified else needs.in_ram)

    def has_plenty(self, one: MemoryNeeds, more: MemoryNeeds) -> bool:
        """Whether what `more` takes beyond `one` is at most a quarter of what `one` leaves, of either memory."""
        in_ram, on_gpu = self.left(one) - self.left(more), more.on_gpu - one.on_gpu
        return (
            self.holds(more)
            and in_ram * _PLENTY <= self.left(one)
            and on_gpu * _PLENTY <= max(0, self.gpu - one.on_gpu)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way of running a model, as far as memory depends on it."""

    context_length: int
    cells: int
    kv_type: KvType = "f16"
    flash_attention: bool = True
    gpu_layers: int = 0

    @property
    def batch(self) -> int:
        return min(BATCH, self.cells)


def budget_of(machine: Machine, *, can_offload: bool, reserved: int) -> Budget:
    """What may be taken, with `reserved` bytes kept for other models."""
    spare = min(_SPARE, machine.total // _SPARE_PART)
    gpus = usable_gpus(machine) if can_offload else ()
    free = sum(max(0, gpu.free - (0 if gpu.unified else _GPU_RESERVE)) for gpu in gpus)
    unified = any(gpu.unified for gpu in gpus)
    return Budget(
        ram=max(0, machine.available - spare - reserved),
        gpu=max(0, free - reserved) if unified else free,
        unified=unified,
    )


def usable_gpus(machine: Machine) -> tuple[Gpu, ...]:
    """Those whose memory is known, of the kind that has most: one build of llama.cpp drives one kind."""
    known = [gpu for gpu in machine.gpus if gpu.total > 0 and gpu.free > 0]
    if not known:
        return ()
    kind = max(known, key=lambda gpu: sum(other.total for other in known if other.kind == gpu.kind)).kind
    alike = [gpu for gpu in known if gpu.kind == kind]
    own = tuple(gpu for gpu in alike if not gpu.unified)
    return own or (max(alike, key=lambda gpu: gpu.total),)


def needs_of(
    model: GgufModel, way: Way, *, mode: Mode, parallel: int, instructions: Collection[str] = ()
) -> MemoryNeeds:
    """What the model takes, run in that way."""
    shortens = not shape_of(model).state_bytes
    return memory_needs(
        model,
        mode=mode,
        cells=way.cells,
        batch=way.batch if mode == "chat" else way.cells,
        sequences=chat_sequences(parallel, shortens=shortens) if mode == "chat" else POOLED_SEQUENCES,
        kv_type=way.kv_type,
        flash_attention=way.flash_attention,
        gpu_layers=way.gpu_layers,
        instructions=instructions,
    )
