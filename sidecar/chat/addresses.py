"""The addresses in a text: where a tool would send something, or fetch it from.

An address is a URL, a host with a path, an e-mail address, or a path that leads out of the folder a tool works in.
Every pattern begins where no earlier match of it could, so that each text is gone through once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import unquote

Kind: TypeAlias = Literal["url", "mail", "path"]

# Where an address ends: at a blank; at what cannot be in one; at the brackets that notes put around one.
_ENDS = (r"\S", r"[^\s<>\"`]", r"[^\s<>\"`()\[\]{}|']")
_SCHEME = r"(?<![a-z0-9+.\-])[a-z][a-z0-9+.\-]*:"
_URL = rf"{_SCHEME}(?://|\\\\)@+|(?<![a-z0-9+.\-])(?:data|javascript|file):@+"
# A host without a scheme is told by what follows it: `example.org/page`, not `Plan.md`.
_BARE = r"(?<![\w@.\-/])(?:(?:[\w\-]+\.)+(?:[^\W\d_]{2,}|\d{1,3})(?::\d+)?[/?]@*|www\.@+)"
_MAIL = re.compile(r"(?<![\w.+%\-])[\w.+%\-]+@[\w\-]+(?:\.[\w\-]+)+")
# In a home folder, absolute, of a drive or a network share; and climbing.
_PATH = (
    r"(?<![\w/\\.:~<\-])(?:~[/\\]@+|/+[\w.~\-]+/@*|[a-z]:[/\\]@*|\\\\@+)"
    r"|(?<![^\s\"'`(\[{|=,:;/\\])\.\.(?:[/\\]@*|(?!\S))"
)
_HOST = re.compile(r"(?:[a-z][a-z0-9+.\-]*:)?/*(?:[^/?#@]*@)?([^/?#]*)")
_CLIMBS = re.compile(r"(?:\A|[/\\])\.\.(?:[/\\]|\Z)")
_CLOSING = ",;:!?)]}>'\"*_`"
_DEPTH = 64


def _patterns(form: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(re.sub(r"(?<!\w)@(?=[+*])", lambda _, end=end: end, form)) for end in _ENDS)  # type: ignore[misc]  # mypy cannot infer a lambda's default


_URLS, _PATHS = _patterns(f"{_URL}|{_BARE}"), _patterns(_PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One address. `root` is what decides whose it is: a URL's host, an e-mail address or a path itself."""

    kind: Kind
    text: str
    root: str

    @property
    def climbs(self) -> bool:
        """Whether it leads upwards, out of wherever it starts."""
        return self.kind == "path" and _CLIMBS.search(self.text) is not None

    def parents(self) -> Iterator[str]:
        """The folders that a path is in, the root folder left out; nothing for what climbs or is no path."""
        if self.kind != "path" or self.climbs:
            return
        at = 0
        for part in re.split(r"[/\\]", self.text, maxsplit=_DEPTH)[:-1]:
            at += len(part)
            if part not in ("", "~") and not part.endswith(":"):
                yield self.text[:at]
            at += 1


def addresses(text: str) -> set[Address]:
    """Every address in a text, in lower case. One that a bracket or a quotation mark may end stands there with what
    follows and without.
    """
    plain = text.casefold()
    return _found(plain, _URLS, _PATHS)


def led_to(value: str) -> set[Address]:
    """Every address that an argument of a call leads to, each as long as it can be: what follows it, a blank or a
    bracket, could carry what a note says.
    """
    plain = value.casefold().strip()
    found = _found(plain, _URLS[:1], _PATHS[:1])
    if begins := _URLS[0].match(plain):
        found = {each for each in found if each != _url(begins.group())} | {_url(plain)}
    return found


def _found(plain: str, urls: tuple[re.Pattern[str], ...], paths: tuple[re.Pattern[str], ...]) -> set[Address]:
    found = {_named("mail", match.group()) for match in _MAIL.finditer(plain)}
    for pattern in urls:
        found |= {_url(match.group()) for match in pattern.finditer(plain)}
    decoded = unquote(plain)
    for pattern in paths:
        found |= {_named("path", _closed(match.group())) for match in pattern.finditer(decoded)}
    return found


def _url(text: str) -> Address:
    text = _closed(text).rstrip("/")
    if text.startswith("file:"):
        return _named("path", "/" + unquote(text[5:]).lstrip("/"))
    host = _HOST.match(text)
    # What programs read in two ways, and what has no host, is nobody's but as a whole.
    if host is None or not host[1] or "\\" in text or text.startswith(("data:", "javascript:")):
        return _named("url", text)
    return Address(kind="url", text=text, root=host[1])


def _named(kind: Kind, text: str) -> Address:
    return Address(kind=kind, text=text, root=text)


def _closed(text: str) -> str:
    """Without what only closes the sentence around it."""
    stripped = text.rstrip(_CLOSING)
    return stripped if stripped.endswith("..") else stripped.rstrip("." + _CLOSING)
