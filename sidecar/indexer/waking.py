"""Whether the machine slept, or its clock was set, while something waited: then nobody told what happened meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass

# A busy machine wakes a waiting task late, though not by this much; a clock that is kept right is moved by far less.
_GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment on two clocks, in seconds: a steady one, which on Linux and macOS stands still while the machine
    sleeps, and that of the day.
    """

    steady: float
    wall: float


def moment() -> Moment:
    """Read both clocks."""
    return Moment(steady=time.monotonic(), wall=time.time())


def slept(before: Moment, after: Moment, *, waited: float) -> bool:
    """Say whether more happened between two moments than waiting for `waited` seconds.

    The clocks then disagree or, where the steady one goes on in sleep, both went too far. A clock that was set looks
    the same; it costs one look at the vault.
    """
    steady, wall = after.steady - before.steady, after.wall - before.wall
    return abs(wall - steady) > _GRACE_SECONDS or steady - waited > _GRACE_SECONDS
