"""What the folder and the ledger say of each other: pure comparisons, without disk or database."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sidecar.index.store import FileState, LedgerEntry
from sidecar.indexer.parse_result import ParseResult
from sidecar.vault.files import NOT_DOWNLOADED, Excluded, VaultFile

# What stands for a file that has to be read again whatever its size and time.
_UNREAD = FileState(size=-1, mtime_ns=-1, content_hash=None)


def changed(file: VaultFile, known: LedgerEntry | None) -> bool:
    """Whether a file has to be looked at: size and times are only a hint, the hash of its bytes decides later.

    What puts a file's modification time back, as programs that synchronise do, still changes the other time.
    """
    return (
        known is None
        or known.file.content_hash is None
        or (known.file.mtime_ns, known.file.ctime_ns, known.file.size) != (file.mtime_ns, file.ctime_ns, file.size)
    )


def touched(file: VaultFile, known: LedgerEntry) -> bool:
    """Whether a file was written to since it was read, as far as its size and times tell."""
    seen = (known.file.mtime_ns, known.file.ctime_ns, known.file.size)
    return seen != (file.mtime_ns, file.ctime_ns, file.size)


def newly_excluded(excluded: Excluded, known: LedgerEntry | None) -> bool:
    """A note that the cloud has taken off this disk stays searchable: its text is still the user's, only elsewhere."""
    if known is None:
        return True
    if excluded.rule == NOT_DOWNLOADED and known.status == "indexed":
        return False
    return (known.status, known.reason) != ("excluded", excluded.rule)


def unseen(file: VaultFile, ledger: Mapping[str, LedgerEntry]) -> bool:
    """Whether the ledger has never seen a file, or one of two indexes has not."""
    known = ledger.get(file.path)
    return known is None or known.file == _UNREAD


def moves(results: Sequence[ParseResult], lost: Mapping[str, LedgerEntry]) -> dict[str, str]:
    """For each note with the bytes of a lost one, the path that that one had."""
    by_hash: dict[bytes, list[str]] = {}
    for path, entry in lost.items():
        if entry.status == "indexed" and entry.file.content_hash:
            by_hash.setdefault(entry.file.content_hash, []).append(path)
    moves: dict[str, str] = {}
    for result in results:
        paths = by_hash.get(result.content_hash) if result.parsed is not None and result.content_hash else None
        if paths and result.path not in lost:
            moves[result.path] = paths.pop()
    return moves


def disputed(one: LedgerEntry | None, two: LedgerEntry | None) -> LedgerEntry:
    """What holds of a file on which two indexes differ: that it has to be read again."""
    known = [entry for entry in (one, two) if entry is not None]
    # "indexed" when it is so anywhere: then a rule that excludes the note still has text to remove.
    chosen = next((entry for entry in known if entry.status == "indexed"), known[0])
    return replace(chosen, reason=None, file=_UNREAD)


def inside(path: str, folders: Container[str]) -> bool:
    """Whether a path is one of the folders or lies in one; everything lies in the folder of no name."""
    return "" in folders or path in folders or any(above in folders for above in _above(path))


def outermost(folders: Iterable[str]) -> list[str]:
    """The folders without those that lie inside another one of them."""
    wanted = {folder.rstrip("/") for folder in folders}
    if "" in wanted:
        return [""]
    return sorted(folder for folder in wanted if not any(above in wanted for above in _above(folder)))


def _above(path: str) -> Iterator[str]:
    end = path.rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)
