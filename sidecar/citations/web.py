"""Addresses of other machines: which of them stand in the notes or the conversation, and may stay links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

MOST_ADDRESS = 2_000
STARTS = ("https://", "http://", "ftp://", "www.", "mailto:")
ADDRESS = re.compile(
    rf"(?:(?:https?|ftp)://|www\.|mailto:|//(?=/?[\w\[]))[^\s<>`|\[\]\\]{{0,{MOST_ADDRESS}}}", re.IGNORECASE
)
"""An address as it stands in text, with the signs behind it that are no part of it."""
_TRAILING = "?!.,:;*_~'\")”»’}。，、！？；：」』）"
# Of top-level domains, those that programs link without being told to by a scheme.
_DOMAINS = re.compile(
    r"com|net|org|info|biz|edu|gov|int|mil|pro|web|xxx|aero|asia|coop|museum|name|shop|dev|app|page|site|online|xyz|top"
    r"|link|click|cloud|space|live|website|store|tech|zone|[a-z]{2}",
    re.IGNORECASE,
)
_HOST_TAIL = re.compile(r"\.(?:[\w-]{1,63}\.){0,8}([^\W\d_]{2,24})(?![\w-])")


class KnownAddresses:
    """The addresses that stand in some texts, to the letter."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._text = "\n".join(texts)
        self._known: set[str] | None = None

    def __contains__(self, address: str) -> bool:
        """Whether the address stands in the texts, or is the front page of a host that does."""
        if self._known is None:
            self._known = set()
            for found in ADDRESS.findall(self._text):
                self._known |= {found, without_trailing(found), *_front_page(found)}
        return address in self._known

    def names_host(self, host: str) -> bool:
        """Whether a host stands in the texts by its name."""
        return re.search(rf"(?<![\w.@-]){re.escape(host)}(?![\w-]|\.\w)", self._text, re.IGNORECASE) is not None


def without_trailing(address: str) -> str:
    """An address without the signs that end a sentence or close a bracket opened before it."""
    while address and address[-1] in _TRAILING:
        if address[-1] == ")" and address.count("(") >= address.count(")"):
            return address
        address = address[:-1]
    return address


def host_tail(text: str, position: int) -> tuple[int, bool] | None:
    """The rest of a host's name from a dot in it: its end, and whether more than a name follows it; `None` when what
    is there is no host that programs would link.
    """
    match = _HOST_TAIL.match(text, position)
    if match is None:
        return None
    after = text[match.end() : match.end() + 3].lstrip(".")
    path = after[:1] in ("/", "?") or (after[:1] == ":" and after[1:2].isdigit())
    if path or _DOMAINS.fullmatch(match[1]):
        return match.end(), path
    return None


def _front_page(address: str) -> tuple[str, ...]:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ()
    return (f"{parts.scheme}://{parts.netloc}", f"{parts.scheme}://{parts.netloc}/") if parts.netloc else ()
