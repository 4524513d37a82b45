"""What properties mean to Obsidian: the other names and the style classes of a note, and the type of each value.

Values are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

from sidecar.notes.note import PropertyValue

PropertyType: TypeAlias = Literal[
    "text", "list", "number", "checkbox", "date", "datetime", "aliases", "tags", "unknown"
]
"""`unknown` is a value that Obsidian shows as YAML only, such as a property inside a property."""
_SETTINGS: Mapping[str, PropertyType] = {
    "text": "text",
    "multitext": "list",
    "number": "number",
    "checkbox": "checkbox",
    "date": "date",
    "datetime": "datetime",
    "aliases": "aliases",
    "tags": "tags",
}
"""What `.obsidian/types.json` calls them."""
_BUILT_IN: Mapping[str, PropertyType] = {"aliases": "aliases", "cssclasses": "list", "tags": "tags"}
_ALIASES = ("alias", "aliases", "title")
_CLASSES = ("cssclass", "cssclasses")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATETIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?")


def property_aliases(properties: Mapping[str, PropertyValue]) -> tuple[str, ...]:
    """Other names of the note in order, without repetitions; `title` is one of them.

    A string is split at its commas, as Obsidian does, but for a title's.
    """
    found: dict[str, str] = {}
    for key, value in properties.items():
        if key.casefold() in _ALIASES:
            whole = key.casefold() == "title" or not isinstance(value, str)
            for name in _texts(value if whole else str(value).split(",")):
                found.setdefault(name.casefold(), name)
    return tuple(found.values())


def property_classes(properties: Mapping[str, PropertyValue]) -> tuple[str, ...]:
    """The note's CSS classes in order: a list, or a string with spaces or commas between them."""
    found: dict[str, None] = {}
    for key, value in properties.items():
        if key.casefold() in _CLASSES:
            names = value.replace(",", " ").split() if isinstance(value, str) else value
            found |= dict.fromkeys(_texts(names))
    return tuple(found)


def _texts(value: PropertyValue | list[str]) -> list[str]:
    """The words of a value or of the items of a list; what is no text or number says none."""
    items = value if isinstance(value, list) else [value]
    names = (str(item).strip() for item in items if isinstance(item, str | int | float) and not isinstance(item, bool))
    return [name for name in names if name]


def property_type(name: str, value: PropertyValue, types: Mapping[str, str]) -> PropertyType:
    """Find the type of a property: Obsidian's own, else the vault's, else the one that its value looks like.

    `types` are those that the vault's settings give to names; names are compared without regard to case. A property
    without a value and without a type of its own is text.
    """
    folded = name.casefold()
    if folded in _BUILT_IN:
        return _BUILT_IN[folded]
    for other, given in types.items():
        if other.casefold() == folded and given in _SETTINGS:
            return _SETTINGS[given]
    return _type_of(value)


def _type_of(value: PropertyValue) -> PropertyType:
    match value:
        case bool():
            return "checkbox"
        case int() | float():
            return "number"
        case str():
            return "date" if _DATE.fullmatch(value) else "datetime" if _DATETIME.fullmatch(value) else "text"
        case list():
            return "unknown" if any(isinstance(item, dict | list) for item in value) else "list"
        case dict():
            return "unknown"
        case _:
            return "text"
