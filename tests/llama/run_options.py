"""How tests run models: on one thread, with what a test asks for."""

from __future__ import annotations

import time
from collections.abc import Callable

from sidecar.hardware.machine import Machine, look
from sidecar.llama.process import ProcessOptions
from sidecar.llama.settings import KvType
from sidecar.llama.tuning import Wishes


def run_options(
    *,
    threads: int = 1,
    context_length: int | None = None,
    parallel: int | None = None,
    kv_type: KvType | None = None,
    force: bool = False,
    available: int | None = None,
    keep_alive: float = 600.0,
    clock: Callable[[], float] = time.monotonic,
    load_deadline: float = 120.0,
    answer_deadline: float = 30.0,
) -> ProcessOptions:
    """Options of a process; `available` is a machine with so many bytes free, else it is this one."""
    wishes = Wishes(
        threads=threads, context_length=context_length, parallel=parallel, kv_type=kv_type, force=force
    )  # fmt: skip
    return ProcessOptions(
        wishes=wishes,
        keep_alive=keep_alive,
        look=look if available is None else lambda: Machine(total=available, available=available, cores=1),
        clock=clock,
        load_deadline=load_deadline,
        answer_deadline=answer_deadline,
    )
