"""How a model is run on this machine: threads, layers on the graphics processor, the key-value cache."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.errors import ModelUnavailableError
from sidecar.hardware.machine import Machine
from sidecar.llama.gguf import GgufModel
from sidecar.llama.memory import KvType, MemoryNeeds, memory_needs
from sidecar.llama.settings import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the user has set; `None` is chosen here."""

    context_length: int | None = None
    """Tokens of one conversation (chat), text (embedding) or pair (rerank)."""
    threads: int | None = None
    gpu_layers: int | None = None
    """-1 means all."""
    kv_type: KvType | None = None
    flash_attention: bool | None = None
    parallel: int | None = None
    """Conversations answered at once."""
    force: bool = False
    """Load what does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What was chosen. `reasons` says why, a line each, for people."""

    context_length: int
    cells: int
    """Tokens that the key-value cache holds: those of all conversations together."""
    batch: int
    threads: int
    gpu_layers: int
    kv_type: KvType
    flash_attention: bool | None
    """`None` leaves it to llama.cpp, which uses it where the hardware has it."""
    parallel: int
    memory: MemoryNeeds
    reasons: tuple[str, ...] = ()


def tune(model: GgufModel, *, mode: Mode, machine: Machine, wishes: Wishes) -> Tuning:
    """Choose for a model. Raises ModelUnavailableError, with what would fit as its hint, when it does not fit."""
    context = min(wishes.context_length or 8192, model.context_length or 8192)
    needs = memory_needs(
        model, mode=mode, cells=context, batch=512, sequences=4, kv_type="f16", flash_attention=True, gpu_layers=0
    )
    if needs.total > machine.available and not wishes.force:
        raise ModelUnavailableError("It does not fit.")
    return Tuning(
        context_length=context,
        cells=context,
        batch=512,
        threads=wishes.threads or machine.cores,
        gpu_layers=-1 if wishes.gpu_layers is None else wishes.gpu_layers,
        kv_type="f16",
        flash_attention=None,
        parallel=wishes.parallel or 4,
        memory=needs,
    )
