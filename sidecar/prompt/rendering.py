"""Passages as the model reads them: where each comes from on one line, then its text.

A head is short because it is paid for with every passage: the link that leads there, which names note and heading; in
brackets what the link does not say, and, once for each note, its date, properties and tags.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidecar.language.terms import fold
from sidecar.prompt.marks import harmless, on_one_line
from sidecar.prompt.passage import Passage

CUT = "[…]"
"""Stands where text of a passage was left out."""
_LONGEST_HEADING = 80
_LONGEST_PLACE = 200
_LONGEST_VALUE = 80
_MOST_TAGS = 6
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


def render(passage: Passage) -> str:
    """A passage by itself as the model reads it, with what it embeds, marked as such."""
    return _rendered(passage, _head(passage))


def render_all(passages: Sequence[Passage]) -> str:
    """Passages one after the other. Those of one note that follow each other have its date and properties once."""
    texts = []
    before: Passage | None = None
    for passage in passages:
        same = before is not None and (before.vault, before.path) == (passage.vault, passage.path)
        texts.append(_rendered(passage, _short_head(passage) if same else _head(passage)))
        before = passage
    return "\n\n".join(texts)


def _rendered(passage: Passage, head: str) -> str:
    embedded = "".join(f"\n\nEmbedded in it, from {render(each)}" for each in passage.embedded)
    text = _with_links(passage).strip("\n").rstrip()
    parts = (CUT * passage.begins_cut, passage.lead.rstrip(), text, CUT * passage.ends_cut)
    body = harmless(_BLANK_LINES.sub("\n\n", "\n".join(part for part in parts if part)))
    return f"{head}\n{body}".rstrip() + embedded


def _with_links(passage: Passage) -> str:
    """The text, the heading of each section within followed by the link that leads there."""
    links = {section.start_line - passage.start_line: section.link for section in passage.sections}
    if not links:
        return passage.text
    lines = passage.text.split("\n")
    for number, link in links.items():
        if 0 <= number < len(lines) and link != passage.link and "#" in link:
            lines[number] = f"{lines[number].rstrip()} {_link(link)}"
    return "\n".join(lines)


def _head(passage: Passage) -> str:
    return _line(passage, [*_place(passage), *_dated(passage), *_properties(passage), *_tags(passage)])


def _short_head(passage: Passage) -> str:
    return _line(passage, _place(passage))


def _line(passage: Passage, facts: Sequence[str]) -> str:
    return f"{_link(passage.link)} ({'; '.join(facts)})" if facts else _link(passage.link)


def _place(passage: Passage) -> list[str]:
    """What the link does not say of the place: another title, and the headings above its own."""
    name, _, heading = passage.link.partition("#")
    title = passage.title if fold(passage.title) not in fold(name) else ""
    above = [each for each in passage.heading_path if fold(each) not in (fold(passage.title), fold(heading))]
    place = " > ".join(on_one_line(each, most=_LONGEST_HEADING) for each in above)[-_LONGEST_PLACE:]
    return [f"title: {on_one_line(title, most=_LONGEST_HEADING)}"] * bool(title) + [f"in: {place}"] * bool(place)


def _link(link: str) -> str:
    return f"[[{on_one_line(link, most=400)}]]"


def _dated(passage: Passage) -> list[str]:
    # The name of a daily note is its date.
    return [passage.date] if passage.date and passage.date not in passage.link + passage.title else []


def _properties(passage: Passage) -> list[str]:
    pairs = ((on_one_line(name, most=40), _value(value)) for name, value in passage.properties)
    return [f"{name}: {value}" for name, value in pairs if name and value]


def _value(value: str) -> str:
    return on_one_line(value.replace("[[", "").replace("]]", ""), most=_LONGEST_VALUE)


def _tags(passage: Passage) -> list[str]:
    shown = [tag for tag in passage.tags[:_MOST_TAGS] if f"#{fold(tag)}" not in fold(passage.text)]
    return [" ".join(f"#{on_one_line(tag, most=40).replace(' ', '-')}" for tag in shown)] if shown else []
