"""Properties in a Logseq page: `key:: value` on a line of its own. Knows the line, not the page around it.

Rules: "Properties" and "Built-in Properties" in Logseq's own documentation, and `parse-property` of its parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.notes.note import PropertyValue

LISTS = frozenset({"tags", "alias", "aliases"})
"""Properties whose values are page names with commas between them."""
HIDDEN = frozenset(
    [
        *("id", "custom-id", "collapsed", "heading", "background-color", "created-at", "updated-at"),
        *("last-modified-at", "query-table", "query-properties", "query-sort-by", "query-sort-desc", "ls-type"),
        *("hl-type", "hl-page", "hl-stamp", "hl-color", "hl-value", "logseq.macro-name", "logseq.macro-arguments"),
        *("logseq.order-list-type", "todo", "doing", "now", "later", "done"),
    ]
)
"""Properties that Logseq writes for itself and does not show."""
_TEXTS = frozenset({"title", "icon", "template", "filters"})
LITERAL = _TEXTS | {"template-including-parent", "public", "exclude-from-graph-view", "logseq.query-nlp-date"}
"""Properties of Logseq's own whose values hold no links."""

# The name runs up to the first colon; what an EDN keyword cannot hold is no name.
_LINE = re.compile(r"""([^\s:"^(){}\[\],;@~`\\#][^\s:"^(){}\[\],;@~`\\]*)::(?:[ \t]+(.*?))?[ \t]*\Z""")
_DRAWER_LINE = re.compile(r"[ \t]*:([^\s:]+):[ \t]*(.*?)[ \t]*\Z")
# One level of brackets in a page name is as much as a value of names needs.
_NAME = re.compile(r"#?\[\[((?:[^\[\]\n]++|\[\[[^\[\]\n]*+\]\])*+)\]\]|(?<!\S)#([^\s,，\[\]#]+)")
_REST = re.compile(r"[,，]")
_MAX_DIGITS = 18
"""More digits do not fit 64 bits, which is what SQLite and JSON readers hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property, by offsets in the page's text."""

    key: str
    """As Logseq compares it: in lower case, with `-` for `_` and `/`."""
    value: str
    start: int
    value_start: int
    end: int

    @property
    def quoted(self) -> bool:
        """Whether quotation marks say that nothing in the value is a link."""
        return is_quoted(self.value)


def read_property(line: str, *, start: int, drawer: bool = False) -> Property | None:
    """Read the property that a line, from `start` in the text, is; `None` when it is none.

    In a `drawer` it is written `:key: value`.
    """
    match = (_DRAWER_LINE if drawer else _LINE).match(line)
    if match is None:
        return None
    value = match[2] or ""
    end = start + len(line.rstrip())
    return Property(
        key=property_key(match[1]),
        value=value,
        start=start + match.start(1),
        value_start=start + match.start(2) if value else end,
        end=end,
    )


def property_key(name: str) -> str:
    """The name under which Logseq keeps a property."""
    key = name.lower().replace("_", "-").replace("/", "-")
    return "id" if key == "custom-id" else key


def is_quoted(value: str) -> bool:
    """Whether a value stands in quotation marks."""
    return len(value) > 1 and value.startswith('"') and value.endswith('"')


def property_value(key: str, value: str) -> PropertyValue:
    """Give a value its type: a number, a truth value, a list of page names, or text.

    A value that is more than names keeps its text, links and all.
    """
    if not value:
        return None
    if is_quoted(value) or key in _TEXTS:
        return value
    if key in LISTS:
        return list(names_in(value))
    if value.isascii() and value.isdecimal() and len(value) <= _MAX_DIGITS:
        return int(value)
    if value in ("true", "false"):
        return value == "true"
    only_names = _NAME.search(value) and not _NAME.sub("", value).strip(" \t,，")
    return list(names_in(value)) if only_names else value


def names_in(value: str) -> tuple[str, ...]:
    """Page names in a value: `[[name]]`, `#name`, and what commas leave between them. In order, each once."""
    return tuple(dict.fromkeys(name for name in map(str.strip, _names(value)) if name))


def _names(value: str) -> Iterator[str]:
    position = 0
    for match in _NAME.finditer(value):
        yield from _REST.split(value[position : match.start()])
        yield match[1] or match[2] or ""
        position = match.end()
    yield from _REST.split(value[position:])
