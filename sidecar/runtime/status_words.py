"""The words of a vault's status that its readers share: the lists that can be asked for, a closed vault, counts.

Nothing of the index is behind it, so that a command which asks a running server loads none of that.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

LedgerList: TypeAlias = Literal["excluded", "failed", "problems", "unresolved"]
LEDGER_LISTS: tuple[LedgerList, ...] = get_args(LedgerList)
CLOSED = "closed"
"""The phase of a vault that is not open."""


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it is not one."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
