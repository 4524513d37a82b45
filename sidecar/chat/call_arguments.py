"""Whether a call's arguments lead where the user, and not a note, would have them lead."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.chat.addresses import Address, addresses, led_to
from sidecar.chat.held_calls import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The addresses of a conversation: the user's and the client's `own`, and all that are `shown` in the prompt."""

    own: frozenset[Address] = frozenset()
    shown: frozenset[Address] = frozenset()


def known(*, own: Sequence[str], shown: Sequence[str]) -> Known:
    """Find the addresses in the texts that the user and the client wrote, and in those of the whole prompt."""
    return Known(own=_all(own), shown=_all(shown))


def has_address(call: Call) -> bool:
    """Whether a call leads anywhere that could be a note's."""
    return any(led_to(value) for _, value in _values(call.arguments))


def leads_astray(call: Call, *, wished: Sequence[Call], known: Known) -> bool:
    """Whether a call holds an address that a note has put there. `wished` are the calls of the same tool that are made
    without the notes.

    An address is the user's when they or the client name it, its host or its folder, or when it is in a call without
    the notes. One that only a note names may be used as it stands, unless it climbs. Where the user gave one of its
    kind, it may stand in another argument's text, but neither be an argument nor stand in the one the user gave.
    """
    own_roots = {each.root for each in known.own}
    texts = {each.text for each in known.shown}
    without = [place for other in wished for place in _addressed(other.arguments, addresses)]
    wished_roots = {each.root for _, each, _ in without}
    given = {(path, each.kind) for path, each, _ in without if each.root in own_roots}
    kinds = {kind for _, kind in given}
    for path, each, alone in _addressed(call.arguments, led_to):
        if each.root in own_roots or each.root in wished_roots or not own_roots.isdisjoint(each.parents()):
            continue
        taken = (path, each.kind) in given or (alone and each.kind in kinds)
        if taken or each.climbs or each.text not in texts:
            return True
    return False


def _addressed(arguments: str, read: Callable[[str], set[Address]]) -> list[tuple[str, Address, bool]]:
    """Each address with the names that lead to it, and whether it is all that stands there, a name beside it aside."""
    return [
        (path, each, value.strip().endswith(">") or len(value.strip(" <>")) <= len(each.text) + 1)
        for path, value in _values(arguments)
        for each in read(value)
    ]


def _values(arguments: str) -> list[tuple[str, str]]:
    """Each text in the arguments, with the names that lead to it; what is no JSON is one text."""
    try:
        parsed = json.loads(arguments)
    except (ValueError, RecursionError):
        return [("", arguments)]
    found: list[tuple[str, str]] = []
    waiting: list[tuple[str, Any]] = [("", parsed)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            found.append((path, value))
        elif isinstance(value, dict):
            found += [(path, name) for name in value]
            waiting += [(f"{path}.{name}"[-200:], item) for name, item in value.items()]
        elif isinstance(value, list):
            waiting += [(path, item) for item in value]
    return found


def _all(texts: Sequence[str]) -> frozenset[Address]:
    return frozenset(each for text in texts for each in addresses(text))
