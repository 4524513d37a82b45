"""What an answer cites: the places in its text, and the passages that it rests on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A citation's place in the answer's text, in characters, end exclusive, and the file that it leads to."""

    url: str
    title: str
    start_index: int
    end_index: int
    vault: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedSource:
    """A stretch of a note that the answer rests on, and the section it is in. Lines count from 1, both included;
    `start_column` is how many characters of the passage's first line stand before the quote.
    """

    path: str
    title: str
    heading_path: tuple[str, ...]
    start_line: int
    end_line: int
    quote: str
    score: float
    uri: str
    link: str
    start_column: int = 0
