"""The line that tells what a running server does: `systemctl --user status sidecar` shows it."""

from __future__ import annotations

from collections.abc import Iterable

from sidecar.indexer.progress import Progress


def describe(vaults: Iterable[Progress]) -> tuple[str, bool]:
    """Say how far the indexing of all vaults is, or that all is ready, and whether that is about to change. Names no
    vault: the line goes into the system's journal.
    """
    all_of_them = tuple(vaults)
    unfinished = [progress for progress in all_of_them if not progress.ready]
    if not unfinished:
        return (f"Ready: {_vaults(len(all_of_them))}" if all_of_them else "Ready: no vault is open"), False
    done, total = sum(each.done for each in unfinished), sum(each.total for each in unfinished)
    if total == 0:
        return f"Looking through {_vaults(len(unfinished))}", True
    return f"Indexing: {done:,} of {total:,} files in {_vaults(len(unfinished))}", True


def _vaults(number: int) -> str:
    return "1 vault" if number == 1 else f"{number:,} vaults"
