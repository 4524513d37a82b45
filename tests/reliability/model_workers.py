"""The worker processes of a running server, and what can befall one: signals, nonsense on its pipe, an end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import psutil

from tests.serving import Server, until

Injury: TypeAlias = Callable[[psutil.Process], None]

LEAVES_WHEN_TOLD = "import os, signal\nsignal.signal(signal.SIGUSR1, lambda *_: os._exit(0))\n"
"""A `sitecustomize` for the server and its workers: an end with exit code 0 in the middle of the work."""


def workers(server: Server) -> list[psutil.Process]:
    """The processes that hold a model now, oldest first."""
    children = psutil.Process(server.process.pid).children()
    return sorted((each for each in children if _holds_model(each)), key=lambda each: each.create_time())


def _holds_model(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and "sidecar.llama.worker_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def newest_worker(server: Server, *, besides: set[int] = frozenset()) -> psutil.Process:  # type: ignore[assignment]  # read only
    """The worker that was started last, waited for."""
    return until(lambda: next((each for each in reversed(workers(server)) if each.pid not in besides), None))


def says(content: bytes) -> Injury:
    """Writes to the pipe that the server reads, between two frames of the worker's."""

    def write(worker: psutil.Process) -> None:
        descriptor = os.open(until(lambda: _pipe_out(worker.pid)), os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(descriptor, content)
        finally:
            os.close(descriptor)

    return write


def cut_off(worker: psutil.Process) -> None:
    """Begins a frame of a thousand bytes and dies in it."""
    says((1000).to_bytes(4, "big") + b"\0\0\0\x20{")(worker)
    worker.kill()


def signalled(number: signal.Signals) -> Injury:
    return lambda worker: worker.send_signal(number)


def _pipe_out(pid: int) -> Path | None:
    """The descriptor of the only pipe that it writes to and that is not its standard error."""
    folder = Path("/proc", str(pid), "fd")
    errors = _target(folder / "2")
    for path in folder.iterdir():
        target = _target(path)
        if target.startswith("pipe:") and target != errors and _written_to(folder.parent / "fdinfo" / path.name):
            return path
    return None


def _target(path: Path) -> str:
    """What a descriptor stands for; nothing once it is closed: a process that starts closes many."""
    with suppress(OSError):
        return str(path.readlink())
    return ""


def _written_to(facts: Path) -> bool:
    with suppress(OSError):
        return int(facts.read_text(encoding="ascii").split()[3], 8) & os.O_ACCMODE == os.O_WRONLY
    return False


DEATHS: Mapping[str, Injury] = {
    "killed": signalled(signal.SIGKILL),
    "a segmentation fault": signalled(signal.SIGSEGV),
    "aborted": signalled(signal.SIGABRT),
    "leaves with exit code 0": signalled(signal.SIGUSR1),
    "garbage": says(b"\xff" * 64),
    "text on its pipe": says(b"ggml_assert failed: a library prints where it should not\n"),
    "a short frame of nothing": says((16).to_bytes(4, "big") + b"\0\0\0\x0c" + b"\x80" * 12),
    "JSON that is no reply": says(
        (36).to_bytes(4, "big") + (32).to_bytes(4, "big") + b'{"event": "delta", "id": [1, 2]}'
    ),
    "JSON nested without end": says((50_004).to_bytes(4, "big") + (50_000).to_bytes(4, "big") + b"[" * 50_000),
    "dies in a frame": cut_off,
}
