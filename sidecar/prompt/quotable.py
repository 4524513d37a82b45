"""Passages as models that quote need them, and as far as another machine may have them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sidecar.inference.model import Source
from sidecar.prompt.passage import Passage


def sources(passages: Sequence[Passage]) -> tuple[Source, ...]:
    """The passages as models that quote need them, best first: what was found of each, under its own section's link."""
    found = [source for passage in passages for source in _sources(passage)]
    # Parts of a passage have scores of their own; passages without parts stay in the order that they have.
    return tuple(sorted(found, key=lambda source: -source.score) if any(p.matched for p in passages) else found)


def leaving(passages: Sequence[Passage]) -> tuple[list[Passage], int]:
    """The passages that may be sent to another machine, without what they embed of notes that may not; and how many
    notes that leaves out.
    """
    everything = [each for passage in passages for each in (passage, *passage.embedded)]
    withheld = {(each.vault, each.path) for each in everything if each.local}
    sent = [
        replace(passage, embedded=tuple(each for each in passage.embedded if not each.local))
        for passage in passages
        if not passage.local
    ]
    return sent, len(withheld)


def _sources(passage: Passage) -> Iterator[Source]:
    if not passage.matched:
        yield _source(passage)
    for matched in passage.matched:
        yield replace(
            _source(passage),
            link=matched.link,
            heading_path=matched.heading_path,
            text=passage.text[matched.start : matched.end],
            score=matched.score,
            lead=passage.lead if matched.start == 0 else "",
        )


def _source(passage: Passage) -> Source:
    return Source(
        link=passage.link,
        title=passage.title,
        heading_path=passage.heading_path,
        text=passage.text,
        date=passage.date,
        score=passage.score,
        lead=passage.lead,
        mentioned=passage.mentioned,
        properties=passage.properties,
    )
