"""A reader of EDN, the notation in which Logseq keeps its settings; as much of it as settings need. Total but for
ValueError, with caps on size and depth.

The one library on PyPI, edn_format, was left alone from 2020 to 2026, brings ply (last released in 2018), pytz and
pyRFC3339 with it, stops at any tag that it does not know, and has no cap on anything.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

MAX_SIZE = 1024 * 1024
"""Characters."""
_MAX_DEPTH = 100
_TOKEN = re.compile(
    r'(?P<skip>[\s,]+|;[^\n]*)|(?P<string>#?"(?:[^"\\]|\\.)*+")|(?P<open>#?\{|#?\(|\[)|(?P<close>[)\]}])'
    r"""|(?P<discard>#_)|(?P<tag>#)|(?P<quote>['`~@])|(?P<meta>\^)|(?P<char>\\.[^\s,;"()\[\]{}]*)|(?P<word>[^\s,;"()\[\]{}\\]+)"""
    r"|(?P<bad>.)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_CLOSING = {"(": ")", "#(": ")", "[": "]", "{": "}", "#{": "}"}
_NAMED: Mapping[str, bool | None] = {"nil": None, "true": True, "false": False}
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}N?")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{0,30})?(?:[eE][+-]?[0-9]{1,3})?M?")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyword:
    """`:name` or `:space/name`, without the colon."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A bare word: the name of a function, for the most part."""

    name: str


Edn: TypeAlias = "str | int | float | bool | Keyword | Symbol | tuple[Edn, ...] | dict[Hashable, Edn] | None"
"""Lists, vectors and sets are tuples; a tagged value is the value, a character the text of one."""


def read_edn(text: str) -> Edn:
    """Read the first value in the text; what stands behind it is ignored, as Logseq does.

    Raises ValueError with the reason: nothing there, not EDN, a key that stands twice, too large or too deep.
    """
    if len(text) > MAX_SIZE:
        raise ValueError(f"it is longer than {MAX_SIZE} characters")
    return _Reader(text).first()


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._depth = 0

    def first(self) -> Edn:
        for kind, token in self._tokens:
            if kind == "discard":
                self._after(token)
            else:
                return self._value(kind, token)
        raise ValueError("it is empty")

    def _value(self, kind: str, token: str) -> Edn:
        match kind:
            case "string":
                return _string(token)
            case "word":
                return _word(token)
            case "char":
                return token[1:]
            case "open":
                return self._collection(token)
            case "tag" | "quote" | "meta":
                return self._marked(kind, token)
            case _:
                raise ValueError(f"`{token[:20]}` is out of place")

    def _marked(self, kind: str, token: str) -> Edn:
        """The value behind a tag's name, a quotation mark or what is said about it."""
        if kind == "tag" and next(self._tokens, ("", ""))[0] != "word":
            raise ValueError("a tag has no name")
        if kind == "meta":
            self._after(token)
        return self._after(token)

    def _after(self, token: str) -> Edn:
        """The next value, which belongs to `token`."""
        self._deeper()
        for kind, following in self._tokens:
            if kind == "discard":
                self._after(following)
                continue
            value = self._value(kind, following)
            self._depth -= 1
            return value
        raise ValueError(f"nothing follows `{token}`")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError(f"it is nested more than {_MAX_DEPTH} deep")

    def _collection(self, opening: str) -> Edn:
        self._deeper()
        values: list[Edn] = []
        for kind, token in self._tokens:
            if kind == "discard":
                self._after(token)
            elif kind != "close":
                values.append(self._value(kind, token))
            elif token == _CLOSING[opening]:
                self._depth -= 1
                return _mapping(values) if opening == "{" else tuple(values)
            else:
                raise ValueError(f"`{token}` closes `{opening}`")
        raise ValueError(f"`{opening}` is never closed")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "skip":
            yield match.lastgroup or "", match[0]


def _mapping(values: list[Edn]) -> dict[Hashable, Edn]:
    if len(values) % 2:
        raise ValueError("a map has a key without a value")
    mapping: dict[Hashable, Edn] = {}
    for key, value in zip(values[::2], values[1::2], strict=True):
        # Nobody looks up what is keyed by a collection; its text keeps it apart from others.
        hashable: Hashable = key if not isinstance(key, tuple | dict) else repr(key)
        if hashable in mapping:
            raise ValueError("a key stands twice in one map")
        mapping[hashable] = value
    return mapping


def _string(token: str) -> str:
    if token.startswith("#"):
        # A regular expression: its backslashes are its own.
        return token[2:-1]
    text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2]), token)
    # An emoji may be written as two escapes; half of one is no character.
    return text[1:-1] if not _SURROGATE.search(text) else _paired(text[1:-1])


def _paired(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _word(token: str) -> Edn:
    if token.startswith(":"):
        return Keyword(name=token.lstrip(":"))
    if token in _NAMED:
        return _NAMED[token]
    if _INTEGER.fullmatch(token):
        return int(token.rstrip("N"))
    return float(token.rstrip("M")) if _DECIMAL.fullmatch(token) else Symbol(name=token)
