"""How fast a model should answer on this machine, and what to say when it was measured."""

from __future__ import annotations

EFFICIENCY = 0.6
"""The part of the bandwidth that llama.cpp reaches when it makes one token after the other: 0.4 to 0.8 measured on made
models of 16 and 32 bits and quantised ones, beside other work on the machine; the median was 0.6."""
_CLOSE = 1.3


def expected_speed(*, bandwidth: float, bytes_per_token: int, efficiency: float = EFFICIENCY) -> float | None:
    """Tokens a second of one conversation, its prompt left out; `None` when nothing is read for a token.

    `bandwidth` in bytes a second: each token has all of the model's active weights and its cache read once.
    """
    return bandwidth * efficiency / bytes_per_token if bytes_per_token > 0 else None


def compare(expected: float, measured: float) -> str:
    """Say in a sentence how a measured speed stands to the expected one, both in tokens a second."""
    figures = f"{_figure(measured)} tokens/s measured, {_figure(expected)} expected"
    if measured <= 0 or expected <= 0:
        return f"{figures}."
    ratio = measured / expected
    if ratio > _CLOSE:
        return f"{figures}: faster than the memory alone lets expect, so part of the model is in caches or on a GPU."
    if ratio * _CLOSE < 1:
        return f"{figures}: something slows it down, such as other programs, swapping, or too few or too many threads."
    return f"{figures}: as it should be."


def _figure(rate: float) -> str:
    return f"{rate:.1f}" if rate < 20 else f"{rate:,.0f}"
