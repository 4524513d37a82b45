"""An answer that a client cannot use, and how one that it can use is counted, without a word of it."""

from __future__ import annotations


class UnreadableError(Exception):
    """The client could not use this answer. `hint` says what to do, when something can be done."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def said(text: str) -> str:
    """How long an answer is: its words may be from notes, and are nobody's business here."""
    if not text.strip():
        raise UnreadableError("the answer is empty")
    return f"answer of {counted(len(text), 'character')}"


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
