"""What is asked of notes becomes conditions of the index: a property in brackets, and a filter tree in JSON.

The tree is that of OpenAI's vector store search, with what a note has as its attributes.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from sidecar.errors import RequestError
from sidecar.index.conditions import (
    Below,
    Column,
    ColumnIn,
    ColumnIs,
    Condition,
    Dated,
    Every,
    HasProperty,
    Not,
    Operator,
    PropertyContains,
    PropertyEmpty,
    PropertyIn,
    PropertyIs,
    Some,
    Tagged,
)
from sidecar.language.terms import fold

# A tree is made by a program: these are far beyond what one needs, and keep what SQLite is given small.
_MOST_DEPTH = 8
_MOST_COMPARISONS = 40
_MOST_VALUES = 400
_MOST_CHARACTERS = 1_000
_COMPARISONS: Mapping[str, Operator] = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_ORDERS = ("gt", "gte", "lt", "lte")
_TYPES = ("and", "or", "eq", "ne", *_ORDERS, "in", "nin")
_IN_COLUMNS: tuple[Literal["path", "title", "kind"], ...] = ("path", "title", "kind")
_ATTRIBUTES = "path, folder, title, tags, date, created, modified, kind, or a property's name"

Scalar: TypeAlias = "str | float | bool"

_OPERAND = re.compile(r"\s{0,9}([<>]=?)\s{0,9}(\S.{0,60})")
_NUMBER = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?", re.ASCII)
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2}(?:[tT ]\d{2}:\d{2}(?::\d{2})?)?)?)?", re.ASCII)
_OR = re.compile(r"\sOR\s")


def property_condition(key: str, value: str | None) -> Condition:
    """What `[key]` or `[key:value]` asks for: `null`, `>5`, `<2024-01-01`, `one OR other`, or text it contains."""
    if value is None:
        return HasProperty(key=key, typed=True)
    parts = [part.strip() for part in _OR.split(_inside(value, "()"))]
    asked = tuple(_value_condition(key, part) for part in parts if part)
    # What is nothing but an operator is text like any other.
    return asked[0] if len(asked) == 1 else Some(conditions=asked or (PropertyContains(key=key, text=value),))


def read_where(raw: Any, *, param: str = "filters.where") -> Condition:
    """Read a filter tree. Raises RequestError that names the place of what cannot be read."""
    return _Reader(budget=_MOST_COMPARISONS).read(raw, param, depth=1)


def between_days(filters: Mapping[str, Any]) -> Condition | None:
    """What `after` and `before` ask for, both inclusive: a note's date, or a day that it names. Raises RequestError."""
    first, last = _day(filters, "after"), _day(filters, "before")
    if first is None and last is None:
        return None
    return Dated(first=first or "0001-01-01", last=last or "9999-12-31")


@dataclass(slots=True)
class _Reader:
    budget: int
    """Comparisons that are still allowed."""

    def read(self, raw: Any, param: str, *, depth: int) -> Condition:
        if not isinstance(raw, Mapping):
            raise RequestError("A filter must be an object.", param=param, hint=_EXAMPLE)
        kind = raw.get("type")
        if kind not in _TYPES:
            raise RequestError("A filter needs a 'type'.", param=f"{param}.type", hint=f"Types: {', '.join(_TYPES)}.")
        if depth > _MOST_DEPTH:
            raise RequestError(f"Filters nest at most {_MOST_DEPTH} deep.", param=param)
        if kind in ("and", "or"):
            return self._compound(raw, kind, param, depth=depth)
        return self._comparison(raw, kind, param)

    def _compound(self, raw: Mapping[str, Any], kind: str, param: str, *, depth: int) -> Condition:
        filters = raw.get("filters")
        if not isinstance(filters, list) or not filters:
            raise RequestError(f"The filter {kind!r} needs a list of filters.", param=f"{param}.filters", hint=_EXAMPLE)
        inner = tuple(
            self.read(each, f"{param}.filters[{place}]", depth=depth + 1) for place, each in enumerate(filters)
        )
        return Every(conditions=inner) if kind == "and" else Some(conditions=inner)

    def _comparison(self, raw: Mapping[str, Any], kind: str, param: str) -> Condition:
        key, value = raw.get("key"), raw.get("value")
        if not isinstance(key, str) or not 0 < len(key) <= _MOST_CHARACTERS:
            raise RequestError("A comparison needs a 'key'.", param=f"{param}.key", hint=f"Keys: {_ATTRIBUTES}.")
        several = isinstance(value, list)
        if several is not (kind in ("in", "nin")):
            wanted = "one value" if several else "a list of values"
            raise RequestError(f"The filter {kind!r} compares with {wanted}.", param=f"{param}.value")
        operator: Operator = cast("Operator", kind) if kind in _ORDERS else "eq"
        values = value if isinstance(value, list) else [value]
        if len(values) > _MOST_VALUES:
            raise RequestError(f"A list has at most {_MOST_VALUES} values.", param=f"{param}.value")
        # These are compared one by one.
        self.budget -= len(values) if fold(key) in ("date", "created", "modified") else 1
        if self.budget < 0:
            raise RequestError(f"A tree has at most {_MOST_COMPARISONS} comparisons.", param=param)
        scalars = tuple(_scalar(each, param) for each in values)
        compared = _one_of(key, operator, scalars, param=f"{param}.value")
        return Not(condition=compared) if kind in ("ne", "nin") else compared


