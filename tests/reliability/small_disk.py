"""A disk of a few megabytes that can run full, on a machine where the test may be anybody.

A process holds a mount namespace with a small tmpfs in it: root may mount, and so may anybody in a user namespace of
their own. What runs `under` it sees the disk at `path`; the test reaches the same files under the same path, which is a
link into the holder's root for everybody else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_NEEDED = ("unshare", "nsenter", "mount")
_HOLD = 'mount -t tmpfs -o size="$2",mode=700 none "$1" && mkdir "$1/disk" && echo ready && exec sleep 3600'
_PAGE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallDisk:
    """A folder on a disk of its own; `under` is what a program has to be run by to see it."""

    path: Path
    under: tuple[str, ...]

    @property
    def free(self) -> int:
        """Bytes that can still be written."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self, *, leave: int = 0) -> None:
        """Write until no more than `leave` bytes are free."""
        with contextlib.suppress(OSError), (self.path / "filler").open("ab", buffering=0) as file:
            while self.free - leave >= _PAGE:
                file.write(bytes(min(max(_PAGE, self.free - leave), 2**20)))

    def make_room(self) -> None:
        (self.path / "filler").unlink()


@contextlib.contextmanager
def small_disk(folder: Path, *, size: int) -> Iterator[SmallDisk]:
    """Make an empty disk of `size` bytes in a `folder` of its own; skips the test where that cannot be done."""
    if not sys.platform.startswith("linux") or any(shutil.which(program) is None for program in _NEEDED):
        pytest.skip("a small disk needs Linux with unshare, nsenter and mount")
    folder.mkdir()
    link = folder / "disk"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _HOLD, "sh", str(folder), str(size)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        if holder.stdout.readline() != b"ready\n":
            pytest.skip("a small disk needs the right to mount, or to make a user namespace that has it")
        link.symlink_to(f"/proc/{holder.pid}/root{link}")
        yield SmallDisk(path=link, under=_under(holder.pid))
    finally:
        holder.kill()
        holder.communicate()


def _under(pid: int) -> tuple[str, ...]:
    enter = ("nsenter", "--target", str(pid), "--user", "--mount", "--preserve-credentials")
    # Another root is another current folder, from which the package is found where it has not been installed.
    return (*enter, "sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(Path.cwd()))
