"""What may be more than text within a line of an answer: brackets, addresses, HTML, entities, code."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Container

from sidecar.citations.bare import Addresses
from sidecar.citations.brackets import WIKILINK, Brackets
from sidecar.citations.pieces import Linker, Piece, wait
from sidecar.citations.shown import ShownText
from sidecar.citations.web import KnownAddresses

_TAG = re.compile(r"</?(?:br|b|i|u|em|strong|kbd|sub|sup|mark|s|del|small) ?/?>", re.IGNORECASE)
_OPEN_TAG = re.compile(r"<(?:/?[A-Za-z][A-Za-z0-9-]{0,40})? ?/?\Z")
_MARKUP = re.compile(r"<(?:[A-Za-z][A-Za-z0-9-]{0,40}+(?![\"'),;$\]}*`\\|])|[/!?%])")
_ENTITY = re.compile(r"&(?:#\d{1,8}|#[xX][0-9A-Fa-f]{1,8}|[A-Za-z][A-Za-z0-9]{1,31});")
_OPEN_ENTITY = re.compile(r"&(?:#[xX]?[0-9A-Fa-f]{0,8}|[A-Za-z][A-Za-z0-9]{0,31})?\Z")
_HARMLESS_ENTITIES = frozenset("<>&\"'\xa0")
_MOST_CODE = 1_000
_MOST_MARKS = 400
_MARKS = re.compile(rf"`{{1,{_MOST_MARKS}}}")
_HARMFUL = re.compile(r"!\[|\]\(|\]:|<[A-Za-z/!?%]|://|//\w|www\.|mailto:", re.IGNORECASE)
_RUN = re.compile(r"\s*(?:\$=|dv:|=(?=.*(?:this\b|\[\[|\"))|<%)")


class Inline:
    """Reads what stands at one place of a text. `piece` gives what becomes of it, or raises More."""

    def __init__(self, *, known: KnownAddresses, linker: Linker, embeds: Container[str]) -> None:
        """`embeds` are the local files that the passages embed, as they name them."""
        self.text = ShownText()
        self.known = known
        self._linker = linker
        self._brackets = Brackets(self.text, known=known, linker=linker, embeds=embeds)
        self._addresses = Addresses(self._brackets)

    def piece(self, text: str, at: int, *, final: bool) -> Piece:
        """What stands at a special character; raises More when that depends on what comes, unless it is `final`."""
        sign = text[at]
        match sign:
            case "\\":
                return self._backslash(text, at, final=final)
            case "`":
                return self._code(text, at, final=final)
            case "!":
                return self._brackets.image(text, at, final=final)
            case "[":
                return self._brackets.bracket(text, at, final=final)
            case "]":
                return self._brackets.closing(text, at, final=final)
            case "<":
                return self._markup(text, at, final=final)
            case "&":
                return self._entity(text, at, final=final)
            case ".":
                return self._addresses.dot(text, at, final=final)
            case "(" | "【":
                return self._brackets.name(text, at, final=final)
            case "\n":
                self._brackets.expected = None
                return Piece(end=at + 1, shown=sign)
        return self._addresses.address(text, at, final=final)

    def _backslash(self, text: str, at: int, *, final: bool) -> Piece:
        if at + 1 == len(text):
            wait(final=final)
            return Piece(end=at + 1, shown="\\", loose_backslash=True)
        following = text[at + 1]
        if following == "/":
            # Read without its backslash, it may be part of an address.
            return Piece(end=at + 2, shown="`/`")
        if following.isascii() and following.isprintable() and not following.isalnum() and following != " ":
            return Piece(end=at + 2, shown=text[at : at + 2])
        return Piece(end=at + 1, shown="\\", loose_backslash=True)

    def _code(self, text: str, at: int, *, final: bool) -> Piece:
        run = _MARKS.match(text, at)
        assert run is not None
        if run.end() == len(text) and len(run[0]) < _MOST_MARKS:
            wait(final=final)
        line_end = text.find("\n", run.end(), at + _MOST_CODE)
        limit = line_end if line_end >= 0 else min(len(text), at + _MOST_CODE)
        closing = re.compile(rf"(?<!`)`{{{len(run[0])}}}(?!`)").search(text, run.end(), limit)
        undecided = line_end < 0 and limit < at + _MOST_CODE
        if undecided and (closing is None or closing.end() == len(text)):
            wait(final=final)
        if closing is None or closing.end() == at + _MOST_CODE or len(run[0]) == _MOST_MARKS:
            return Piece(end=run.end(), shown="\\`" * len(run[0]))
        return self._code_span(text[at : closing.end()], len(run[0]), closing.end())

    def _code_span(self, code: str, marks: int, end: int) -> Piece:
        content = code[marks:-marks]
        wiki = WIKILINK.fullmatch(content.strip())
        if wiki is not None and self._linker.named(wiki[1].partition("|")[0]) is not None:
            return Piece(end=end, shown=content.strip(), again=True)
        unsure = self.text.formula or any(sign in content for sign in ("|", "$", "]]", "%%"))
        if (unsure and _HARMFUL.search(content)) or not content.strip():
            return Piece(end=end - len(code) + marks, shown="\\`" * marks)
        if _RUN.match(content):
            # Plugins of Obsidian run it where it stands.
            return Piece(end=end, shown=code[:marks] + "\\" + content.lstrip() + code[-marks:])
        return Piece(end=end, shown=code)

    def _markup(self, text: str, at: int, *, final: bool) -> Piece:
        if _OPEN_TAG.match(text, at):
            wait(final=final)
        tag = _TAG.match(text, at)
        if tag is not None and not self.text.at_block_start:
            return Piece(end=tag.end(), shown=tag[0])
        return Piece(end=at + 1, shown="&lt;" if _MARKUP.match(text, at) else "<")

    def _entity(self, text: str, at: int, *, final: bool) -> Piece:
        match = _ENTITY.match(text, at)
        if match is None:
            if _OPEN_ENTITY.match(text, at):
                wait(final=final)
            return Piece(end=at + 1, shown="&")
        means = html.unescape(match[0])
        plain = unicodedata.normalize("NFKC", means)
        harmless = means in _HARMLESS_ENTITIES or (not plain.isascii() and means != match[0])
        # Letters and signs spelled in another way are so for a reason.
        return Piece(end=match.end(), shown=match[0] if harmless else "&amp;" + match[0][1:])
