"""Who asked for an answer, as the worker sees them: what they are told, and whether they still want it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sidecar.errors import SidecarError
from sidecar.llama.batching import Run
from sidecar.llama.choice import Event


@dataclass(slots=True, kw_only=True)
class Progress:
    """What has been done so far, readable when the work was given up half-way."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    evaluated_tokens: int = 0
    """Tokens of the prompt that were really computed."""
    generated_tokens: int = 0
    reasoning_tokens: int = 0
    """Those of the generated tokens that were a thought."""
    written_tokens: int = 0
    """Those of the generated tokens that are the first choice's."""
    writing_seconds: float = 0.0
    """From the first of these to the last."""


class Client:
    """Who asked: where the pieces of the answer go, and whether they are still wanted."""

    def __init__(
        self,
        *,
        begun: Callable[[], None],
        event: Callable[[int, Event], None],
        ended: Callable[[Progress, bool, SidecarError | None], None],
        cancelled: Callable[[], bool],
        spread: Callable[[Sequence[Run]], None],
    ) -> None:
        """`begun` is told that the work begins; `event` takes the choice's number and a piece; `ended`, called once,
        the counts, whether the request was given up, and what went wrong; `spread` the further choices, once the prompt
        has been evaluated.
        """
        self.begun = begun
        self.event = event
        self.ended = ended
        self.cancelled = cancelled
        self.spread = spread
