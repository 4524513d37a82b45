"""A copy of a vault's indexes, for an evaluation beside a running server: it neither waits for the lock nor changes
what the server has open.
"""

from __future__ import annotations

from pathlib import Path

import apsw

from sidecar.errors import IndexUnavailableError
from sidecar.index.database import connect


def copy_indexes(source: Path, target: Path) -> int:
    """Copy the index files of a folder into another one, each as of one moment, and say how many there are.

    Raises IndexUnavailableError, as on a full disk.
    """
    target.mkdir(parents=True, exist_ok=True)
    files = sorted(source.glob("index-*.db"))
    for file in files:
        try:
            _copy(file, target / file.name)
        except (OSError, apsw.Error) as error:
            raise IndexUnavailableError(
                f"The index {file.name} cannot be copied to {target}: {error}.",
                hint="The copy needs as much room as the index. Without a running server none is made.",
            ) from error
    return len(files)


def _copy(source: Path, target: Path) -> None:
    reading = connect(source, writable=False)
    try:
        writing = apsw.Connection(str(target))
        try:
            with writing.backup("main", reading, "main") as backup:
                # In one step: between two, a writer could change the source, and the copying would begin anew.
                backup.step(-1)
        finally:
            writing.close()
    finally:
        reading.close()
