"""Whether a model fits: what it needs at the context that answers from notes need, beside everything else.

What is counted is the model, the embedding and the reranking model beside it, and a rest that stays free for the
system. What other programs use at the moment is not available, and so counts as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sidecar.errors import ModelUnavailableError
from sidecar.hardware.machine import Machine
from sidecar.hardware.speed import expected_speed
from sidecar.llama.budget import budget_of, usable_gpus
from sidecar.llama.gguf import GgufModel, ModelKind
from sidecar.llama.memory import bytes_per_token
from sidecar.llama.tuning import Tuning, Wishes, tune

Verdict: TypeAlias = Literal["fits", "fits_with_q8_0_cache", "fits_with_shorter_context", "does_not_fit"]

RAG_CONTEXT = 8192
"""Tokens: instructions, some ten passages, a conversation of a few turns and the answer."""
LEAST_CONTEXT = 2048
"""Below this, hardly a passage fits beside the question."""
READING_SPEED = 6.0
"""Tokens a second: some 250 words a minute."""
BUILTIN_EMBEDDING = 75_000_000
"""Bytes that the built-in embedding model has resident, as measured."""
_HEADROOM_PART = 20
_STEPS = 8
"""Shorter contexts are tried in eighths of the one that was asked for."""
_NEARLY_NOTHING = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is loaded together with the chat model, in bytes."""

    embedding: int = BUILTIN_EMBEDDING
    rerank: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How a model fits on a machine. Sizes in bytes, lengths in tokens."""

    name: str
    kind: ModelKind
    verdict: Verdict
    wanted_context: int
    tuning: Tuning
    """How it would be run; of a model that does not fit, how it would have to be."""
    beside: Beside
    machine: Machine
    kept: int
    """What stays free."""
    speed: float | None
    """Tokens a second that are expected of it; `None` when that cannot be said."""

    @property
    def fits(self) -> bool:
        return self.verdict != "does_not_fit"

    @property
    def comfortable(self) -> bool:
        """Whether it fits as it is and answers at least as fast as people read."""
        return self.verdict == "fits" and (self.speed is None or self.speed >= READING_SPEED)

    @property
    def total(self) -> int:
        """What all models need together, in both kinds of memory."""
        return self.tuning.memory.total + self.beside.embedding + self.beside.rerank


def headroom(machine: Machine) -> int:
    """Bytes that advice leaves beyond what loading a model leaves anyway: a twentieth of the memory."""
    return machine.total // _HEADROOM_PART


def fit_model(
    model: GgufModel,
    *,
    name: str,
    machine: Machine,
    context_length: int = RAG_CONTEXT,
    beside: Beside | None = None,
    kept: int = 0,
) -> Fit:
    """Say how a model fits: as it is, with a smaller cache, with a shorter context, or not at all.

    `kept` are bytes that are to stay free beyond those that loading leaves.
    """
    beside = beside or Beside()
    reserved = beside.embedding + beside.rerank + kept
    verdict, tuning = next(_attempts(model, machine, context_length, reserved))
    return Fit(
        name=name,
        kind=model.kind,
        verdict=verdict,
        wanted_context=context_length,
        tuning=tuning,
        beside=beside,
        machine=machine,
        kept=machine.available - budget_of(machine, can_offload=True, reserved=kept).ram,
        speed=speed_of(model, tuning, machine) if model.kind == "chat" else None,
    )


def needs_of_reader(model: GgufModel, *, machine: Machine, kept: int = 0) -> Tuning | None:
    """How an embedding or reranking model would be run; `None` when it does not fit."""
    return _tuned(model, machine, Wishes(), kept)


def without(machine: Machine, *, ram: int, graphics: int = 0) -> Machine:
    """The same machine with memory taken; graphics memory from its first processor, and unified memory from both."""
    gpus = tuple(
        replace(gpu, free=max(0, gpu.free - (ram + graphics if gpu.unified else 0 if number else graphics)))
        for number, gpu in enumerate(machine.gpus)
    )
    unified = any(gpu.unified for gpu in machine.gpus)
    return replace(machine, available=max(0, machine.available - ram - (graphics if unified else 0)), gpus=gpus)


def speed_of(model: GgufModel, tuning: Tuning, machine: Machine) -> float | None:
    """Tokens a second that main memory lets a model make when its context is half full.

    What lies in graphics memory of its own is read so much faster that it is not counted; `None` when that is nearly
    all, or when the bandwidth was not measured.
    """
    if machine.bandwidth is None:
        return None
    own = any(not gpu.unified for gpu in usable_gpus(machine))
    read = bytes_per_token(model, context=tuning.context_length // 2, kv_type=tuning.kv_type)
    moved = tuning.memory.on_gpu / max(1, tuning.memory.weights + tuning.memory.kv_cache) if own else 0.0
    share = 1 - min(1.0, moved)
    if share < _NEARLY_NOTHING:
        return None
    return expected_speed(bandwidth=machine.bandwidth, bytes_per_token=int(read * share))


def gib(count: int) -> str:
    """A number of bytes in GiB, with one digit after the point."""
    return f"{count / 2**30:.1f} GiB"


def _attempts(model: GgufModel, room: Machine, asked: int, reserved: int) -> Iterator[tuple[Verdict, Tuning]]:
    """Ways to run the model, each a worse one than the one before; the last always ends the search."""
    wanted = min(asked, model.context_length or asked)
    ways: list[tuple[Verdict, Wishes]]
    if model.kind == "chat":
        ways = [
            ("fits", Wishes(context_length=wanted, kv_type="f16", parallel=1)),
            ("fits_with_q8_0_cache", Wishes(context_length=wanted, kv_type="q8_0", parallel=1)),
            *(
                ("fits_with_shorter_context", Wishes(context_length=context, kv_type="q8_0", parallel=1))
                for context in range(wanted - wanted // _STEPS, LEAST_CONTEXT - 1, -max(256, wanted // _STEPS))
            ),
        ]
    else:
        # What reads notes is given pieces of them, whatever the context of the answers is.
        ways = [("fits", Wishes())]
    for verdict, wishes in ways:
        tuning = _tuned(model, room, wishes, reserved)
        if tuning is not None:
            yield ("fits_with_shorter_context" if model.kind == "chat" and wanted < asked else verdict), tuning
    forced = replace(ways[0][1], force=True)
    yield "does_not_fit", tune(model, mode=model.kind, machine=room, wishes=forced, reserved=reserved)


def _tuned(model: GgufModel, room: Machine, wishes: Wishes, reserved: int) -> Tuning | None:
    try:
        return tune(model, mode=model.kind, machine=room, wishes=wishes, reserved=reserved)
    except ModelUnavailableError:
        return None
