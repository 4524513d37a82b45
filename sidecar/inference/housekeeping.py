"""Whether a request is a client's own housekeeping: a title for the chat, follow-up suggestions, a ping.

Told by the messages alone. Knows no notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sidecar.inference.model import Message

HousekeepingKind: TypeAlias = Literal[
    "title", "tags", "follow_ups", "queries", "autocomplete", "emoji", "ping", "other"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Housekeeping:
    """What a client wants for itself. `key` is the JSON object's key that it wants the answer under, `None` for plain
    text; `about` is what of the conversation is quoted in the request, user's turns only, oldest first.
    """

    kind: HousekeepingKind
    key: str | None = None
    about: tuple[str, ...] = ()


def housekeeping_of(messages: Sequence[Message]) -> Housekeeping | None:
    """Tell what a client wants for itself; `None` for a request that comes from the user."""
    return None
