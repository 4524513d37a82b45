"""Quotations as Markdown: grouped by note, each group under the link and date of where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from sidecar.inference.ranking import Quotation
from sidecar.inference.units import Form
from sidecar.language.terms import fold

_FENCE = re.compile("`{3,}|~{3,}")
_UNLINKABLE = re.compile(r"[#|^\[\]]+|%%")


def shown(quotations: Sequence[Quotation]) -> Iterator[str]:
    """Give a paragraph for each section quoted: the note of the best quotation first, and the best first in its own."""
    notes = dict.fromkeys(_note(quotation) for quotation in quotations)
    links = dict.fromkeys((note, _link(other)) for note in notes for other in quotations if _note(other) == note)
    for _, link in links:
        group = [quotation for quotation in quotations if _link(quotation) == link]
        date = next((quotation.source.date for quotation in group if quotation.source.date), None)
        yield f"{_group(group)}\n\n — [[{link}]]" + (f" ({date})" if date else "")


def _group(quotations: Sequence[Quotation]) -> str:
    best, *others = quotations
    # What answers best comes first, with the rest of its list or table; the others read best as they were written.
    ordered = [best, *sorted(others, key=lambda each: (not _is_with(each, best), each.place))]
    runs = [(form, list(run)) for form, run in groupby(ordered, key=lambda quotation: quotation.piece.form)]
    parts = [part for form, run in runs for part in _run(form, run)]
    return "\n".join(_spaced(parts))


def _is_with(each: Quotation, best: Quotation) -> bool:
    """Whether both are of one list or table."""
    return each.piece.form in ("item", "row") and (each.place[0], each.piece.block) == (best.place[0], best.piece.block)


def _run(form: Form, run: Sequence[Quotation]) -> Iterator[str]:
    if form == "code":
        yield from map(_code, run)
    elif form in ("item", "property"):
        yield "\n".join(f"> {_item(quotation)}" for quotation in run)
    elif form == "row":
        for header, rows in groupby(run, key=lambda quotation: quotation.piece.detail):
            yield _table(header, [quotation.text for quotation in rows])
    else:
        yield "\n>\n".join(f"> {quotation.text}" for quotation in run)


def _spaced(parts: Sequence[str]) -> Iterator[str]:
    """Put an empty line between two parts, within the quotation where both are in it."""
    for number, part in enumerate(parts):
        if number:
            yield ">" if part.startswith(">") and parts[number - 1].startswith(">") else ""
        yield part


def _item(quotation: Quotation) -> str:
    box = quotation.piece.detail if quotation.piece.form == "item" else ""
    return f"- [{box}] {quotation.text}" if box else f"- {quotation.text}"


def _table(header: str, rows: Sequence[str]) -> str:
    if not header:
        return "\n>\n".join(f"> {row}" for row in rows)
    columns = len(header.strip().strip("|").split("|"))
    divider = f"> |{'---|' * columns}"
    return "\n".join([f"> | {header.strip().strip('|').strip()} |", divider, *(f"> | {row} |" for row in rows)])


def _code(quotation: Quotation) -> str:
    fence = "`" * (max(map(len, _FENCE.findall(quotation.text)), default=2) + 1)
    return f"{fence}{quotation.piece.detail}\n{quotation.text}\n{fence}"


def _link(quotation: Quotation) -> str:
    """The link to where it stands: a passage of several short sections has that of their note."""
    source, headings = quotation.source, quotation.piece.headings
    if not headings:
        return source.link
    # As Obsidian writes it.
    heading = " ".join(_UNLINKABLE.sub(" ", headings[-1]).split())
    name = _note(quotation)
    return name if not heading or fold(heading) == fold(source.title) else f"{name}#{heading}"


def _note(quotation: Quotation) -> str:
    return quotation.source.link.partition("#")[0]
