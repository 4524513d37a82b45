"""Sidecar's own files on the disk: how a child process is started from the same ones, and whether they still are those
that this program was started from.

An update replaces them under a server that runs. A child process started after that would be of the new version and its
parent of the old one, and what they say to each other would be misread: notes would count as unreadable.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sidecar.errors import ProgramReplacedError

_HERE = Path(__file__).parent
# The package is loaded from its place: another Sidecar may be installed, and would be found first. The folder around it
# is added at the end, for its dependencies. -P keeps the current folder off the import path: it may be a vault with a
# json.py in it.
_BOOTSTRAP = """
import sys
from importlib.util import module_from_spec, spec_from_file_location
sys.path.append({around!r})
spec = spec_from_file_location("sidecar", {init!r}, submodule_search_locations=[{package!r}])
sys.modules["sidecar"] = module_from_spec(spec)
spec.loader.exec_module(sys.modules["sidecar"])
{run}
"""


def child_command(run: str) -> list[str]:
    """The command line of a process that runs these lines of Python, in which `sidecar` is this one."""
    code = _BOOTSTRAP.format(around=str(_HERE.parent), init=str(_HERE / "__init__.py"), package=str(_HERE), run=run)
    return [sys.executable, "-P", "-c", code]


class OwnFiles:
    """The program's files as they were when this was made; make it when the program starts."""

    def __init__(self, folder: Path = _HERE) -> None:
        """`folder` is the package's; looking at its some 600 files takes about ten milliseconds."""
        self._folder = folder
        self._seen = frozenset(_stamps(folder))

    def require_same(self) -> None:
        """Raise ProgramReplacedError when a file has been replaced, added or removed since."""
        if frozenset(_stamps(self._folder)) != self._seen:
            raise ProgramReplacedError(
                "Sidecar was updated while it ran, so no new process of it can be started.",
                hint="Restart it: `sidecar service restart`, or stop it and start it again.",
            )


def _stamps(folder: Path) -> Iterator[tuple[str, int, int]]:
    for path in folder.rglob("*.py"):
        try:
            status = path.stat()
        except OSError:
            # It is being replaced just now.
            continue
        yield str(path), status.st_size, status.st_mtime_ns
