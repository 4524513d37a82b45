"""Brackets in an answer: links, images, embeds, footnotes and names of notes, each checked or shown as text."""

from __future__ import annotations

import re
from collections.abc import Container

from sidecar.citations.pieces import Link, Linker, Piece, wait
from sidecar.citations.shown import ShownText
from sidecar.citations.web import MOST_ADDRESS, STARTS, KnownAddresses, without_trailing

WIKILINK = re.compile(r"!?\[\[([^\[\]\n`<>]{1,400})\]\]")
_OPEN_WIKILINK = re.compile(r"!?\[\[[^\[\]\n`<>]{0,400}\]?\Z")
_BEHIND_WIKILINK = re.compile(r"(\.md)?(#[^\n\[\]|#^]{0,160})?")
_IMAGE = re.compile(r"!\[([^\[\]\\`<\n]{0,400})\]\(([^()\n]{0,2000})\)")
_OPEN_IMAGE = re.compile(r"!(?:\[(?:[^\[\]\\`<\n]{0,400}(?:\](?:\([^()\n]{0,2000})?)?)?)?\Z")
_BRACKET = re.compile(r"\[([^\[\]\n`<\\]{0,300})\]")
_OPEN_BRACKET = re.compile(r"\[[^\[\]\n`<\\]{0,300}\]?\Z")
_FOOTNOTE = re.compile(r"\[\^([^\[\]\s`<\\^]{1,40})\](:?)")
_OPEN_FOOTNOTE = re.compile(r"\[\^[^\[\]\s`<\\^]{0,40}\]?\Z")
_SCHEME = re.compile(r"\s{0,40}[A-Za-z][\w+.\\-]{0,40}:(?![ \t]{1,40}\S)")
_OPEN_SCHEME = re.compile(r"\s{0,40}(?:[A-Za-z][\w+.\\-]{0,40}(?::[ \t]{0,40})?)?\Z")
_PARENTHESES = re.compile(r"\((?:[^()\n\\]++|\([^()\n\\]*+\))*+\)")
_OPEN_PARENTHESES = re.compile(r"\((?:[^()\n\\]++|\([^()\n\\]*+\))*+(?:\([^()\n\\]*+)?\Z")
_DESTINATION = re.compile(r"\(\s*(?:<([^<>\n]*)>|([^\s<>]*))(?:\s+\"[^\"\n]*\")?\s*\)")
_LOCAL = re.compile(r"(?!\s*[/\\])(?!.*(?:\.\.|%2e))[^:&\\<>\n]+", re.IGNORECASE)
_ALIAS = re.compile(r"(?!.*(?://|www\.|\w\.\w+[/?:]|mailto:))[^<`~&\\\n]+", re.IGNORECASE)


