"""What becomes of a piece of an answer: what is shown of it, whether it is a link, or that more must come first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class More(Exception):  # noqa: N818  # no error: more text must come first
    """What stands here cannot be told yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A citation: what is linked, as the room that made it knows it."""

    place: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The text up to `end` has been read and is shown as `shown`; with `again`, that is read once more."""

    end: int
    shown: str
    again: bool = False
    link: Link | None = None
    loose_backslash: bool = False


class Linker(Protocol):
    """Knows what may be cited."""

    def link(self, target: str, alias: str, *, embed: bool) -> tuple[str, Link | None] | None:
        """How a wikilink is shown; `None` when it leads nowhere."""

    def named(self, text: str) -> str | None:
        """The target of the note that a text in other brackets names, and nothing else."""

    def begins(self, text: str) -> bool:
        """Whether a name may begin so."""

    def footnote(self, label: str) -> str:
        """The label of a footnote of the answer's own."""


def wait(*, final: bool) -> None:
    """Ask for more text, unless none comes: raises More."""
    if not final:
        raise More
