"""The bytes of a file that is being fetched, until all are there: on disk, in the checksum, and what they are bytes of.

Beside the file that will be lie `NAME.part` with the bytes so far, `NAME.part.json` with what they are bytes of, and
`NAME.part.lock`, held by the one process that writes. Nothing is thrown away but bytes whose file the hub no longer
has: a file that does not match its checksum is put aside as `NAME.damaged`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path

from filelock import FileLock, Timeout

from sidecar.errors import ModelUnavailableError
from sidecar.models.disk import writing_failed

PART = ".part"
DAMAGED = ".damaged"
_BLOCK = 1024 * 1024
_MAX_STATE = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What tells one content of a file from another. `None` where nobody says it."""

    etag: str | None
    """The hub's name for the content."""
    sha256: str | None
    host_etag: str | None
    """What the host of the bytes calls it; only a strong one, as ranges can be asked for with no other."""
    origin: str
    """Scheme, host and port of that host."""


def part_of(target: Path) -> Path:
    return target.with_name(target.name + PART)


def damaged_of(target: Path) -> Path:
    return target.with_name(target.name + DAMAGED)


def state_of(target: Path) -> Path:
    return target.with_name(f"{target.name}{PART}.json")


@contextmanager
def held(target: Path) -> Iterator[None]:
    """Be the only process that fetches or removes this file. Raises ModelUnavailableError when another one is at it."""
    file = target.with_name(f"{target.name}{PART}.lock")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file, timeout=0)
        lock.acquire()
    except Timeout:
        raise ModelUnavailableError(
            f"{target.name} is being fetched by another command.", hint="Wait for it, or stop it first."
        ) from None
    except OSError as error:
        raise writing_failed(error, target, have=0) from error
    try:
        yield
    finally:
        # Removed before it is let go, so that nobody's lock is; Windows removes no open file, and does it afterwards.
        _remove(file)
        lock.release()
        if os.name == "nt":
            _remove(file)


def begun(target: Path) -> tuple[int, Content | None]:
    """How many bytes of a file are there, and of what content they are; 0 where that is not known."""
    content = _read_state(state_of(target))
    try:
        return (part_of(target).stat().st_size if content is not None else 0), content
    except OSError:
        return 0, None


class PartFile:
    """The bytes so far. All of its methods raise ModelUnavailableError when the disk does not do as asked."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = part_of(target)
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """Of the bytes so far, in hexadecimal."""
        return self._digest.hexdigest()

    def take_up(self, size: int, on_read: Callable[[int], None]) -> None:
        """Begin with the first `size` bytes that are there, which are read for the checksum, and drop any others."""
        with self._opened() as file:
            file.truncate(size)
            while self.size < size:
                block = file.read(min(_BLOCK, size - self.size))
                if not block:
                    raise ModelUnavailableError(f"{self._path} has changed meanwhile.", hint="Try again.")
                self._digest.update(block)
                self.size += len(block)
                on_read(self.size)

    def start_anew(self) -> None:
        """Drop all bytes."""
        with self._opened() as file:
            file.truncate(0)
        _remove(state_of(self._target))
        self._digest, self.size = hashlib.sha256(), 0

    def remember(self, content: Content) -> None:
        """Write down what the bytes are of, so that a later command can go on."""
        try:
            state_of(self._target).write_text(json.dumps(asdict(content)) + "\n", encoding="utf-8")
        except OSError as error:
            raise writing_failed(error, self._path, have=self.size) from error

    def append(self, blocks: Iterator[bytes], on_written: Callable[[int], None]) -> None:
        """Add what comes, block by block; what was written stays whatever happens."""
        with self._opened() as file:
            file.seek(self.size)
            for block in blocks:
                left = memoryview(block)
                while left:
                    # A raw write may take less than it is given.
                    written = file.write(left)
                    self._digest.update(left[:written])
                    self.size += written
                    left = left[written:]
                on_written(self.size)

    def finish(self) -> None:
        """Put the file in its place, in one step, in place of what is there."""
        with self._opened() as file:
            os.fsync(file.fileno())
        try:
            self._path.replace(self._target)
        except PermissionError as error:
            # Windows replaces no file that is open.
            raise ModelUnavailableError(
                f"{self._target.name} cannot be replaced: {error.strerror or error}.",
                hint="Stop the server that uses it; the same command then goes on.",
            ) from error
        except OSError as error:
            raise writing_failed(error, self._target, have=self.size) from error
        _remove(state_of(self._target))
        _remove(damaged_of(self._target))

    def put_aside(self) -> Path:
        """Keep the file under another name, as one that is damaged."""
        aside = damaged_of(self._target)
        try:
            self._path.replace(aside)
        except OSError as error:
            raise writing_failed(error, aside, have=0) from error
        _remove(state_of(self._target))
        return aside

    @contextmanager
    def _opened(self) -> Iterator[FileIO]:
        try:
            # Without a buffer: what is counted as there is there. Not "a": that would write at the end alone.
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
            with FileIO(os.open(self._path, flags, 0o644), "r+") as file:
                yield file
        except OSError as error:
            raise writing_failed(error, self._path, have=self.size) from error


def _read_state(file: Path) -> Content | None:
    try:
        if file.stat().st_size > _MAX_STATE:
            return None
        state = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(state, dict) or not all(value is None or isinstance(value, str) for value in state.values()):
        return None
    return Content(
        etag=state.get("etag"),
        sha256=state.get("sha256"),
        host_etag=state.get("host_etag"),
        origin=state.get("origin") or "",
    )


def _remove(file: Path) -> None:
    # What is in use on Windows, or not ours, is in nobody's way.
    with suppress(OSError):
        file.unlink(missing_ok=True)
