"""How a model is run on this machine: context, threads, layers on the graphics processor, the key-value cache.

What the user has set is obeyed or refused, never changed in silence. What is not set is chosen so that it fits: first
the usual context with a cache of 16 bits, then one of 8 bits, then a shorter context.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sidecar.errors import ModelUnavailableError
from sidecar.hardware.machine import Machine
from sidecar.llama.budget import BATCH, Way, budget_of, needs_of, usable_gpus
from sidecar.llama.gguf import GgufModel
from sidecar.llama.memory import KvType, MemoryNeeds, keeps_cache, shape_of, weight_bytes
from sidecar.llama.refusal import layer_count, reasons_of, refusal, size
from sidecar.llama.settings import Mode

USUAL_CONTEXT: dict[Mode, int] = {"chat": 8192, "embedding": 2048, "rerank": 1024}
"""Rerank: a query and a text, twice the longest chunk, at a quarter of the memory that 2,048 would take."""
LEAST_CONTEXT: dict[Mode, int] = {"chat": 2048, "embedding": 512, "rerank": 512}
"""Shorter ones hold no answer from notes, or no chunk of one: the model is refused instead."""
USUAL_PARALLEL = 4
MAX_PARALLEL = 240
"""llama.cpp tells 256 sequences apart, some of which keep what is over."""
_STEP = 256
_QUANTISED_BLOCK = 32


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


def tune(
    model: GgufModel,
    *,
    mode: Mode,
    machine: Machine,
    wishes: Wishes,
    can_offload: bool = True,
    reserved: int = 0,
) -> Tuning:
    """Choose for a model. `can_offload` says whether llama.cpp was built for a graphics processor; `reserved` bytes
    are kept for other models.

    Raises ModelUnavailableError, with what would fit as its hint, when it does not fit.
    """
    return _Tuner(model, mode, machine, wishes, can_offload=can_offload, reserved=max(0, reserved)).tune()


class _Tuner:
    """The choice for one model; reasons gather while it is made."""

    def __init__(
        self, model: GgufModel, mode: Mode, machine: Machine, wishes: Wishes, *, can_offload: bool, reserved: int
    ) -> None:
        self._model = model
        self._mode: Mode = mode
        self._machine = machine
        self._wishes = wishes
        self._can_offload = can_offload
        self._reserved = reserved
        self._budget = budget_of(machine, can_offload=can_offload, reserved=reserved)
        self._parallel = min(MAX_PARALLEL, max(1, wishes.parallel or USUAL_PARALLEL))
        self._reasons: list[str] = []
        if self._parallel < (wishes.parallel or 0):
            self._reasons.append(f"{MAX_PARALLEL} conversations at once: llama.cpp can answer no more.")

    def tune(self) -> Tuning:
        wanted = self._first()
        way = next((placed for way in self._ways(wanted) if self._fits(placed := self._placed(way))), None)
        if way is None and not self._wishes.force:
            raise self._refusal(self._placed(wanted))
        if way is None:
            way = self._placed(wanted)
            self._reasons.append("It does not fit into memory and is loaded all the same, as set.")
        else:
            self._reasons += reasons_of(
                self._model,
                wanted,
                way,
                mode=self._mode,
                machine=self._machine,
                can_offload=self._can_offload,
                wished_layers=self._wishes.gpu_layers,
            )
            way = self._widened(way)
        return self._tuning(way)

    # ── what is wanted, and what comes next when it does not fit ──

    def _first(self) -> Way:
        usual = USUAL_CONTEXT[self._mode]
        # Never beyond what the model was trained for: past the end of a position table llama.cpp aborts.
        context = max(8, min(self._wishes.context_length or usual, self._model.context_length or usual))
        if context < (self._wishes.context_length or 0):
            self._reasons.append(f"Context {context:,} tokens: the model was trained for no more.")
        kv_type = self._wishes.kv_type or "f16"
        if kv_type != "f16" and not self._quantisable():
            kv_type = "f16"
            self._reasons.append("Cache of 16 bits: this model's cannot be smaller.")
        # llama.cpp reads values of fewer bits with flash attention only.
        flash = self._wishes.flash_attention is not False or kv_type != "f16"
        return self._way(context, kv_type=kv_type, flash=flash)

    def _way(self, context: int, *, kv_type: KvType, flash: bool) -> Way:
        return self._resized(Way(context_length=0, cells=0, kv_type=kv_type, flash_attention=flash), context)

    def _resized(self, way: Way, context: int) -> Way:
        return replace(way, context_length=context, cells=context if self._mode == "chat" else max(BATCH, context))

    def _ways(self, wanted: Way) -> Iterator[Way]:
        yield wanted
        smaller = self._smaller(wanted)
        if smaller is not None:
            yield smaller
        if self._wishes.context_length is None and (shorter := self._longest(smaller or wanted)) is not None:
            yield shorter

    def _smaller(self, way: Way, *, anyway: bool = False) -> Way | None:
        """The same with a cache of 8 bits, unless another was wished or it cannot be; `anyway` overrules the wish."""
        free = self._wishes.kv_type is None or anyway
        if way.kv_type != "f16" or not free or self._wishes.flash_attention is False or not self._quantisable():
            return None
        return replace(way, kv_type="q8_0")

    def _longest(self, way: Way) -> Way | None:
        """The same with the longest context that fits, `None` when none does."""
        low, high = -(-LEAST_CONTEXT[self._mode] // _STEP) - 1, (way.context_length - 1) // _STEP
        least = low
        while low < high:
            middle = (low + high + 1) // 2
            fits = self._fits(self._placed(self._resized(way, middle * _STEP)))
            low, high = (middle, high) if fits else (low, middle - 1)
        return self._resized(way, low * _STEP) if low > least else None

    def _quantisable(self) -> bool:
        shape = shape_of(self._model)
        whole = not shape.key_length % _QUANTISED_BLOCK and not shape.value_length % _QUANTISED_BLOCK
        return whole and self._mode == "chat" and keeps_cache(self._model)

    # ── the graphics processor ──

    def _placed(self, way: Way) -> Way:
        """The same with as many layers on the graphics processor as are wished, or as fit."""
        layers = layer_count(self._model)
        if not self._can_offload or not usable_gpus(self._machine):
            return way
        wish = self._wishes.gpu_layers
        if wish is not None:
            return replace(way, gpu_layers=layers if wish < 0 else min(wish, layers))
        low, high = 0, layers
        while low < high:
            middle = (low + high + 1) // 2
            needs = self._needs(replace(way, gpu_layers=middle))
            low, high = (middle, high) if needs.on_gpu <= self._budget.gpu else (low, middle - 1)
        return replace(way, gpu_layers=low)

    # ── room ──

    def _needs(self, way: Way) -> MemoryNeeds:
        return needs_of(
            self._model, way, mode=self._mode, parallel=self._parallel, instructions=self._machine.instructions
        )

    def _fits(self, way: Way) -> bool:
        return self._budget.holds(self._needs(way))

    def _widened(self, way: Way) -> Way:
        """The same with cells for more conversations, where they take little of what is left."""
        if self._mode != "chat" or self._parallel == 1 or not keeps_cache(self._model):
            return way
        one = self._needs(way)
        for times in range(self._parallel, 1, -1):
            more = replace(way, cells=way.context_length * times)
            if self._budget.has_plenty(one, self._needs(more)):
                self._reasons.append(f"Cache for {times} conversations of that length at once.")
                return more
        self._reasons.append("Cache for one conversation of that length; several share it.")
        return way

    # ── what comes of it ──

    def _tuning(self, way: Way) -> Tuning:
        wished = self._wishes.flash_attention
        if wished is False and way.flash_attention:
            self._reasons.append("Flash attention, although it is off: a cache of fewer bits needs it.")
        return Tuning(
            context_length=way.context_length,
            cells=way.cells,
            batch=way.batch if self._mode == "chat" else way.cells,
            threads=self._wishes.threads or self._machine.performance_cores or self._machine.cores,
            gpu_layers=self._moved(way),
            kv_type=way.kv_type,
            flash_attention=True if way.kv_type != "f16" else wished,
            parallel=self._parallel,
            memory=self._needs(way),
            reasons=tuple(self._reasons),
        )

    def _moved(self, way: Way) -> int:
        if self._can_offload and not usable_gpus(self._machine):
            # Systems that do not tell of their graphics memory: what is set is obeyed, and not counted as moved.
            return self._wishes.gpu_layers or 0
        return -1 if way.gpu_layers >= layer_count(self._model) else way.gpu_layers

    def _refusal(self, wanted: Way) -> ModelUnavailableError:
        return refusal(
            self._model,
            wanted,
            self._needs(wanted),
            machine=self._machine,
            budget=self._budget,
            reserved=self._reserved,
            hint=self._what_fits(wanted),
        )

    def _what_fits(self, wanted: Way) -> str:
        smaller = self._smaller(wanted, anyway=True)
        if smaller is not None and self._fits(self._placed(smaller)):
            return "With the key-value cache type q8_0 it would fit."
        shorter = self._longest(wanted)
        if shorter is not None:
            return f"With a context length of {shorter.context_length:,} it would fit."
        short = min(wanted.context_length, LEAST_CONTEXT[self._mode])
        least = self._resized(smaller or wanted, short)
        room = weight_bytes(self._model) + self._budget.left(self._needs(least))
        if room > weight_bytes(self._model) // 8:
            return f"A file of at most {size(room)} would fit: a smaller model, or a stronger quantisation of this one."
        return "Choose a much smaller model, or close other programs."
