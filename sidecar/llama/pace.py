"""How long calls take here, and so how much of a prompt may be read while answers are being written."""

from __future__ import annotations

_LONGEST = 0.25
"""Seconds. A call that writes answers should take no longer for the prompt that is read beside them."""
_LEAST = 16
_WEIGHT = 0.3
"""Of the newest measurement."""


class Pace:
    """Learns that a call takes so long by itself, and so long for each token of a prompt. Seconds."""

    def __init__(self) -> None:
        self._call = 0.0
        self._token: float | None = None

    def measured(self, seconds: float, *, writing: int, reading: int) -> None:
        """A call took so long, with so many answers' single tokens and so many tokens of prompts in it."""
        if reading == 0 and writing:
            self._call = _mean(self._call or seconds, seconds)
        elif reading > _LEAST:
            token = max(seconds - self._call, 0.1 * seconds) / reading
            self._token = _mean(self._token if self._token is not None else token, token)

    def piece(self) -> int | None:
        """Tokens of prompts to be read beside answers; `None` when nothing was measured yet."""
        if not self._token:
            return None
        # Where a call by itself takes long already, twice as long is no worse than a second call.
        return max(_LEAST, int(max(_LONGEST - self._call, self._call) / self._token))


def _mean(known: float, new: float) -> float:
    return (1 - _WEIGHT) * known + _WEIGHT * new
