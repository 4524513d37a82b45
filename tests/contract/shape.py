"""The shape of JSON: keys and types, without values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TYPES = {str: "text", bool: "flag", int: "number", float: "number", type(None): "null"}


def shape_of(value: Any) -> frozenset[tuple[str, str]]:
    """Every place in a JSON value with its type. The entries of a list share one place."""
    return frozenset(_places(value, ""))


def differences(recorded: Any, live: Any) -> list[str]:
    """What one of two values has and the other has not; nothing when their shapes are the same."""
    before, now = shape_of(recorded), shape_of(live)
    return [
        *(f"{place or 'all'}: {kind} is gone" for place, kind in sorted(before - now)),
        *(f"{place or 'all'}: {kind} is new" for place, kind in sorted(now - before)),
    ]


def _places(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        yield place, "object"
        for key, each in value.items():
            yield from _places(each, f"{place}.{key}")
    elif isinstance(value, list):
        yield place, "list"
        for each in value:
            yield from _places(each, f"{place}[]")
    else:
        yield place, _TYPES[type(value)]
