"""Memory that was freed and that the C library keeps all the same, given back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Give freed memory back, where the C library is glibc, which alone has to be told; elsewhere nothing happens.

    Takes some milliseconds, during which other threads wait that allocate (malloc_trim(3)).
    """
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
