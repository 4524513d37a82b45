"""An answer and its passages become checked citations: wikilinks that lead somewhere, annotations, the sources used.

What does not check out is shown as plain text, never as a link; remote images never reach the reader, because loading
one tells its server what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sidecar.citations.address import obsidian_uri
from sidecar.citations.cited import Annotation, CitedSource
from sidecar.language.recognition import STOP_WORDS
from sidecar.language.terms import fold, terms
from sidecar.prompt import Passage

# A wikilink; an image, plain or in any of the other forms that Markdown has for it (brackets, escapes and code in its
# text, references); an element that loads something.
_MARKUP = re.compile(
    r"""!?\[\[(?P<target>[^\[\]\n]{1,400})\]\]
      | !\[(?P<alt>[^\[\]\\`<\n]{0,400})\](?:\((?P<url>[^()\n]{0,2000})\)|(?P<bare>(?![(\[])))
      | (?P<image>!\[)
      | (?P<element><(?=\s*(?:img|picture|iframe|object|embed|video|audio|source|svg|link)\b))
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Entities and escapes spell a scheme as well as letters do: `&#104;ttps:`.
_LOCAL = re.compile(r"(?!\s*//)[^:&\\<>]*")
# What may still become a link or an image when more text comes: an opening without its end, or its first characters.
_OPEN = re.compile(
    r"""(?: !?\[\[[^\[\]\n]{0,400}\]?
          | !\[[^\[\]\\`<\n]{0,400}(?:\](?:\([^()\n]{0,2000})?)?
          | !?\[ | ! | <\s{0,8}[a-z]{0,8} )\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n]*)")
_WIKILINK_TARGET = re.compile(r"\[\[([^\[\]|\n]+)")
# An answer without citations is credited to a passage that has this share of the answer's own informative terms.
_SUPPORT = 0.6


class CitationChecker:
    """Checks one answer while it streams: `feed` takes text as it comes and gives what may be shown of it."""

    def __init__(self, passages: Sequence[Passage], *, vault: str, known_text: Iterable[str]) -> None:
        """`known_text` is what the conversation itself says: links that stand in it are not the model's invention."""
        self._passages = passages
        self._vault = vault
        self._known = {
            fold(target).strip()
            for text in (*known_text, *(passage.text for passage in passages))
            for target in _WIKILINK_TARGET.findall(text)
        }
        self._pending = ""
        self._shown = 0
        self._text: list[str] = []
        # Where in the answer's Markdown the next character stands: its line so far, and the code fence it is within.
        self._line = ""
        self._fence: str | None = None
        self._used: dict[int, Passage] = {}
        self.annotations: list[Annotation] = []

    def feed(self, text: str) -> str:
        """Take more of the answer; returns what can be shown now, perhaps nothing."""
        self._pending += text
        opening = _OPEN.search(self._pending)
        ready = self._pending if opening is None else self._pending[: opening.start()]
        self._pending = "" if opening is None else self._pending[opening.start() :]
        return self._show(ready)

    def finish(self, *, credit: bool) -> str:
        """The rest of the answer. With `credit`, an answer that cites nothing gets the passages that support it."""
        rest = self._show(self._pending)
        self._pending = ""
        if not credit or self._used:
            return rest
        supporting = self._supporting()
        if not supporting:
            return rest
        rest += self._show("\n\n" + " ".join(f"[[{passage.link}]]" for passage in supporting))
        return rest

    @property
    def sources(self) -> tuple[CitedSource, ...]:
        """The passages cited so far, in the order of their first citation."""
        return tuple(
            CitedSource(
                path=passage.path,
                title=passage.title,
                heading_path=passage.heading_path,
                start_line=passage.start_line,
                end_line=passage.end_line,
                quote=passage.text.strip(),
                score=round(passage.score, 4),
                uri=self._uri(passage),
                link=passage.link,
            )
            for passage in self._used.values()
        )

    def _show(self, text: str) -> str:
        pieces: list[str] = []
        end = 0
        for match in _MARKUP.finditer(text):
            pieces.append(self._advance(text[end : match.start()]))
            shown = self._harmless(match)
            pieces.append(self._advance(match.group(), shown=shown))
            end = match.end()
        pieces.append(self._advance(text[end:]))
        return "".join(pieces)

    def _advance(self, text: str, *, shown: str | None = None) -> str:
        """Go on over a piece of the answer, of which `shown` is shown, all of it by default."""
        *ended, rest = text.split("\n")
        for line in ended:
            self._end_line(self._line + line)
            self._line = ""
        self._line += rest
        shown = text if shown is None else shown
        self._shown += len(shown)
        self._text.append(shown)
        return shown

    def _end_line(self, line: str) -> None:
        match = _FENCE.match(line)
        if match is None:
            return
        mark, rest = match.groups()
        if self._fence is None:
            self._fence = None if "`" in mark and "`" in rest else mark
        elif mark.startswith(self._fence) and not rest.strip():
            self._fence = None

    def _harmless(self, match: re.Match[str]) -> str:
        if match["target"] is not None:
            return self._checked(match)
        if match["element"] is not None:
            return "&lt;"
        if match["url"] is not None:
            return match.group() if _LOCAL.fullmatch(match["url"]) else f"({match['alt'] or 'image'})"
        # Perhaps a reference to an address given elsewhere. In code it is what it looks like: `vec![1, 2]`.
        return match.group() if match["bare"] is not None and self._in_macro else "!\\" + match.group()[1:]

    @property
    def _in_code(self) -> bool:
        return self._fence is not None or self._line.count("`") % 2 == 1

    @property
    def _in_macro(self) -> bool:
        return self._fence is not None or (self._in_code and self._line[-1:].isalpha())

    def _checked(self, match: re.Match[str]) -> str:
        target, _, alias = match["target"].partition("|")
        passage = self._cited(target)
        if passage is None:
            if self._in_code:
                # `[[ -f file ]]` in code is no link.
                return match.group() if self._in_macro else match.group().lstrip("!")
            # Embedding would copy; and `![[a]](https://…)` is an image.
            return match.group().lstrip("!") if fold(target).strip() in self._known else (alias or target).strip()
        # A heading that the note does not have is mended to the passage's own; embedding would copy, so it links.
        link = target.strip() if _same(target, passage) else passage.link
        shown = f"[[{link}|{alias.strip()}]]" if alias.strip() else f"[[{link}]]"
        self._used.setdefault(id(passage), passage)
        self.annotations.append(
            Annotation(
                url=self._uri(passage),
                title=passage.link,
                start_index=self._shown,
                end_index=self._shown + len(shown),
                vault=passage.vault or self._vault,
                file=passage.file or passage.path,
            )
        )
        return shown

    def _uri(self, passage: Passage) -> str:
        return obsidian_uri(passage.vault or self._vault, passage.path, passage.heading_path)

    def _cited(self, target: str) -> Passage | None:
        name, _, heading = target.partition("#")
        name, heading = _name(name), fold(heading.rsplit("#", 1)[-1].lstrip("^")).strip()
        of_note = [
            p for p in self._passages if name in {_name(p.title), _name(p.path), _name(p.link.partition("#")[0])}
        ]
        # A heading is also in the path of all below it: the passage that is named after it comes first.
        of_note.sort(key=lambda p: heading != fold(p.link.partition("#")[2]))
        for passage in of_note:
            if heading and (
                heading == fold(passage.link.partition("#")[2]) or heading in map(fold, passage.heading_path)
            ):
                return passage
            if heading and heading in map(fold, passage.block_ids):
                return passage
        return of_note[0] if of_note else None

    def _supporting(self) -> list[Passage]:
        answer = {term for term in terms("".join(self._text)) if term not in STOP_WORDS}
        if not answer:
            return []
        shares = []
        for passage in self._passages:
            own = set(terms(f"{passage.title} {' '.join(passage.heading_path)} {passage.text}"))
            shares.append((len(answer & own) / len(answer), passage))
        best = max(share for share, _ in shares) if shares else 0.0
        if best < _SUPPORT:
            return []
        return [passage for share, passage in shares if share == best][:2]


def _same(target: str, passage: Passage) -> bool:
    return fold(target).strip() in {fold(passage.link), fold(passage.link.partition("#")[0])}


def _name(text: str) -> str:
    return fold(text).strip().strip("/").removesuffix(".md")
