from __future__ import annotations

from dataclasses import replace

import pytest

from sidecar.index.store import FileState, LedgerEntry
from sidecar.indexer.comparing import changed
from sidecar.vault.files import VaultFile

FILE = VaultFile(path="Note.md", size=3, mtime_ns=5, ctime_ns=7)
KNOWN = LedgerEntry(
    path="Note.md", status="indexed", reason=None, file=FileState(size=3, mtime_ns=5, ctime_ns=7, content_hash=b"h")
)


def test_a_file_as_it_was_read_is_not_read_again() -> None:
    assert not changed(FILE, KNOWN)


@pytest.mark.parametrize(
    "now",
    [
        replace(FILE, size=4),
        replace(FILE, mtime_ns=6),
        replace(FILE, mtime_ns=4),  # a clock that was set back, or an older version brought back
        replace(FILE, mtime_ns=-1),
        replace(FILE, ctime_ns=8),  # edited, and its time put back by the program that did it
        replace(FILE, ctime_ns=6),
    ],
)
def test_a_file_of_which_size_or_a_time_differs_is_read_again(now: VaultFile) -> None:
    assert changed(now, KNOWN)


def test_a_file_that_is_new_or_was_never_read_to_its_end_is_read() -> None:
    assert changed(FILE, None)
    assert changed(FILE, replace(KNOWN, file=replace(KNOWN.file, content_hash=None)))
