"""Addresses in an answer's text, of which many programs make links: kept, put in angle brackets, or shown as code."""

from __future__ import annotations

import re

from sidecar.citations.brackets import Brackets
from sidecar.citations.pieces import Piece, wait
from sidecar.citations.web import ADDRESS, MOST_ADDRESS, STARTS, host_tail, without_trailing

_WORD = re.compile(r"[\w@.-]{0,100}\Z")
_OPEN_HOST = re.compile(r"\.(?:[\w-]{1,63}\.){0,8}(?:[\w-]{0,63})(?:\.|\.?:)?\Z")


class Addresses:
    """Reads what stands where an address may begin."""

    def __init__(self, brackets: Brackets) -> None:
        self.text = brackets.text
        self.known = brackets.known
        self._brackets = brackets

    def dot(self, text: str, at: int, *, final: bool) -> Piece:
        if not self.text.last.isalnum() and self.text.last not in ("-", "_"):
            return Piece(end=at + 1, shown=".")
        if _OPEN_HOST.match(text, at):
            wait(final=final)
        found = host_tail(text, at)
        if found is None:
            return Piece(end=at + 1, shown=".")
        end, path = found
        before = _WORD.search(self.text.tail)
        word = before[0] if before is not None else ""
        host = word + text[at:end]
        if not path:
            harmless = host.count(".") < 2 or self.known.names_host(host)
            return Piece(end=end, shown=text[at:end] if harmless else f"`{text[at:end]}`")
        chunk = re.compile(rf"[^\s<>`|\[\]\\]{{0,{MOST_ADDRESS}}}").match(text, at)
        assert chunk is not None
        if chunk.end() == len(text) and len(chunk[0]) < MOST_ADDRESS:
            wait(final=final)
        bare = without_trailing(chunk[0])
        if self.known.names_host(word + bare) and not text[chunk.end() : chunk.end() + 1].strip(" \n"):
            return Piece(end=at + len(bare), shown=bare)
        return Piece(end=at + len(bare), shown=f"`{bare}`")

    def address(self, text: str, at: int, *, final: bool) -> Piece:
        if text.startswith("//", at) and at + 2 == len(text):
            wait(final=final)
        match = ADDRESS.match(text, at)
        if match is None or (text[at] != "/" and self.text.last.isalnum()):
            plain = re.compile(r"//|\w+:?").match(text, at)
            assert plain is not None
            return Piece(end=plain.end(), shown=plain[0])
        if match.end() == len(text) and len(match[0]) < MOST_ADDRESS:
            wait(final=final)
        address = without_trailing(match[0])
        if len(address) <= 2 or address.lower() in STARTS:
            return Piece(end=match.end(), shown=f"`{match[0]}`")
        if address not in self.known or len(match[0]) >= MOST_ADDRESS:
            return Piece(end=at + len(address), shown=f"`{address}`")
        ended = text[match.end() : match.end() + 1] in ("", " ", "\n", "\t")
        delimited = ended and match[0][len(address) :].isascii()
        if text[match.end() :] == "]":
            wait(final=final)
        in_link = self._brackets.expected is not None and text[match.end() : match.end() + 2] == "]("
        shown = address if delimited or in_link or not address.lower().startswith("http") else f"<{address}>"
        return Piece(end=at + len(address), shown=shown)
