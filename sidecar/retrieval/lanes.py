"""The lanes of a search: which ways of finding and ordering take part, so that each one's share can be measured."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """What takes part in a search; all of it, unless a measurement leaves something out."""

    words: bool = True
    """Chunks that have terms of the query."""
    vectors: bool = True
    """Chunks whose vector is near that of the query."""
    names: bool = True
    """Notes whose title or alias the query says."""
    phrases: bool = True
    """Chunks in which words of the query stand together."""
    dates: bool = True
    """Notes of the days that the query means."""
    graph: bool = True
    """Notes that are linked with what was found."""
    rerank: bool = True
    """A model that orders the best hits again."""

    def without(self, name: str) -> Lanes:
        """These lanes but one. Raises TypeError for a lane that does not exist."""
        return replace(self, **{name: False})

    def only(self, *names: str) -> Lanes:
        """Those of these lanes that are named. Raises TypeError for a lane that does not exist."""
        return Lanes(**dict.fromkeys(LANES, False) | {name: getattr(self, name, True) for name in names})


LANES = tuple(field.name for field in fields(Lanes))
"""The lanes by name, in the order in which they are told."""
