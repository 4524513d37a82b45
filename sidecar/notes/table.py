"""CSV tables: one note for the table, and one for each row, with the cells as properties.

This is how Notion exports a database, and it holds for any other table whose first line names the columns. Python's csv
module reads the rows; caps on rows, columns and cells bound what a hostile file can ask for.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sidecar.notes.cells import UNTITLED, Relation, read_column, read_relations
from sidecar.notes.dates import note_date
from sidecar.notes.decoding import decode
from sidecar.notes.frontmatter import Frontmatter
from sidecar.notes.note import Link, Note, Problem, PropertyValue
from sidecar.notes.notion import SHORTENED, name_key, page_name
from sidecar.notes.reading import Section, assemble_note
from sidecar.notes.rules import ReadingRules
from sidecar.notes.spans import LineIndex

MAX_ROWS = 20_000
MAX_COLUMNS = 200
MAX_CELLS = 200_000
"""Cells with something in them, over all rows; one that is Markdown by itself counts threefold, as it costs that."""
MAX_CELL = 32_768
"""Characters."""
_MAX_NAME = 120
"""Characters of a row's or a column's name."""
_ONE_MORE = ["+"]
"""A row that is counted only."""
_DELIMITERS = (",", ";", "\t")
_QUOTED = re.compile(r'"[^"\n]*"')
# A row's name stands behind `#` in a path: nothing in it may look like another part of one.
_NOT_IN_PATHS = re.compile(r"[/\\#\x00-\x1f\x7f]+")
# A column called "# of pages" must not become a heading.
_MARK = re.compile(r"[!-/:-@\[-`{-~]|\d{1,9}[.)]")
_REACHING = re.compile(r"[\n`]|\$\$|%%|<!--")


def read_table(path: str, data: bytes, *, rules: ReadingRules, pages: Collection[str] = ()) -> tuple[Note, ...]:
    """Read a CSV file: the note of the table first, then one for each row. Total.

    `pages` are the names of the pages that the table's rows have as files of their own, excluded ones too, each as
    often as it occurs (see `row_pages`): these rows are left out, as the page says more. A row's path is the file's,
    `#` and the row's name, which is the first column's, with a number behind it from the second row of a name on.
    Privacy flags count row by row.
    """
    decoded = decode(data)
    table = _read(decoded.text)
    problems = (*decoded.problems, *table.problems)
    note = _table_note(path, table, rules=rules, problems=problems)
    if not table.rows:
        return (note,)
    names = [row[0] for row in table.rows]
    values = [
        read_column(name, cells) for name, cells in zip(table.columns, zip(*table.rows, strict=True), strict=True)
    ]
    owned = _owned(names, pages)
    rows = zip(_unique(map(_in_path, names)), names, table.rows, zip(*values, strict=True), strict=True)
    return note, *(
        _row_note(
            f"{path}#{unique}",
            name[:_MAX_NAME] or UNTITLED,
            dict(zip(table.columns, cells, strict=True)),
            dict(zip(table.columns, typed, strict=True)),
            rules=rules,
        )
        for number, (unique, name, cells, typed) in enumerate(rows)
        if number not in owned
    )


def row_pages(path: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Names of the pages in the folder of an exported table, of all `paths` of the vault, for `read_table`."""
    return tuple(
        page_name(page)
        for page in paths
        if page.lower().endswith(".md") and holds_row_pages(path, page[: max(page.rfind("/"), 0)])
    )


def holds_row_pages(path: str, folder: str) -> bool:
    """Whether the pages of a table's rows lie in this folder: it lies beside the table and is called like it."""
    stem = path[:-4].removesuffix("_all")
    names = {unicodedata.normalize("NFC", name) for name in (stem, _beside(path, page_name(path)))}
    return unicodedata.normalize("NFC", folder) in names


def _beside(path: str, name: str) -> str:
    return path[: path.rfind("/") + 1] + name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """What is kept of a file. Rows are as long as `columns`, cells are without space around their lines."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    total: int
    """Rows that the file has."""
    problems: tuple[Problem, ...]


def _read(text: str) -> _Table:
    delimiter = _delimiter(text)
    problems: list[Problem] = []
    header: list[str] | None = None
    kept: list[list[str]] = []
    total = cells = 0
    cut = False
    for record in _records(text, delimiter, problems):
        if record is _ONE_MORE:
            total += 1
            continue
        cut = cut or len(record) > MAX_COLUMNS or any(len(cell) > MAX_CELL for cell in record)
        row = _clean(record)
        if not row:
            continue
        if header is None:
            header = row
            continue
        total += 1
        cells += sum(3 if _REACHING.search(cell) else 1 for cell in row if cell)
        if len(kept) < MAX_ROWS and cells <= MAX_CELLS:
            kept.append(row)
    if cut:
        message = (
            f"Columns from the {MAX_COLUMNS + 1}st on and text behind {MAX_CELL} characters of a cell are left out."
        )
        problems.append(Problem(code="table-cut", message=message))
    if len(kept) < total:
        message = f"The table is too large: only the first {len(kept)} of {total} rows are read."
        problems.append(Problem(code="table-cut", message=message))
    width = max(map(len, [header or [], *kept]))
    return _Table(
        columns=_columns(header or [], width),
        rows=[(*row, *[""] * (width - len(row))) for row in kept],
        total=total,
        problems=tuple(problems),
    )


def _delimiter(text: str) -> str:
    """The likeliest one, by the line with the columns' names; where it decides nothing, a comma."""
    header = _QUOTED.sub("", text.lstrip("\n")[: MAX_COLUMNS * _MAX_NAME].partition("\n")[0])
    return max(_DELIMITERS, key=header.count)


