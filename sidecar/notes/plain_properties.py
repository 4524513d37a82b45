"""Frontmatter as most people have it, `key: value` and lists of values, read without a YAML loader.

The loader takes a millisecond for a note's dozen properties, more than everything else that is done with the note. What
is read here means the same to it; at the first sign of anything else (comments, escapes, nesting, texts over several
lines, a key twice) nothing is read at all.
"""

from __future__ import annotations

import re

from sidecar.notes.note import PropertyValue
from sidecar.notes.yaml_loader import read_scalar

_MAX_SIZE = 16 * 1024
"""Characters. Below it there cannot be more values than the loader's result may have."""
# Tabs, other line ends than a newline, a byte order mark, and what YAML forbids.
_ODD = re.compile(r"[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_KEY = r"[^\W\d_][^:#\n]{0,200}+(?<!\x20)"
_QUOTED = r""""[^"\\\n]*+"|'[^'\n]*+'"""
_PLAIN = (
    r"(?:[^\x20\n\-?:,\[\]{}#&*!|>'\"%@`]|-(?=[^\x20\n]))"
    r"[^:#\n]*+(?:(?::(?=[^\x20\n])|(?<!\x20)\#)[^:#\n]*+)*+"
)
_IN_BRACKETS = r"""(?:"[^",\\\n]*+"|'[^',\n]*+'|[^\x20\n\-?:,\[\]{}#&*!|>'"%@`][^?:,\[\]{}#'"\n]*+)\x20*+"""
_PROPERTY = re.compile(
    rf"(?P<key>{_KEY}):"
    rf"(?:\x20++(?P<scalar>{_QUOTED}|{_PLAIN})\x20*+"
    r"|\x20++[|>]-\x20*+(?:\n\x20++(?P<block>[^\n]*+(?<!\x20)))?+(?P<stripped>)"
    rf"|\x20++\[\x20*+(?P<list>(?:{_IN_BRACKETS}(?:,\x20*+{_IN_BRACKETS})*+)?)\]\x20*+"
    rf"|\x20*+(?P<items>\n(?P<indent>\x20*+)-\x20++(?:{_QUOTED}|{_PLAIN})\x20*+"
    rf"(?:\n(?P=indent)-\x20++(?:{_QUOTED}|{_PLAIN})\x20*+)*+)?)"
    r"(?:\n++|\Z)"
)


def read_plain(raw: str) -> dict[str, PropertyValue] | None:
    """Read the text between the fences; `None` when it takes the loader to read it, as it does for no properties."""
    if len(raw) > _MAX_SIZE or _ODD.search(raw):
        return None
    properties: dict[str, PropertyValue] = {}
    position = len(raw) - len(raw.lstrip("\n"))
    while position < len(raw):
        found = _PROPERTY.match(raw, position)
        if found is None or (key := found["key"]) in properties or read_scalar(key) != key:
            return None
        properties[key] = _value(found)
        position = found.end()
    return properties or None


def _value(found: re.Match[str]) -> PropertyValue:
    if (scalar := found["scalar"]) is not None:
        return _scalar(scalar)
    if (items := found["items"]) is not None:
        return [_scalar(line.lstrip(" ")[1:]) for line in items[1:].split("\n")]
    if (members := found["list"]) is not None:
        return [_scalar(member) for member in members.split(",")] if members else []
    return None if found["stripped"] is None else found["block"] or ""


def _scalar(written: str) -> PropertyValue:
    text = written.strip(" ")
    if text[0] in "\"'":
        return text[1:-1]
    value = read_scalar(text)
    assert value is None or isinstance(value, str | int | float)
    return value
