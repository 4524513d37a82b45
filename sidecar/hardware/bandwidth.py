"""How fast main memory is read: what bounds the tokens a second of a model that answers one question."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from sidecar.hardware.machine import Machine, look

_BUFFER = 512 * 2**20
"""Bytes, several times the caches of most machines."""
_LEAST = 32 * 2**20
_SHARE = 8
"""At most this part of what is available is taken."""


def measure_bandwidth(seconds: float = 2.0, *, machine: Machine | None = None, size: int | None = None) -> float | None:
    """Read a large buffer with all cores for about `seconds`; gives the median pass, in bytes a second.

    `size` is the buffer's in bytes. `None` when memory is too short for a buffer that no cache holds.
    """
    import numpy as np  # only here: 20 MB that nothing else of the room needs

    machine = machine or look()
    size = size or min(_BUFFER, machine.available // _SHARE)
    if size < _LEAST:
        return None
    try:
        # Written, not only asked for: pages never written are all the same page of zeros.
        buffer = np.ones(size, dtype=np.uint8)
    except MemoryError:
        return None
    threads = max(1, machine.cores)
    rates: list[float] = []
    with ThreadPoolExecutor(threads) as pool:
        ends = time.perf_counter() + seconds
        while not rates or time.perf_counter() < ends:
            begun = time.perf_counter()
            # Of the reductions tried (sum, dot, or, max over several types) the maximum of bytes was the fastest.
            list(pool.map(np.max, np.array_split(buffer, threads)))
            rates.append(size / (time.perf_counter() - begun))
    return statistics.median(rates)
