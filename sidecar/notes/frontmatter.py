"""The properties on top of a note, read from YAML that anyone may have written.

PyYAML's C loader segfaults at about 50,000 brackets and its Python one resolves aliases without end, so this is the
pure-Python SafeLoader with caps on size, depth, aliases and merges. What is not a mapping of properties is body text.
"""

from __future__ import annotations

import binascii
import math
import re
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise

import frontmatter
import yaml
from frontmatter.default_handlers import YAMLHandler

from sidecar.notes.note import Problem, PropertyValue

MAX_SIZE = 64 * 1024
"""Characters. The pure-Python loader needs about a second for this much."""
_MAX_DEPTH = 50
_MAX_ALIASES = 100
_MAX_MERGED = 1000
_MAX_VALUES = 20_000
"""Values after aliases are expanded; nine lines of aliases to aliases would make a billion."""
_MAX_RESCUED = 500
"""Properties rescued one by one from frontmatter that does not parse."""
_OPEN = re.compile(r"---[ \t]*\n")
_CLOSE = re.compile(r"^---[ \t]*$", re.MULTILINE)
_KEY_LINE = re.compile(r"""^(?:"[^"\n]*"|'[^'\n]*'|[^\s#\-\[\]{}&*!|>%@`"',:?][^:\n]*)[ \t]*:(?=\s|$)""", re.MULTILINE)
_UNSAFE = re.compile("[\x00\ud800-\udfff]")


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
    except _NotPropertiesError:
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
    what = error.problem if isinstance(error, yaml.MarkedYAMLError) and error.problem else type(error).__name__
    return f"The frontmatter is not valid YAML: {what[:200]}."


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
            properties[_safe(key.strip().strip("\"'"))] = _safe(rest.strip())
    return properties, bool(starts) and not raw[: starts[0]].strip()


class _NotPropertiesError(Exception):
    """The YAML is valid and holds a list or a scalar."""


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
    loader = _Loader(raw, duplicates=duplicates)
    try:
        value = loader.get_single_data()
    finally:
        loader.dispose()
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _NotPropertiesError
    budget = iter(range(_MAX_VALUES))
    return {_key(key): _plain(item, budget) for key, item in value.items()}


class _Loader(yaml.SafeLoader):
    """SafeLoader with caps, and with YAML 1.2's scalars, which are Obsidian's.

    Under YAML 1.1 `12:30` is 750, `yes` is true and the postcode `01234` is 668.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012  # PyYAML's own registry; filled below by its own method

    def __init__(self, stream: str, *, duplicates: list[str]) -> None:
        super().__init__(stream)
        self._depth = 0
        self._aliases = 0
        self._duplicates = duplicates

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
        self._depth += 1
        if self._depth > _MAX_DEPTH or self._aliases > _MAX_ALIASES:
            raise yaml.MarkedYAMLError(problem="too deep or too many aliases", problem_mark=self.get_mark())
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        own = len(node.value)
        super().flatten_mapping(node)
        # Merges of merges grow tenfold per line, with few aliases in each.
        if len(node.value) > own + _MAX_MERGED:
            raise yaml.MarkedYAMLError(problem="too many merged keys", problem_mark=node.start_mark)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002  # PyYAML's signature
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        self._duplicates.extend(islice((key for key, count in keys.items() if count > 1), 10))
        return super().construct_mapping(node, deep=deep)


def _construct_int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | str:
    # SQLite and JSON readers hold 64 bits; a longer row of digits is an ISBN or an id.
    return int(node.value) if len(node.value) <= 18 else str(node.value)


def _construct_float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float | str:
    value = float(node.value)
    return value if math.isfinite(value) else str(node.value)


def _construct_timestamp(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    try:
        value = loader.construct_yaml_timestamp(node)
    except ValueError:  # 2023-13-45
        return str(node.value)
    return value.isoformat()


def _construct_unknown(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> object:
    """Read a value with a tag of someone's own (`!type`) as the plain value that it is."""
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_SCALARS = (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+)$", "-+0123456789."),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("merge", r"^(?:<<)$", "<"),
    (
        "timestamp",
        (
            r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
            r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?$"
        ),
        "0123456789",
    ),
)
for _name, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(_pattern), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _construct_timestamp)
_Loader.add_multi_constructor("", _construct_unknown)


def _plain(value: object, budget: Iterator[int]) -> PropertyValue:
    """Make a value JSON-able. Raises OverflowError or RecursionError when aliases blow it up or make a circle."""
    if next(budget, None) is None:
        raise OverflowError("too many values")
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {_key(key): _plain(item, budget) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item, budget) for item in value]
    if isinstance(value, bytes):
        return binascii.b2a_base64(value, newline=False).decode("ascii")
    return _safe(str(value))


def _key(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _safe(str(value))


def _safe(text: str) -> str:
    # "\ud800" and "\0" are valid YAML escapes; neither survives UTF-8 or SQLite.
    return _UNSAFE.sub("\ufffd", text)
