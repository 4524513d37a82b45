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
        return _of_ready(all_of_them)
    done, total = sum(each.done for each in unfinished), sum(each.total for each in unfinished)
    if total == 0:
        return f"Looking through {_vaults(len(unfinished))}", True
    return f"Indexing: {done:,} of {total:,} files in {_vaults(len(unfinished))}", True


def _of_ready(vaults: tuple[Progress, ...]) -> tuple[str, bool]:
    """Of vaults of which every file has been read: words find all of them, meaning those that have vectors."""
    done, total = sum(each.vectors_done for each in vaults), sum(each.vectors_total for each in vaults)
    if total > 0:
        return f"Ready for search by words; by meaning: {done:,} of {total:,} new passages so far", True
    if any(each.vectors_left for each in vaults):
        return "Ready for search by words; by meaning when mains power is back", False
    if any(each.embedding_problem for each in vaults):
        return "Ready for search by words alone: embedding stopped, `sidecar status` says why", False
    return (f"Ready: {_vaults(len(vaults))}" if vaults else "Ready: no vault is open"), False


def _vaults(number: int) -> str:
    return "1 vault" if number == 1 else f"{number:,} vaults"
