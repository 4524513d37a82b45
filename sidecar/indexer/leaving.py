"""The files of a vault that are left unread for now, because the machine runs on its battery."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from sidecar.index.store import LedgerEntry
from sidecar.indexer.comparing import inside, unseen
from sidecar.vault.files import VaultFile


def can_wait(files: Sequence[VaultFile], ledger: Mapping[str, LedgerEntry], lost: Iterable[LedgerEntry]) -> set[str]:
    """Which of the files may be read later without a note staying findable that should not be.

    What is indexed cannot wait: only reading tells whether it has become private. Nor can what has the size of a lost
    note, which may be that note under another name: its rows would be deleted, and made anew.
    """
    sizes = {entry.file.size for entry in lost}
    return {
        file.path
        for file in files
        if file.size not in sizes and ((known := ledger.get(file.path)) is None or known.status != "indexed")
    }


class LeftFiles:
    """What was left, for as long as it is there and unread."""

    def __init__(self) -> None:
        self._unseen: dict[str, bool] = {}

    def __len__(self) -> int:
        return len(self._unseen)

    def leave(self, files: Iterable[VaultFile], ledger: Mapping[str, LedgerEntry]) -> None:
        """Remember files that are not read now."""
        self._unseen.update({file.path: unseen(file, ledger) for file in files})

    def take(self, paths: Iterable[str]) -> None:
        """Forget files that are read now."""
        for path in paths:
            self._unseen.pop(path, None)

    def keep(self, files: Iterable[VaultFile], *, below: Container[str]) -> None:
        """Of what lies in the folders `below`, forget all but these files: the rest is gone, or as it was before."""
        there = {file.path for file in files}
        self._unseen = {p: new for p, new in self._unseen.items() if p in there or not inside(p, below)}

    def unseen_beside(self, files: Iterable[VaultFile]) -> int:
        """How many of them the ledger has never seen, without those that are in `files`."""
        among = {file.path for file in files}
        return sum(new for path, new in self._unseen.items() if path not in among)
