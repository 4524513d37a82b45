"""How long a model whose process keeps dying is left alone."""

from __future__ import annotations

import math
from collections.abc import Callable

from sidecar.errors import ModelUnavailableError

MAX_BACK_OFF = 30.0
"""Seconds."""


class BackOff:
    """Counts deaths since the last success. `clock` in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._retry_at = -math.inf
        self._reason = ""

    @property
    def reason(self) -> str | None:
        """Why the last process died; `None` once an answer has come to its end since."""
        return self._reason if self._failures else None

    def failed(self, reason: str) -> None:
        """A process died. The first time after a success costs nothing: one bad moment is not a crash loop."""
        delay = min(MAX_BACK_OFF, 2.0 ** (self._failures - 1)) if self._failures else 0.0
        self._failures += 1
        self._retry_at = self._clock() + delay
        self._reason = reason

    def succeeded(self) -> None:
        """An answer came to its end."""
        self._failures = 0

    def refuse(self) -> None:
        """Raise ModelUnavailableError, saying why and for how long, while it is too early for another start."""
        left = self._retry_at - self._clock()
        if left > 0:
            raise ModelUnavailableError(
                self._reason, hint=f"It is started again in {math.ceil(left)} s.", retry_after=left
            )