class Brackets:
    """Reads what stands at a bracket."""

    def __init__(self, text: ShownText, *, known: KnownAddresses, linker: Linker, embeds: Container[str]) -> None:
        """`embeds` are the local files that the passages embed, as they name them."""
        self.text = text
        self.known = known
        self._linker = linker
        self._embeds = embeds
        self.expected: str | None = None
        """Where the link leads within whose text this is."""

    def image(self, text: str, at: int, *, final: bool) -> Piece:
        if text.startswith("![[", at):
            return self.wikilink(text, at, final=final)
        match = _IMAGE.match(text, at)
        if match is None:
            if _OPEN_IMAGE.match(text, at):
                wait(final=final)
            return Piece(end=at + 2, shown="!\\[") if text.startswith("![", at) else Piece(end=at + 1, shown="!")
        address = match[2].strip()
        if _LOCAL.fullmatch(address) and address in self._embeds:
            return Piece(end=match.end(), shown=match[0])
        target = self._linker.named(address)
        shown = f"[[{target}]]" if target is not None else f"({match[1] or 'image'})"
        return Piece(end=match.end(), shown=shown, again=True)

    def wikilink(self, text: str, at: int, *, final: bool) -> Piece:
        match = WIKILINK.match(text, at)
        if match is None:
            if _OPEN_WIKILINK.match(text, at):
                wait(final=final)
            return Piece(end=at + 2, shown="!\\[") if text[at] == "!" else Piece(end=at + 1, shown="[")
        behind = _BEHIND_WIKILINK.match(text, match.end())
        assert behind is not None
        if self._goes_on(text, match.end()):
            wait(final=final)
        target, _, alias = match[1].partition("|")
        in_table = target.endswith("\\")
        target, end = self._mended(target.removesuffix("\\").strip(), behind)
        embed = match[0][0] == "!"
        if embed and target in self._embeds and _LOCAL.fullmatch(target):
            return Piece(end=match.end(), shown=match[0])
        alias = alias.strip() if _ALIAS.fullmatch(alias.strip()) else ""
        found = self._linker.link(target, alias, embed=embed)
        if found is None:
            return Piece(end=match.end(), shown=(match[1].partition("|")[2] or target).strip(), again=True)
        shown = found[0].replace("|", "\\|") if in_table else found[0]
        return Piece(end=end or match.end(), shown=shown, link=found[1] or Link(place=None))

    def _goes_on(self, text: str, position: int) -> bool:
        """Whether `.md` or a heading may follow a wikilink that ends here."""
        rest = text[position:]
        if not rest or ".md".startswith(rest):
            return True
        heading = rest.removeprefix(".md")
        return heading == "" or (heading[0] == "#" and len(heading) < 160 and "\n" not in heading)

    def _mended(self, target: str, behind: re.Match[str]) -> tuple[str, int]:
        """A target with the heading that stands behind its brackets, where there is such a heading; and its end."""
        end = behind.end(1) if behind[1] else 0
        heading = behind[2] or ""
        if not heading or "#" in target:
            return target, end
        words = re.compile(r"#|\S+").finditer(heading)
        for stop in sorted((word.end() for word in words), reverse=True)[:12]:
            name = target.removesuffix(".md") + heading[:stop].rstrip(".,;:!?)*_ ")
            if len(name) > len(target) and self._linker.named(name) is not None:
                return name, behind.start(2) + len(name) - len(target.removesuffix(".md"))
        return target, end

    def bracket(self, text: str, at: int, *, final: bool) -> Piece:
        if text.startswith("[[", at):
            return self.wikilink(text, at, final=final)
        if text.startswith("[^", at):
            return self._footnote(text, at, final=final)
        match = _BRACKET.match(text, at)
        if match is None:
            if _OPEN_BRACKET.match(text, at):
                wait(final=final)
            return Piece(end=at + 1, shown="[")
        if match.end() == len(text):
            wait(final=final)
        if text[match.end() : match.end() + 1] == "(":
            return self._link(text, match, final=final)
        named = re.sub(r"(?i)\A\s*(?:sources?|quellen?|fontes?|fuentes?|fonti?)\s*:\s*", "", match[1])
        target = self._linker.named(named) if len(named.strip()) > 2 else None
        if target is None or text[match.end() : match.end() + 1] in (":", "["):
            return Piece(end=at + 1, shown="[")
        return Piece(end=match.end(), shown=f"[[{target}]]", again=True)

    def _link(self, text: str, match: re.Match[str], *, final: bool) -> Piece:
        destination, end = self._destination(text, match.end(), final=final)
        if destination is None:
            return Piece(end=match.start() + 1, shown="[")
        words = match[1].strip()
        if (target := self._linker.named(destination)) is not None:
            same = self._linker.named(words) is not None or not words
            return Piece(end=end, shown=f"[[{target}]]" if same else f"[[{target}|{words}]]", again=True)
        if self._may_lead(destination):
            # Its text is read by itself; what closes it is met again.
            self.expected = destination if "|" not in match[1] else None
            return Piece(end=match.start() + 1, shown="[")
        address = destination if words != destination else ""
        shown = f"{words} ({address})" if words and address else words or address
        return Piece(end=end, shown=shown, again=len(shown) < end - match.start())

    def closing(self, text: str, at: int, *, final: bool) -> Piece:
        if at + 1 == len(text):
            wait(final=final)
        if text[at + 1 : at + 2] == "(":
            destination, end = self._destination(text, at + 1, final=final)
            if destination is not None and self._may_lead(destination):
                # Between angle brackets it ends where it ends, also where this turns out to be no link.
                expected, self.expected = self.expected == destination and not self.text.formula, None
                plain = expected and not re.search(r"[()\s]", destination)
                return Piece(end=end, shown=f"]({destination})" if plain else f"](<{destination}>)")
        return Piece(end=at + 1, shown="]")

    def _destination(self, text: str, at: int, *, final: bool) -> tuple[str | None, int]:
        found = _PARENTHESES.match(text, at, at + MOST_ADDRESS + 400)
        if found is None:
            if len(text) < at + MOST_ADDRESS + 400 and _OPEN_PARENTHESES.match(text, at):
                wait(final=final)
            return None, at
        match = _DESTINATION.fullmatch(found[0])
        return (None, at) if match is None else ((match[1] or match[2] or "").strip(), found.end())

    def _may_lead(self, destination: str) -> bool:
        if destination.lower().startswith(STARTS):
            return destination in self.known and without_trailing(destination) == destination
        return re.fullmatch(r"#[\w-]+", destination) is not None

    def _footnote(self, text: str, at: int, *, final: bool) -> Piece:
        match = _FOOTNOTE.match(text, at)
        undecided = _OPEN_FOOTNOTE.match(text, at) if match is None else match.end(1) + 1 == len(text)
        if undecided:
            wait(final=final)
        if match is None:
            return Piece(end=at + 1, shown="[")
        label = self._linker.footnote(match[1])
        if not match[2]:
            return Piece(end=match.end(), shown=f"[^{label}]")
        if _OPEN_SCHEME.match(text, match.end()):
            wait(final=final)
        if _SCHEME.match(text, match.end()):
            return Piece(end=match.end(), shown=f"[^{label}]\\:")
        return Piece(end=match.end(), shown=f"[^{label}]:")

    def name(self, text: str, at: int, *, final: bool) -> Piece:
        closing = ")" if text[at] == "(" else "】"
        end = text.find(closing, at, at + 300)
        content = text[at + 1 : end if end >= 0 else at + 300]
        if end < 0 and len(content) < 250 and self._linker.begins(content):
            wait(final=final)
        target = self._linker.named(content) if end >= 0 and (closing != ")" or "#" in content) else None
        if target is None:
            return Piece(end=at + 1, shown=text[at])
        shown = f"([[{target}]])" if closing == ")" else f"[[{target}]]"
        return Piece(end=end + 1, shown=shown, again=True)
