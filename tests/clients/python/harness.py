"""What the Python clients share: a list of calls, run one after the other, and one line of JSON at the end.

A client's script registers its calls and ends with `report`. The service to talk to comes as JSON on standard input.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib.metadata import version
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Service:
    """The server and what is known of its vault."""

    url: str
    """Without `/v1`."""
    key: str
    quoting: str
    """Model that answers from the vault in quotations."""
    chat: str
    """Model from a GGUF file, without the vault."""
    embedding: str
    question: str
    fact: str
    """What the answer to the question has to hold."""
    note: str
    """Path of the note that holds it."""

    @property
    def base(self) -> str:
        return f"{self.url}/v1"


_told = json.load(sys.stdin)
service = Service(**{field.name: _told[field.name] for field in fields(Service)})
_calls: list[tuple[str, Callable[[], Any]]] = []


def call(name: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Register a call under the name that the page of clients gives it."""

    def register(function: Callable[[], Any]) -> Callable[[], Any]:
        _calls.append((name, function))
        return function

    return register


@dataclass
class Caught:
    """The error that a block was to raise."""

    error: Any = None


@contextmanager
def raises(kind: type[Exception]) -> Iterator[Caught]:
    """Expect an error of this kind; fails when there is none."""
    caught = Caught()
    try:
        yield caught
    except kind as error:
        caught.error = error
    else:
        raise AssertionError(f"there was no {kind.__name__}")


def report(package: str) -> None:
    """Make every call, even when one fails, and print what became of each."""
    results = [{"call": name, "problem": _problem(function)} for name, function in _calls]
    # On a line of its own: some clients print too.
    sys.stdout.write("\n" + json.dumps({"version": version(package), "results": results}) + "\n")


def _problem(function: Callable[[], Any]) -> str | None:
    try:
        function()
    except Exception:
        return traceback.format_exc(limit=-6)
    return None
