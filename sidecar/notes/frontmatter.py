"""The properties on top of a note, read from YAML that anyone may have written.

The YAML loader has caps (see `yaml_loader`) and is slow; most notes need none of it (see `plain_properties`). What is
not a mapping of properties is body text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice, pairwise

import frontmatter
import yaml
from frontmatter.default_handlers import YAMLHandler

from sidecar.notes.note import Problem, PropertyValue
from sidecar.notes.plain_properties import read_plain
from sidecar.notes.yaml_loader import NotPropertiesError, load_properties, replace_unsafe

MAX_SIZE = 64 * 1024
"""Characters. The pure-Python loader needs about a second for this much."""
_MAX_RESCUED = 500
"""Properties rescued one by one from frontmatter that does not parse."""
_OPEN = re.compile(r"---[ \t]*\n")
_CLOSE = re.compile(r"^---[ \t]*$", re.MULTILINE)
_KEY_LINE = re.compile(r"""^(?:"[^"\n]*"|'[^'\n]*'|[^\s#\-\[\]{}&*!|>%@`"',:?][^:\n]*)[ \t]*:(?=\s|$)""", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontmatter:
    """What stands on top of the note. `raw` is empty when nothing does."""

    properties: dict[str, PropertyValue] = field(default_factory=dict)
    body_start: int = 0
    raw: str = ""
    """The text between the fences, or after a fence that is never closed."""
    sound: bool = True
    """False when a flag in `raw` may be missing from `properties` or contradict them."""
    problems: tuple[Problem, ...] = ()


def read_frontmatter(text: str) -> Frontmatter:
    """Read the frontmatter of a decoded note. Total: YAML that does not parse becomes a problem.

    As in Obsidian, the fence is `---` on the very first line and again on a line of its own.
    """
    opening = _OPEN.match(text)
    if opening is None:
        return _absent(text)
    closing = _CLOSE.search(text, opening.end())
    if closing is None:
        raw = text[opening.end() :]
        problem = Problem(code="frontmatter-unclosed", message="The frontmatter has no closing `---` line.", line=1)
        # A note may also just begin with a horizontal rule; that is no problem to report.
        return Frontmatter(raw=raw, sound=False, problems=(problem,) if _KEY_LINE.match(raw) else ())
    raw = text[opening.end() : closing.start()]
    end = min(closing.end() + 1, len(text))
    if len(raw) > MAX_SIZE:
        problem = Problem(
            code="frontmatter-too-large", message=f"The frontmatter is longer than {MAX_SIZE} characters."
        )
        return Frontmatter(raw=raw, sound=False, problems=(problem,))
    return _parse(text[:end], raw=raw, body_start=end)


def _absent(text: str) -> Frontmatter:
    """No frontmatter; but a fence after blank lines was meant as one, so a flag in it is not ignored."""
    stripped = text.lstrip()
    if stripped == text or (opening := _OPEN.match(stripped)) is None:
        return Frontmatter()
    if (closing := _CLOSE.search(stripped, opening.end())) is None:
        return Frontmatter()
    problem = Problem(code="frontmatter-misplaced", message="Frontmatter must begin on the first line.", line=1)
    return Frontmatter(raw=stripped[opening.end() : closing.start()], sound=False, problems=(problem,))


def _parse(block: str, *, raw: str, body_start: int) -> Frontmatter:
    handler = _Handler()
    try:
        frontmatter.parse(block, handler=handler)
    except NotPropertiesError:
        problem = Problem(code="frontmatter-not-properties", message="The frontmatter is not a list of properties.")
        return Frontmatter(raw=raw, sound=False, problems=(problem,))
    except Exception as error:  # the loader is fed hostile text; RecursionError and ValueError come out of it too
        problem = Problem(code="frontmatter-invalid", message=_reason(error), line=_line(error))
        rescued, complete = _rescue(raw)
        return Frontmatter(
            properties=rescued, body_start=body_start if complete else 0, raw=raw, sound=False, problems=(problem,)
        )
    duplicates = tuple(
        Problem(code="frontmatter-duplicate-key", message=f"The property {key} stands twice; the last one counts.")
        for key in handler.duplicates
    )
    return Frontmatter(
        properties=handler.properties,
        body_start=body_start,
        raw=raw,
        sound=not duplicates,
        problems=duplicates,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem:
        return f"The frontmatter is not valid YAML: {error.problem[:200]}."
    if isinstance(error, OverflowError | RecursionError):
        return "The frontmatter is not valid YAML: there is too much in it, or it contains itself."
    return "The frontmatter is not valid YAML."


def _line(error: Exception) -> int | None:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    # Marks count from 0 and from the line after the fence.
    return mark.line + 2 if mark is not None else None


def _rescue(raw: str) -> tuple[dict[str, PropertyValue], bool]:
    """Read each top-level property by itself; one that still does not parse keeps its text.

    The second value is False when some of the text belongs to no property.
    """
    starts = [match.start() for match in islice(_KEY_LINE.finditer(raw), _MAX_RESCUED)]
    properties: dict[str, PropertyValue] = {}
    for start, end in pairwise([*starts, len(raw)]):
        piece = raw[start:end]
        try:
            properties.update(_load(piece, duplicates=[]))
        except Exception:  # as in _parse; a piece that is no mapping is a property whose value is text
            key, _, rest = piece.partition(":")
            properties[replace_unsafe(key.strip().strip("\"'"))] = replace_unsafe(rest.strip())
    return properties, bool(starts) and not raw[: starts[0]].strip()


class _Handler(YAMLHandler):
    """python-frontmatter's YAML handler with Obsidian's fences and the bounded loader."""

    def __init__(self) -> None:
        super().__init__()
        self.duplicates: list[str] = []
        self.properties: dict[str, PropertyValue] = {}

    def split(self, text: str) -> tuple[str, str]:
        opening = _OPEN.match(text)
        closing = _CLOSE.search(text, opening.end()) if opening else None
        if opening is None or closing is None:
            raise ValueError("no frontmatter")
        return text[opening.end() : closing.start()], text[closing.end() :]

    def load(self, fm: str, **kwargs: object) -> dict[str, PropertyValue]:
        self.properties = _load(fm, duplicates=self.duplicates)
        return self.properties


def _load(raw: str, *, duplicates: list[str]) -> dict[str, PropertyValue]:
    properties = read_plain(raw)
    return load_properties(raw, duplicates=duplicates) if properties is None else properties
