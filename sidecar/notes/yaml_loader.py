"""Properties out of YAML that anyone may have written, and the values of its plain scalars.

PyYAML's C loader segfaults at about 50,000 brackets and its Python one resolves aliases without end, so this is the
pure-Python SafeLoader with caps on depth, aliases and merges. How much text it is given is its caller's to limit.
"""

from __future__ import annotations

import binascii
import math
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from itertools import islice

import yaml
from yaml.constructor import SafeConstructor

from sidecar.notes.note import PropertyValue

_MAX_DEPTH = 50
_MAX_ALIASES = 100
_MAX_MERGED = 1000
_MAX_VALUES = 20_000
"""Values after aliases are expanded; nine lines of aliases to aliases would make a billion."""
_UNSAFE = re.compile("[\x00\ud800-\udfff]")


class NotPropertiesError(Exception):
    """The YAML is valid and holds a list or a scalar."""


def load_properties(raw: str, *, duplicates: list[str]) -> dict[str, PropertyValue]:
    """Read a mapping of properties. Keys that stand twice are added to `duplicates`, ten of each mapping at most.

    Raises NotPropertiesError, and whatever the loader raises on text that is no YAML, RecursionError included.
    """
    loader = _Loader(raw, duplicates=duplicates)
    try:
        value = loader.get_single_data()
    finally:
        loader.dispose()
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NotPropertiesError
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


def read_scalar(text: str) -> object:
    """The value of a scalar without quotes: text unless it is written like something else."""
    for tag, pattern in _Loader.yaml_implicit_resolvers.get(text[:1], ()):
        if pattern.match(text):
            return _TYPED[tag](text)
    return text


def _bool(text: str) -> bool:
    return text.lower() == "true"


def _int(text: str) -> int | str:
    # SQLite and JSON readers hold 64 bits; a longer row of digits is an ISBN or an id.
    return int(text) if len(text) <= 18 else text


def _float(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _timestamp(text: str) -> str:
    try:
        value = SafeConstructor().construct_yaml_timestamp(yaml.ScalarNode("", text))
    except ValueError:  # 2023-13-45
        return text
    return value.isoformat()


def _construct_typed(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
    return _TYPED[node.tag](node.value)


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
_TYPED: Mapping[str, Callable[[str], object]] = {
    "tag:yaml.org,2002:bool": _bool,
    "tag:yaml.org,2002:int": _int,
    "tag:yaml.org,2002:float": _float,
    "tag:yaml.org,2002:null": lambda text: None,
    "tag:yaml.org,2002:merge": str,
    "tag:yaml.org,2002:timestamp": _timestamp,
}
for _name, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(_pattern), list(_first))
for _name in ("int", "float", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_name}", _construct_typed)
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
    return replace_unsafe(str(value))


def _key(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return replace_unsafe(str(value))


def replace_unsafe(text: str) -> str:
    """Replace the characters that can be in no text that is kept."""
    # "\ud800" and "\0" are valid YAML escapes; neither survives UTF-8 or SQLite.
    return _UNSAFE.sub("\ufffd", text)