_EXAMPLE = 'For example {"type": "eq", "key": "status", "value": "done"}.'


def _one_of(key: str, operator: Operator, values: Sequence[Scalar], *, param: str) -> Condition:
    if len(values) == 1:
        return _compared(key, operator, values[0], param=param)
    if fold(key) not in _READERS:
        # One look at the property instead of one for each value.
        return PropertyIn(key=key, values=tuple(_stored(value) for value in values))
    for column in _IN_COLUMNS:
        if fold(key) == column:
            return ColumnIn(column=column, values=tuple(str(_stored(value)) for value in values))
    return Some(conditions=tuple(_compared(key, operator, value, param=param) for value in values))


def _compared(key: str, operator: Operator, value: Scalar, *, param: str) -> Condition:
    if isinstance(value, bool) and operator != "eq":
        raise RequestError("True and false have no order.", param=param)
    value = _stored(value)
    reader = _READERS.get(fold(key))
    if reader is None:
        length = _date_length(value) if operator != "eq" else None
        return PropertyIs(key=key, operator=operator, value=value, length=length)
    return reader(operator, value, param)


def _stored(value: Scalar) -> str | float:
    return ("false", "true")[value] if isinstance(value, bool) else value


def _tag(operator: Operator, value: str | float, param: str) -> Condition:
    _refuse_order("tags", operator, param)
    return Tagged(tag=str(value).lstrip("#"))


def _folder(operator: Operator, value: str | float, param: str) -> Condition:
    _refuse_order("folder", operator, param)
    return Below(folder=str(value))


def _modified(operator: Operator, value: str | float, param: str) -> Condition:
    if isinstance(value, str):
        raise RequestError("'modified' is a number.", param=param, hint="Seconds since 1970.")
    return ColumnIs(column="modified", operator=operator, value=value)


def _date(operator: Operator, value: str | float, param: str) -> Condition:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise RequestError("This is not a date.", param=param, hint="Dates are written 2024-03-01, months 2024-03.")
    return ColumnIs(column="date", operator=operator, value=value[:10], length=len(value[:10]))


def _created(operator: Operator, value: str | float, param: str) -> Condition:
    """A note's own property of that name; without one, the note's date."""
    own = PropertyIs(key="created", operator=operator, value=value, length=_date_length(value))
    dated = Every(conditions=(Not(condition=HasProperty(key="created")), _date(operator, value, param)))
    return Some(conditions=(own, dated))


def _text(column: Column) -> Callable[[Operator, str | float, str], Condition]:
    def read(operator: Operator, value: str | float, param: str) -> Condition:
        return ColumnIs(column=column, operator=operator, value=str(value))

    return read


_READERS: Mapping[str, Callable[[Operator, str | float, str], Condition]] = {
    "path": _text("path"),
    "title": _text("title"),
    "kind": _text("kind"),
    "folder": _folder,
    "tags": _tag,
    "tag": _tag,
    "date": _date,
    "created": _created,
    "modified": _modified,
}


def _refuse_order(key: str, operator: Operator, param: str) -> None:
    if operator != "eq":
        raise RequestError(f"{key!r} has no order.", param=param, hint="Types for it: eq, ne, in, nin.")


def _scalar(value: Any, param: str) -> Scalar:
    if isinstance(value, str) and len(value) <= _MOST_CHARACTERS:
        return value
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and (number := _finite(value)) is not None:
        return number
    raise RequestError(
        f"A value must be a text of at most {_MOST_CHARACTERS:,} characters, a number, true or false.",
        param=f"{param}.value",
    )


def _finite(value: float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _value_condition(key: str, value: str) -> Condition:
    if (quoted := _inside(value, '""')) != value:
        return PropertyContains(key=key, text=quoted)
    if fold(value) == "null":
        return PropertyEmpty(key=key)
    operand = _OPERAND.fullmatch(value)
    if operand is not None:
        operator, wanted = _COMPARISONS[operand[1]], operand[2].strip()
        if _NUMBER.fullmatch(wanted):
            return PropertyIs(key=key, operator=operator, value=float(wanted))
        if (length := _date_length(wanted)) is not None:
            return PropertyIs(key=key, operator=operator, value=wanted, length=length)
    return PropertyContains(key=key, text=value)


def _date_length(value: str | float) -> int | None:
    """How many characters of a date to compare; `None` for what is no date."""
    return len(value) if isinstance(value, str) and _DATE.fullmatch(value) else None


def _inside(text: str, marks: str) -> str:
    stripped = text.strip()
    inside = len(stripped) > len(marks) and stripped[0] == marks[0] and stripped[-1] == marks[-1]
    return stripped[1:-1] if inside else text


def _day(filters: Mapping[str, Any], key: str) -> str | None:
    value = filters.get(key)
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise RequestError(
            f"The filter {key!r} must be a date.", param=f"filters.{key}", hint="Dates are written 2024-03-01."
        ) from None
