"""A piece of a passage: what of its text there is room for, as a passage that leads to its own place in the note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sidecar.prompt.passage import Matched, Passage, Section
from sidecar.retrieval.leads import lead_of

Range = tuple[int, int]


def piece(passage: Passage, start: int, end: int, *, missed: bool = True) -> Passage:
    """The passage's text from `start` to `end`, in characters, with the link, lines and sections of that text. What is
    left out is `missed` unless it was only added to what was found.
    """
    if (start, end) == (0, len(passage.text)):
        return passage
    text = passage.text[start:end]
    first = passage.start_line + passage.text.count("\n", 0, start)
    last = min(passage.end_line, first + text.count("\n"))
    own = _section_at(passage.sections, first)
    return replace(
        passage,
        text=text,
        start_line=first,
        end_line=max(first, last),
        link=own.link if own else passage.link,
        heading_path=own.heading_path if own else passage.heading_path,
        sections=tuple(section for section in passage.sections if first <= section.start_line <= last),
        matched=tuple(_within(passage.matched, start, end)),
        block_ids=tuple(name for name in passage.block_ids if name in text),
        embedded=() if missed else passage.embedded,
        lead=lead_of(f"{passage.lead}\n{passage.text[:start]}", text) if start else passage.lead,
        begins_cut=passage.begins_cut or (missed and bool(passage.text[:start].strip())),
        ends_cut=passage.ends_cut or (missed and bool(passage.text[end:].strip())),
    )


def core(passage: Passage) -> Passage:
    """The passage without what was added around the text that was found."""
    if not passage.matched:
        return passage
    start, end = passage.matched[0].start, max(found.end for found in passage.matched)
    return piece(passage, start, end, missed=False)


def joined_ranges(ranges: Iterable[Range], text: str) -> list[Range]:
    """Ranges in order, those with nothing but blanks between them as one."""
    joined: list[Range] = []
    for start, end in sorted(ranges):
        if joined and not text[joined[-1][1] : start].strip():
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _section_at(sections: Sequence[Section], line: int) -> Section | None:
    return next((section for section in reversed(sections) if section.start_line <= line), None)


def _within(matched: Sequence[Matched], start: int, end: int) -> Iterator[Matched]:
    for found in matched:
        if found.start < end and start < found.end:
            yield replace(found, start=max(found.start, start) - start, end=min(found.end, end) - start)
