"""What a client's own housekeeping is answered, without a model: a title of the user's first words, empty lists.

A usable answer in the form asked for keeps clients from showing an error; made-up tags and follow-up questions would
be worse than none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from sidecar.inference.housekeeping import Housekeeping
from sidecar.inference.model import Message
from sidecar.inference.tokens import message_text

_TITLE = 48
_BLANKS = re.compile(r"\s+")
_MARKUP = re.compile(r"!?\[\[|\]\]|[`*_#>]+")
_READ = 2_000
_EMPTY = "…"
_EMOJI = "📝"


def housework(wanted: Housekeeping, messages: Sequence[Message]) -> str:
    """Answer a client's housekeeping in the form it asked for: JSON under its key, else plain text."""
    if wanted.kind in ("tags", "follow_ups", "queries"):
        return json.dumps({wanted.key: []}) if wanted.key else "[]"
    text = _text(wanted, messages)
    return json.dumps({wanted.key: text}, ensure_ascii=False) if wanted.key else text


def _text(wanted: Housekeeping, messages: Sequence[Message]) -> str:
    if wanted.kind == "title":
        return _title(next((text for text in wanted.about if text.strip()), ""))
    if wanted.kind == "emoji":
        return _EMOJI
    if wanted.kind == "ping":
        return "OK"
    if wanted.kind == "autocomplete":
        return ""
    return _title(next((message_text(each) for each in messages if each.get("role") == "user"), ""))


def _title(text: str) -> str:
    """The first words of a text, as many as a list of chats shows."""
    plain = _BLANKS.sub(" ", _MARKUP.sub("", text[:_READ])).strip()
    if len(plain) <= _TITLE:
        return plain or _EMPTY
    cut = plain[:_TITLE]
    # Between words, where there are any.
    whole, blank, _ = cut.rpartition(" ")
    return f"{whole.rstrip(',;:.') if blank and len(whole) > _TITLE // 2 else cut}…"
