"""The HTTP server: uvicorn with explicit limits, on a socket that is already bound, until it is told to stop.

On the stop, open streams are told first and get their last event; only then does uvicorn drain. By default it would
wait for them: it was still running 20 s after SIGTERM with one open stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Generator, Iterator
from types import FrameType

import uvicorn

from sidecar.api.app import App
from sidecar.api.connection import MAX_HEADER_BYTES, Connection

_IDLE_SECONDS = 65
"""How long a kept-alive connection may idle: longer than the pools of common clients, which else meet a closed one."""
_GRACE_SECONDS = 3
_STOPPING_SECONDS = 5
"""How long a stop may take: until then, being told again changes nothing."""
_NOTICED_WITHIN = 30
_OPEN_FILES = 4096


async def serve(
    app: App,
    sock: socket.socket,
    *,
    on_started: Callable[[], None],
    stop: asyncio.Event,
    connection: type[Connection] = Connection,
) -> None:
    """Serve until `stop` is set, then end open streams and return, within about five seconds; closes `sock`.

    `on_started` is called once, when connections are accepted. Signals are the caller's: see `stop_on_signals`.
    """
    raise_file_limit()
    config = uvicorn.Config(
        app,
        http=connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
    await _Server(config, app=app, stop=stop, on_started=on_started).serve(sockets=[sock])


@contextlib.contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` on the first SIGINT, SIGTERM or SIGHUP (a closed terminal), and on Ctrl-Break on Windows.

    After it, another Ctrl-C acts as it always does. Of the others a second one is passed over for as long as the stop
    may take, after the block too: shell and system both tell of a closed terminal, and some supervisors tell twice.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _stop_signals()}
    asked_at: float | None = None

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal asked_at
        if asked_at is None:
            asked_at = loop.time()
            signal.signal(signal.SIGINT, before[signal.SIGINT])
            loop.call_soon_threadsafe(stop.set)
        elif loop.time() - asked_at > _STOPPING_SECONDS:
            signal.signal(number, before[signal.Signals(number)])
            signal.raise_signal(number)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            if asked_at is None or number == signal.SIGINT:
                signal.signal(number, handler)


def _stop_signals() -> list[signal.Signals]:
    if sys.platform == "win32":
        return [signal.SIGINT, signal.SIGTERM, signal.SIGBREAK]
    # Under `nohup` a closed terminal is none of its business.
    ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if ignored else [signal.SIGHUP])]


def raise_file_limit() -> None:
    """Allow enough open files for a few hundred streams: macOS starts login services with 256."""
    if sys.platform == "win32":
        return
    import resource  # does not exist on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server(uvicorn.Server):
    """uvicorn's server, with the stop of ours: no signal handlers, no polling."""

    def __init__(
        self, config: uvicorn.Config, *, app: App, stop: asyncio.Event, on_started: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._app = app
        self._stop = stop
        self._on_started = on_started

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        await self.on_tick(0)
        self._on_started()

    async def main_loop(self) -> None:
        # uvicorn wakes ten times a second to keep its Date header true; a login service should sleep, and ours is made
        # with each answer. A signal that came to another thread than this one is noticed when this one wakes.
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_NOTICED_WITHIN):
                    await self._stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.stop()
        await super().shutdown(sockets=sockets)
