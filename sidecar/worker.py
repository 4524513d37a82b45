"""A child process spoken to over its own standard pipes, one length-prefixed frame at a time.

What runs here: hostile bytes (parsing) and native code that may abort (llama.cpp) run in a child, so that the server
lives on. Frames are opaque bytes in both directions; each user of this module chooses their encoding. Ordering is that
of the pipe. Missing on purpose: restarts and back-off, which belong to whoever knows what a crash means.

The parent's side is `Worker`; the child's side is `serve_frames`. A child ends when its standard input closes, and on
Linux also when its parent dies without closing anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO

from sidecar.errors import WorkerCrashedError, WorkerTimeoutError

_LENGTH = struct.Struct(">I")
MAX_FRAME = 256 * 1024 * 1024
"""Bytes. A length above it means that the other side is writing garbage."""
_STDERR_LINES = 40
_CLEARED = 1.0
"""Seconds in which the system clears a killed process away. One that waits for a dead disk or driver cannot be killed:
nobody waits for it."""


class Worker:
    """A running child process. Not for several tasks at once: one owner sends, one owner receives."""

    def __init__(self, process: asyncio.subprocess.Process, *, name: str) -> None:
        self._process = process
        self._name = name
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._drain = asyncio.create_task(self._drain_stderr())

    @classmethod
    async def start(cls, argv: Sequence[str], *, name: str, env: Mapping[str, str] | None = None) -> Worker:
        """Start `argv`. `name` stands in error messages; `env` replaces the environment, `None` inherits it.

        Raises WorkerCrashedError when the program cannot be started at all.
        """
        options: dict[str, object] = {}
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        else:
            # Ctrl-C in the terminal is the parent's to handle: it stops its children in order.
            options["start_new_session"] = True
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=None if env is None else dict(env),
                limit=2**20,
                **options,  # type: ignore[arg-type]  # typeshed has no common type for the platforms' options
            )
        except OSError as error:
            raise WorkerCrashedError(f"The {name} process could not be started: {error}.") from error
        return cls(process, name=name)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the child runs. Asks the system where it can: asyncio hears of a death only some turns later."""
        if self._process.returncode is not None:
            return False
        if sys.platform == "win32" or not hasattr(os, "waitid"):
            return True
        try:
            # WNOWAIT leaves the exit code for asyncio to collect.
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            return False

    @property
    def stderr_tail(self) -> str:
        """The last lines that the child wrote to its standard error. May quote what it worked on: not for logs."""
        return "\n".join(self._stderr)

    async def send(self, frame: bytes) -> None:
        """Write one frame. Raises WorkerCrashedError when the child is gone."""
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(_LENGTH.pack(len(frame)) + frame)
            await stdin.drain()
        except (BrokenPipeError, ConnectionResetError, RuntimeError):
            raise await self._crashed() from None

    async def receive(self, *, timeout: float | None) -> bytes:
        """Read one frame; `timeout` in seconds, `None` waits for ever.

        Raises WorkerTimeoutError after killing a child that did not answer, WorkerCrashedError when it is gone.
        """
        stdout = self._process.stdout
        assert stdout is not None
        try:
            async with asyncio.timeout(timeout):
                (length,) = _LENGTH.unpack(await stdout.readexactly(_LENGTH.size))
                if length > MAX_FRAME:
                    self.kill()
                    raise WorkerCrashedError(f"The {self._name} process wrote garbage and was stopped.")
                return await stdout.readexactly(length)
        except TimeoutError:
            self.kill()
            raise WorkerTimeoutError(
                f"The {self._name} process did not answer within {timeout:g} s and was stopped."
            ) from None
        except (asyncio.IncompleteReadError, ConnectionResetError):
            raise await self._crashed() from None

    async def stop(self, *, grace: float = 2.0) -> None:
        """Close the child's input, wait `grace` seconds, then kill it. Takes a second more at most. Idempotent."""
        stdin = self._process.stdin
        if stdin is not None and not stdin.is_closing():
            stdin.close()
        await self._ended(grace)
        self._drain.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._drain

    def kill(self) -> None:
        """Kill the child now; `stop` still has to be awaited."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _crashed(self) -> WorkerCrashedError:
        code = await self._ended(1.0)
        how = "it cannot be cleared away" if code is None else describe_exit(code)
        return WorkerCrashedError(f"The {self._name} process ended: {how}.", exit_code=code)

    async def _ended(self, grace: float) -> int | None:
        """The exit code of a child that has `grace` seconds to leave, and is killed then; `None` when that fails."""
        for seconds in (grace, _CLEARED):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    return await self._process.wait()
            self.kill()
        return None

    async def _drain_stderr(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        # Read in blocks, not lines: a native library may write megabytes without a line end.
        while block := await stderr.read(65536):
            self._stderr.extend(block.decode("utf-8", "replace")[-8192:].splitlines())


def describe_exit(code: int) -> str:
    """Say an exit code in words: the signal's name for a negative one."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"


class FrameChannel:
    """The child's side of the pipes. `write` may be called from several threads when the caller holds a lock."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO) -> None:
        self._reader = reader
        self._writer = writer

    def __iter__(self) -> Iterator[bytes]:
        """Frames from the parent, until it closes the pipe."""
        while True:
            head = self._reader.read(_LENGTH.size)
            if len(head) < _LENGTH.size:
                return
            (length,) = _LENGTH.unpack(head)
            frame = self._reader.read(length)
            if len(frame) < length:
                return
            yield frame

    def write(self, frame: bytes) -> None:
        """Send one frame to the parent."""
        self._writer.write(_LENGTH.pack(len(frame)) + frame)
        self._writer.flush()


def serve_frames(main: Callable[[FrameChannel], None]) -> None:
    """Run `main` in a child process with the channel to its parent.

    File descriptor 1 is pointed at standard error first, so that nothing a library prints can break the framing.
    """
    _die_with_parent()
    reader = os.fdopen(os.dup(0), "rb")
    writer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    with contextlib.suppress(BrokenPipeError):
        main(FrameChannel(reader, writer))


def _die_with_parent() -> None:
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    # PR_SET_PDEATHSIG (1), prctl(2): a parent killed with SIGKILL closes nothing that a hung child would notice.
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
