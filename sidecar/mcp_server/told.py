"""What a tool answers: structured content, and the same in words for clients that show a model nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The answer of a tool. `text` says all that a model needs: many clients pass on nothing else."""

    content: BaseModel
    text: str


def valid(value: Any) -> Any:
    """A JSON value whose strings are Unicode: half a character, as names of files may hold, has no UTF-8."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {valid(name): valid(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [valid(item) for item in value]
    return value


def place(path: str, first_line: int, last_line: int) -> str:
    """Where something stands, as people and models write it: `Folder/Note.md:3-9`."""
    return f"{path}:{first_line}" if first_line == last_line else f"{path}:{first_line}-{last_line}"


def shortened(text: str, most: int) -> str:
    """A text of at most `most` characters, with a sign where something is missing."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
