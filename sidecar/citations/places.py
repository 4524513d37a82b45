"""What may be cited: the passages and the sections within them, found by the names that models give them."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from sidecar.language.terms import fold
from sidecar.prompt import Passage

_ALIAS_NAMES = frozenset({"alias", "aliases"})
# How like a heading that there is one must be that there is not, for the one to be meant by the other.
_NEAREST = 0.6
_MOST_NAME = 400
_MOST_LEVELS = 6
_SAYS = re.compile(r"^[ \t]*[^\s#][^\n]*", re.MULTILINE)
_LEAVES = re.compile(r"(?:^|/)\.\.(?:/|$)|^[/\\~]|^[A-Za-z]:|://|\0")


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """A section of a passage, or all of one: where it is in the passage's text, and what leads to it."""

    passage: Passage
    heading_path: tuple[str, ...]
    link: str
    start: int
    end: int

    @cached_property
    def heading(self) -> str:
        """The heading that its link leads to, folded; empty for a whole note."""
        return _plain(self.link.partition("#")[2])

    @cached_property
    def headings(self) -> frozenset[str]:
        return frozenset({_plain(heading) for heading in self.heading_path} | {self.heading} - {""})


class Places:
    """The places of some passages, by name."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._by_name: dict[str, list[Place]] = {}
        self.all: list[Place] = []
        for passage in passages:
            places = list(_places(passage))
            self.all += places
            for name in dict.fromkeys(_names(passage)):
                self._by_name.setdefault(name, []).extend(places)
        self._beginnings = tuple({*self._by_name, *(_plain(place.link) for place in self.all)})

    def of_note(self, target: str) -> list[Place]:
        """The places of the note that a wikilink target names, whatever heading it names."""
        name = _name(target.partition("#")[0])
        return self._by_name.get(name, []) if name else []

    def under(self, target: str) -> list[Place]:
        """The places under exactly the heading or block that a target names."""
        heading = target.partition("#")[2].rpartition("#")[2]
        wanted = _plain(heading.lstrip("^"))
        if not wanted:
            return []
        places = self.of_note(target)
        return [place for place in places if place.heading == wanted] or [
            place
            for place in places
            if wanted in place.headings or wanted in {fold(block) for block in place.passage.block_ids}
        ]

    def nearest(self, target: str) -> Place | None:
        """The place whose heading is most like the one that a target names, if one is like it, or is the only one."""
        places = self.of_note(target)
        wanted = _plain(target.partition("#")[2])[:_MOST_NAME]
        likeness = [difflib.SequenceMatcher(None, wanted, place.heading[:_MOST_NAME]).ratio() for place in places]
        best = max(range(len(places)), key=lambda index: likeness[index], default=None)
        if best is None:
            return None
        return places[best] if likeness[best] >= _NEAREST or len(places) == 1 else None

    def begins(self, text: str) -> bool:
        """Whether the name or link of a note may begin with the text."""
        start = _plain(text)
        return any(name.startswith(start) for name in self._beginnings)


def leaves_vault(target: str) -> bool:
    """Whether a target leads out of the vault, or to an address."""
    return _LEAVES.search(unquote(target).replace("\\", "/")) is not None


def _places(passage: Passage) -> Iterator[Place]:
    """All of a passage's first section, and each section that begins within; one of headings alone goes on to the end
    of the first below it that says something.
    """
    text = passage.text
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    begun = [min(section.start_line - passage.start_line, len(lines)) for section in passage.sections]
    starts = [0, *((*lines, len(text))[line] for line in begun)]
    ends = [*starts[1:], len(text)]
    said = [match.start() for match in _SAYS.finditer(text)]
    named = [(passage.heading_path, passage.link), *((each.heading_path, each.link) for each in passage.sections)]
    for number, (start, (heading_path, link)) in enumerate(zip(starts, named, strict=True)):
        first = bisect_left(said, start)
        last = bisect_right(ends, said[first]) if first < len(said) else number
        end = ends[last if last - number <= _MOST_LEVELS else number]
        yield Place(passage=passage, heading_path=heading_path, link=link, start=start, end=max(end, 1))


def _names(passage: Passage) -> Iterator[str]:
    path = passage.path
    yield from (_name(name) for name in (passage.title, path, path.rpartition("/")[2], passage.link.partition("#")[0]))
    for name, value in passage.properties:
        if name.lower() in _ALIAS_NAMES:
            yield from (_name(alias) for alias in (value, *value.strip("[]").split(",")))


def _name(text: str) -> str:
    return _plain(text).strip("/").removeprefix("./").removesuffix(".md")


def _plain(text: str) -> str:
    text = text[: 4 * _MOST_NAME]
    return fold(unquote(text) if "%" in text else text).strip().strip("\"'")
