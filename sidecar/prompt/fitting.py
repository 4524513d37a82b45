"""Which passages a window has room for, and how much of each.

Mentioned notes come first, whole where they fit; of what they leave, at least a fifth of the room where there is that
much to say, the others take by rank: first what was found of each, then what was added around it. What does not fit
whole is shortened. Tokens are counted once for each whole passage; of a part they are estimated by its letters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sidecar.prompt.passage import Passage
from sidecar.prompt.rendering import render
from sidecar.prompt.shortening import shortened
from sidecar.prompt.slicing import core

# A mentioned note that is longer than the window leaves this share of the room to what was found elsewhere.
_SHARE_OF_OTHERS = 5
_LEAST_ROOM = 24
# The least share of a passage that is worth having in the place of smaller ones further down.
_LEAST_SHARE = 3
# Tokens are not spread evenly over a text.
_MARGIN = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A passage as it goes in, in one or several pieces, best first; `whole` when nothing that was found is missing."""

    pieces: tuple[Passage, ...]
    needed: int
    whole: bool


@dataclass(slots=True)
class _Room:
    """What is left of the room, and what is in it, by the passages' places."""

    passages: Sequence[Passage]
    tokens: Sequence[int]
    question: str
    left: int
    fitted: dict[int, Fitted] = field(default_factory=dict)

    def put(self, place: int, passage: Passage, needed: int, *, whole: bool) -> bool:
        before = self.fitted[place].needed if place in self.fitted else 0
        if needed - before > self.left:
            return False
        self.left -= needed - before
        self.fitted[place] = Fitted(pieces=(passage,), needed=needed, whole=whole)
        return True

    def needs(self, place: int, part: Passage) -> int:
        """The tokens of a part of a passage, by its share of the letters."""
        whole = self.passages[place]
        if part == whole:
            return self.tokens[place]
        return min(self.tokens[place], _share(self.tokens[place], len(render(part)), len(render(whole))))

    def shorten(self, place: int, granted: int) -> None:
        """Put as much of a passage in as fits into so many tokens."""
        whole = self.passages[place]
        length = len(render(whole))
        head = len(render(replace(whole, text="", embedded=(), sections=())))
        characters = int(length * granted / (max(1, self.tokens[place]) * _MARGIN)) - head
        if pieces := shortened(whole, characters=characters, question=self.question):
            needed = sum(len(render(each)) for each in pieces)
            self.left -= (needed := min(granted, _share(self.tokens[place], needed, length)))
            self.fitted[place] = Fitted(pieces=pieces, needed=needed, whole=False)


def fitted(passages: Sequence[Passage], tokens: Sequence[int], *, room: int, question: str = "") -> dict[int, Fitted]:
    """What of each passage fits into `room` tokens, by its place; those of which nothing does are absent."""
    if sum(tokens) <= room:
        return {n: Fitted(pieces=(each,), needed=tokens[n], whole=True) for n, each in enumerate(passages)}
    mentioned = [place for place, passage in enumerate(passages) if passage.mentioned]
    others = [place for place, passage in enumerate(passages) if not passage.mentioned]
    space = _Room(passages, tokens, question, room)
    kept = min(room // _SHARE_OF_OTHERS, sum(tokens[place] for place in others))
    space.left -= kept
    _put_mentioned(space, mentioned)
    space.left += kept
    _put_others(space, others)
    _fill_up(space, [*mentioned, *others])
    return space.fitted


def fit(passages: Sequence[Passage], tokens: Sequence[int], *, room: int, question: str = "") -> list[Passage]:
    """The passages that fit into `room` tokens, in their order, each whole or in the pieces that there is room for."""
    return _flat(fitted(passages, tokens, room=room, question=question))


def cut(passages: Sequence[Passage], tokens: Sequence[int], *, room: int, question: str = "") -> list[Passage]:
    """What fits of the first passage alone."""
    return fit(passages[:1], tokens[:1], room=room, question=question)


def _flat(chosen: dict[int, Fitted]) -> list[Passage]:
    return [each for place in sorted(chosen) for each in chosen[place].pieces]


def _put_mentioned(space: _Room, places: Sequence[int]) -> None:
    """The shortest first, each at most its even share of what is left."""
    for done, place in enumerate(sorted(places, key=lambda place: space.tokens[place])):
        granted = space.left // (len(places) - done)
        if space.tokens[place] <= granted:
            space.put(place, space.passages[place], space.tokens[place], whole=True)
        elif granted >= _LEAST_ROOM:
            _put_part(space, place, granted)


def _put_others(space: _Room, places: Iterable[int]) -> None:
    for place in places:
        if space.left < _LEAST_ROOM:
            return
        if not _put_part(space, place, space.left) and (
            not space.fitted or space.left * _LEAST_SHARE >= space.tokens[place]
        ):
            space.shorten(place, space.left)


def _put_part(space: _Room, place: int, granted: int) -> bool:
    """Put in what was found of a passage, without what it embeds. A mentioned note was found whole."""
    whole = space.passages[place]
    part = replace(core(whole), embedded=())
    needed = space.needs(place, part)
    if needed <= granted:
        return space.put(place, part, needed, whole=not whole.embedded)
    if whole.mentioned:
        space.shorten(place, granted)
    return False


def _fill_up(space: _Room, places: Iterable[int]) -> None:
    """Add, by rank, what is embedded and what stands around."""
    for place in places:
        current = space.fitted.get(place)
        if current is None or len(current.pieces) != 1 or current.pieces[0] == space.passages[place]:
            continue
        if not current.whole and current.pieces[0] != replace(core(space.passages[place]), embedded=()):
            continue
        for part in (space.passages[place], core(space.passages[place])):
            if space.put(place, part, space.needs(place, part), whole=True):
                break


def _share(tokens: int, part: int, whole: int) -> int:
    return math.ceil(_MARGIN * tokens * part / max(1, whole))