def _records(text: str, delimiter: str, problems: list[Problem]) -> list[list[str]]:
    """Rows as Python's csv module reads them; a text whose quotes do not add up is read as far as its lines go."""
    problem = Problem(code="table-quoting", message="Quotation marks do not add up; some cells may be cut wrongly.")
    for strict in (True, False):
        # One mark too many would swallow all lines up to the next one.
        if strict or text.count('"') % 2 == 0:
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
            try:
                return _counted(reader)
            except csv.Error:  # marks inside a cell, or a cell of more than 128 Ki characters
                problems[:] = [problem]
    return _counted(line.split(delimiter, MAX_COLUMNS) for line in text.split("\n"))


def _counted(records: Iterable[list[str]]) -> list[list[str]]:
    """The rows that have something in them; those behind the last that is read are only there to be counted."""
    rows: list[list[str]] = []
    for record in filter(any, records):
        rows.append(record[: MAX_COLUMNS + 1] if len(rows) <= MAX_ROWS else _ONE_MORE)
    return rows


def _clean(record: Sequence[str]) -> list[str]:
    """Cells without outer space and blank lines; none behind the last that says something."""
    row = ["\n".join(filter(None, map(str.strip, cell[:MAX_CELL].split("\n")))) for cell in record[:MAX_COLUMNS]]
    while row and not row[-1]:
        row.pop()
    return row


def _columns(header: Sequence[str], width: int) -> tuple[str, ...]:
    names = (" ".join(name.split())[:_MAX_NAME] for name in header)
    filled = [name or f"Column {number}" for number, name in enumerate(names, start=1)]
    return tuple(_unique([*filled, *(f"Column {number + 1}" for number in range(len(filled), width))]))


def _in_path(name: str) -> str:
    return " ".join(_NOT_IN_PATHS.sub("-", name).split())[:_MAX_NAME].strip() or UNTITLED


def _unique(names: Iterable[str]) -> Iterator[str]:
    """Each name, with a number behind it when it has come before."""
    taken: set[str] = set()
    numbers: Counter[str] = Counter()
    for name in names:
        unique = name
        while unique in taken:
            numbers[name] += 1
            unique = f"{name} {numbers[name] + 1}"
        taken.add(unique)
        yield unique


def _owned(names: Sequence[str], pages: Collection[str]) -> frozenset[int]:
    """Numbers of the rows that have a page, each page counted for one row."""
    whole = Counter(map(name_key, pages))
    # A file has the beginning of a long name only.
    lengths = sorted({len(name_key(page)) for page in pages if len(page) >= SHORTENED}, reverse=True)
    found: set[int] = set()
    for number, name in enumerate(names):
        key = name_key(name or UNTITLED)
        for candidate in (key, *(key[:length] for length in lengths)):
            if whole[candidate] > 0:
                whole[candidate] -= 1
                found.add(number)
                break
    return frozenset(found)


def _table_note(path: str, table: _Table, *, rules: ReadingRules, problems: tuple[Problem, ...]) -> Note:
    title = page_name(path)
    text = f"{title}: table of {table.total} rows.\n"
    if table.columns:
        text += f"\nColumns: {', '.join(table.columns)}\n"
    return assemble_note(path, text, rules=rules, kind="table", title=title, problems=problems)


def _row_note(
    path: str, name: str, cells: Mapping[str, str], typed: Mapping[str, PropertyValue], *, rules: ReadingRules
) -> Note:
    text, sections, relations = _row_text(cells)
    properties: dict[str, PropertyValue] = {column: value for column, value in typed.items() if value is not None}
    note = assemble_note(
        path, text, rules=rules, front=Frontmatter(properties=properties), kind="row", title=name, sections=sections
    )
    if relations:
        note = replace(note, links=_with_relations(note.links, relations, LineIndex(text)))
    # Most tables have thousands of rows and no day in their names.
    if not any(map(str.isdecimal, name)):
        return note
    day, source = note_date(f"{_in_path(name)}.md", {}, daily_folder=None, daily_format=rules.daily_format) or (
        note.date,
        note.date_source,
    )
    return replace(note, date=day, date_source=source)


def _with_relations(
    links: Iterable[Link], relations: Iterable[tuple[int, Relation]], lines: LineIndex
) -> tuple[Link, ...]:
    related = [
        Link(
            target=relation.name if relation.target is None else relation.target,
            alias=None if relation.target is None else relation.name,
            style="wikilink" if relation.target is None else "markdown",
            span=lines.span(start, start + len(relation.name)),
        )
        for start, relation in relations
    ]
    return tuple(sorted([*related, *links], key=lambda link: (link.span.start, link.span.end)))


def _row_text(cells: Mapping[str, str]) -> tuple[str, list[Section], list[tuple[int, Relation]]]:
    """The row as lines `Column: value`, its sections, and where the pages stand that it is related to.

    A cell whose Markdown could reach over its end is a section by itself.
    """
    text = ""
    sections: list[Section] = []
    found: list[tuple[int, Relation]] = []
    quiet = False
    for column, cell in cells.items():
        if not cell:
            continue
        start = len(text)
        text += f"**{column}**: " if _MARK.match(column) else f"{column}: "
        relations = read_relations(cell)
        for number, relation in enumerate(relations):
            text += ", " if number else ""
            found.append((len(text), relation))
            text += relation.name
        text += "" if relations else cell
        before, quiet = quiet, not _REACHING.search(text, start)
        sections.append(Section(start=sections.pop().start if before and quiet else start, end=len(text)))
        text += "\n"
    return text, sections, found
