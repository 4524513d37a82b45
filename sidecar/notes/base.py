"""What a base (Obsidian Bases) shows, put in words: its views with their filters, order and properties.

The format is described in Obsidian's help under “Bases syntax”. Filters and formulas stand in code spans: a tag or link
in one is what to look for, not one that the base has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import yaml

from sidecar.notes.decoding import decode
from sidecar.notes.frontmatter import MAX_SIZE, Frontmatter
from sidecar.notes.note import Note, Problem, PropertyValue
from sidecar.notes.reading import MAX_PARSED, Section, assemble_note
from sidecar.notes.rules import ReadingRules
from sidecar.notes.yaml_loader import NotPropertiesError, load_properties

_BACKTICKS = re.compile("`+")
_CONJUNCTIONS = {"and": " and ", "or": " or "}
_DIRECTIONS = {"asc": "ascending", "desc": "descending"}
_FLAGS = ("private", "sidecar")
_MAX_DEPTH = 20
"""Filters inside filters. Aliases in the YAML can nest them deeper than a program can follow."""
_MAX_NAME = 300
"""Characters of a view's name; it stands in the heading path of all that is said about the view."""

_Piece: TypeAlias = tuple[tuple[str, ...], str]
"""Heading path and Markdown of a section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """What properties are called: by their display name, else by their own."""

    display: Mapping[str, str]

    def of(self, key: PropertyValue) -> str:
        """The name shown for a property; `note.` may be left out, and `formula.` is not shown."""
        own = _plain(key)
        bare = own.removeprefix("note.")
        return self.display.get(bare) or bare.removeprefix("formula.")


def read_base(path: str, data: bytes, *, rules: ReadingRules) -> Note:
    """Read a base from the bytes of its file. Total: one that is not valid YAML keeps its text as a code block.

    Each view is a section under its name, which is also how `[[File.base#View]]` names it.
    """
    decoded = decode(data)
    found = _load_base(decoded.text)
    if isinstance(found, Problem):
        pieces: list[_Piece] = [((), _fenced(decoded.text))]
        # No flag is to be lost in what cannot be read.
        front = Frontmatter(raw=decoded.text, sound=False)
        problems = (*decoded.problems, found)
    else:
        pieces = list(_describe(found))
        front = Frontmatter(properties={key: value for key, value in found.items() if key.casefold() in _FLAGS})
        problems = decoded.problems
    text, sections = _join(pieces)
    return assemble_note(
        path,
        text,
        rules=rules,
        front=front,
        kind="base",
        sections=sections,
        problems=problems,
        too_large=len(text) > MAX_PARSED,
    )


def _load_base(text: str) -> dict[str, PropertyValue] | Problem:
    if len(text) > MAX_SIZE:
        return Problem(code="base-too-large", message=f"The base is longer than {MAX_SIZE} characters.")
    try:
        return load_properties(text, duplicates=[])
    except NotPropertiesError:
        return Problem(code="base-invalid", message="The file is YAML, but no base.")
    except Exception as error:  # the loader is fed hostile text; RecursionError and ValueError come out of it too
        return Problem(code="base-invalid", message=_reason(error), line=_line(error))


def _reason(error: Exception) -> str:
    what = error.problem if isinstance(error, yaml.MarkedYAMLError) and error.problem else type(error).__name__
    return f"The base is not valid YAML: {what[:200]}."


def _line(error: Exception) -> int | None:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    return mark.line + 1 if mark is not None else None


def _fenced(text: str) -> str:
    fence = "`" * max(3, 1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))
    return f"{fence}yaml\n{text.rstrip()}\n{fence}"


def _join(pieces: Sequence[_Piece]) -> tuple[str, list[Section]]:
    sections: list[Section] = []
    start = 0
    for path, text in pieces:
        sections.append(Section(start=start, end=start + len(text), path=path))
        start += len(text) + 2
    return "\n\n".join(text for _, text in pieces), sections


def _describe(base: Mapping[str, PropertyValue]) -> Iterator[_Piece]:
    """What holds for all views, then of each view."""
    names = _Names(display=dict(_display_names(base.get("properties"))))
    yield from (((), line) for line in _filter_line("Filter of all views", base.get("filters")))
    for words, key in (("Formulas", "formulas"), ("Summary formulas", "summaries")):
        if lines := list(_expressions(words, base.get(key))):
            yield (), "\n".join(lines)
    views = base.get("views")
    for view in views if isinstance(views, list) else []:
        if isinstance(view, dict):
            name = _plain(view.get("name")) or _plain(view.get("type")) or "View"
            yield (), f"# {name}"
            yield (name,), "\n".join(_view_lines(view, names))


def _display_names(properties: PropertyValue) -> Iterator[tuple[str, str]]:
    if not isinstance(properties, dict):
        return
    for key, settings in properties.items():
        if isinstance(settings, dict) and (shown := _plain(settings.get("displayName"))):
            yield _plain(key).removeprefix("note."), shown


def _view_lines(view: Mapping[str, PropertyValue], names: _Names) -> Iterator[str]:
    kind = _plain(view.get("type"))
    yield f"- {kind[:1].upper()}{kind[1:]} view" if kind else "- View"
    order = view.get("order")
    if shown := ", ".join(names.of(key) for key in order if _plain(key)) if isinstance(order, list) else "":
        yield f"- Shows: {shown}"
    yield from (f"- {line}" for line in _filter_line("Filter", view.get("filters")))
    yield from _order_lines(view, names)
    if isinstance(summaries := view.get("summaries"), dict) and summaries:
        yield "- Summaries: " + ", ".join(f"{names.of(key)}: {_plain(value)}" for key, value in summaries.items())
    if isinstance(limit := view.get("limit"), int | float) and not isinstance(limit, bool):
        yield f"- At most {limit} results"


def _order_lines(view: Mapping[str, PropertyValue], names: _Names) -> Iterator[str]:
    for key, words in (("groupBy", "Grouped by"), ("sort", "Sorted by")):
        entries = view.get(key)
        shown = [_ordering(entry, names) for entry in (entries if isinstance(entries, list) else [entries])]
        if by := ", ".join(filter(None, shown)):
            yield f"- {words}: {by}"


def _ordering(entry: PropertyValue, names: _Names) -> str:
    if not isinstance(entry, dict):
        return names.of(entry)
    direction = _DIRECTIONS.get(_plain(entry.get("direction")).casefold())
    name = names.of(entry.get("property"))
    return f"{name} ({direction})" if name and direction else name


def _filter_line(words: str, filters: PropertyValue) -> Iterator[str]:
    if expression := _expression(filters):
        yield f"{words}: {expression}"


def _expression(value: PropertyValue, *, inside: bool = False, depth: int = 0) -> str:
    """A filter as words: `a` and (`b` or none of (`c`, `d`)). `inside` another, what has several parts is bracketed."""
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, list):
        value = {"and": value}
    if not isinstance(value, dict):
        return _code(value)
    parts = [part for key, members in value.items() for part in _conjunction(key, members, depth=depth)]
    if len(parts) == 1:
        expression, whole = parts[0]
    else:
        expression, whole = " and ".join(text if single else f"({text})" for text, single in parts), not parts
    return f"({expression})" if inside and not whole else expression


def _conjunction(key: str, members: PropertyValue, *, depth: int) -> Iterator[tuple[str, bool]]:
    """What one of `and`, `or`, `not` says, and whether it holds together without brackets."""
    listed = members if isinstance(members, list) else [members]
    negated = key == "not"
    shown = [text for member in listed if (text := _expression(member, inside=not negated, depth=depth + 1))]
    if negated and shown:
        alone = len(shown) == 1 and isinstance(listed[0], str)
        yield f"not {shown[0]}" if alone else f"none of ({', '.join(shown)})", True
    elif key in _CONJUNCTIONS and shown:
        yield _CONJUNCTIONS[key].join(shown), len(shown) == 1


def _expressions(words: str, formulas: PropertyValue) -> Iterator[str]:
    """A list of named formulas, behind a line that says what they are."""
    if isinstance(formulas, dict) and formulas:
        yield f"{words}:"
        yield ""
        yield from (f"- {_plain(name)}: {_code(formula)}" for name, formula in formulas.items())


def _code(value: PropertyValue) -> str:
    text = _plain(value, limit=None)
    if not text:
        return ""
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _plain(value: PropertyValue, *, limit: int | None = _MAX_NAME) -> str:
    """A value in one line, as YAML would have it; nothing for what is no single value."""
    if value is None or isinstance(value, list | dict):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return " ".join(text[:limit].split())
