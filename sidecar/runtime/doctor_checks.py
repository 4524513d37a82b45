"""What a finding of the doctor is, and how sizes are said in it."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

Level: TypeAlias = Literal["ok", "note", "warning", "error"]
Check: TypeAlias = dict[str, Any]


def check(level: Level, text: str, hint: str | None = None) -> Check:
    """One finding; `hint` is what to do about it."""
    return {"level": level, "text": text, "hint": hint}


def size(count: int) -> str:
    """Bytes of memory as people say them, in powers of 1024; those of files and disks are said by `disk.as_size`."""
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
