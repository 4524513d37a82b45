"""What a finding of the doctor is, and how sizes are said in it."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

Level: TypeAlias = Literal["ok", "note", "warning", "error"]
Check: TypeAlias = dict[str, Any]


def check(level: Level, text: str, hint: str | None = None) -> Check:
    """One finding; `hint` is what to do about it."""
    return {"level": level, "text": text, "hint": hint}


def size(count: int) -> str:
    """A number of bytes as people say it, in powers of 1024."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
