"""An answer and its passages become checked citations: wikilinks that lead somewhere, annotations, the sources used.

First its quotations are held against the passages, then it is made harmless, with its links among what is read there.
What does not check out is shown as plain text, never as a link or a quotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from sidecar.citations.cited import Annotation, CitedSource
from sidecar.citations.footnotes import Footnotes
from sidecar.citations.inline import Inline
from sidecar.citations.neutralising import Neutraliser
from sidecar.citations.pieces import Link, Piece
from sidecar.citations.places import Place, Places, leaves_vault
from sidecar.citations.quotations import Quotations
from sidecar.citations.sources import Sources
from sidecar.citations.support import last_sentence, supporting
from sidecar.citations.web import KnownAddresses
from sidecar.language.terms import fold
from sidecar.prompt import Passage

_MOST_CREDITED = 2
_TARGET = re.compile(r"(!?)\[\[([^\[\]|\n]{1,400})")
_IMAGE = re.compile(r"!\[[^\[\]\n]{0,400}\]\(([^()\s]{1,400})\)")
# In a link, these would be read as something else: HTML, code, an entity, an address.
_UNSAFE = re.compile(r"[<>`\\\[\]|\n]|&#?\w+;|://|\bwww\.|mailto:")
_NOTE = re.compile(r"(?:\.md|/[^./]*|\A[^./]*)\Z", re.IGNORECASE)


class CitationChecker:
    """Checks one answer while it streams: `feed` takes text as it comes and gives what may be shown of it."""

    def __init__(
        self,
        passages: Sequence[Passage],
        *,
        vault: str,
        known_text: Iterable[str],
        style: Literal["wikilinks", "footnotes"] = "wikilinks",
        quotations: bool = True,
    ) -> None:
        """`known_text` is what the conversation itself says: links that stand in it are not the model's invention.
        With `quotations`, what is quoted must stand in the passages; else it is taken to, and so are the links in its
        block quotes: they are the notes' own, and cite nothing.
        """
        conversation = list(known_text)
        texts = [passage.text for passage in passages]
        self._places = Places(passages)
        self._sources = Sources(passages, vault=vault)
        self._vault = vault
        self._linked, embedded = _targets([*conversation, *texts])
        self._only_quotes = not quotations
        self._footnotes = Footnotes("\n".join(conversation)) if style == "footnotes" else None
        self._quotations = Quotations(
            texts, known=conversation, show=self._go_on, when_found=self._sources.quoted, change=quotations
        )
        inline = Inline(known=KnownAddresses([*conversation, *texts]), linker=self, embeds=embedded)
        self._neutraliser = Neutraliser(inline, when_linked=self._cited)
        self._thoughts = Neutraliser(
            Inline(known=inline.known, linker=Thoughts(self), embeds=frozenset()), when_linked=lambda piece, start: None
        )
        self._shown: list[str] = []
        self.annotations: list[Annotation] = []

    def feed(self, text: str) -> str:
        """Take more of the answer; returns what can be shown now, perhaps nothing."""
        before = len(self._shown)
        self._quotations.feed(text)
        return "".join(self._shown[before:])

    def finish(self, *, credit: bool) -> str:
        """The rest of the answer. With `credit`, an answer that cites nothing gets the passages that support it."""
        before = len(self._shown)
        self._quotations.finish()
        self._shown.append(self._neutraliser.finish())
        rest = "".join(self._shown[before:])
        if credit and not self._sources:
            rest += self._neutraliser.append(self._credits())
        if self._footnotes is not None and (definitions := self._footnotes.definitions()):
            rest += self._neutraliser.append([Piece(end=0, shown=f"\n\n{definitions}")])
        return rest

    def think(self, text: str, *, ends: bool) -> str:
        """Take more of what the model thinks aloud; returns what can be shown now. It is made harmless, and cites
        nothing. With `ends`, the answer begins.
        """
        return self._thoughts.feed(text) + (self._thoughts.finish() if ends else "")

    @property
    def sources(self) -> tuple[CitedSource, ...]:
        """The passages cited so far, in the order of their first citation."""
        return self._sources.listed()

    def link(self, target: str, alias: str, *, embed: bool) -> tuple[str, Link | None] | None:
        """How a wikilink is shown; `None` when it leads nowhere."""
        places = [] if self._is_quoted() else self._places.of_note(target)
        if not places:
            known = fold(target).strip() in self._linked and not leaves_vault(target) and not _UNSAFE.search(target)
            # Embedding would copy; and `![[a]](https://…)` is an image.
            return (f"[[{target}|{alias}]]" if alias else f"[[{target}]]", None) if known else None
        place, link = self._meant(target, places)
        return self._written(link, alias), Link(place=place)

    def named(self, text: str) -> str | None:
        """The target of the note that a text in other brackets names, and nothing else."""
        text = text.strip()
        if not text or len(text) > 400 or leaves_vault(text) or "://" in text:
            return None
        if self._is_quoted():
            return None
        under = self._places.under(text)
        if "#" in text:
            return under[0].link if under else None
        places = self._places.of_note(text)
        return places[0].link.partition("#")[0] if places else None

    def begins(self, text: str) -> bool:
        """Whether a name may begin so."""
        return self._places.begins(text)

    def footnote(self, label: str) -> str:
        """The label of a footnote of the answer's own."""
        return label if self._footnotes is None else str(self._footnotes.of_label(label))

    def _is_quoted(self) -> bool:
        """Whether what stands here is the words of a note."""
        return self._only_quotes and self._neutraliser.text.in_quotation

    def _go_on(self, text: str) -> None:
        self._shown.append(self._neutraliser.feed(text))

    def _meant(self, target: str, places: Sequence[Place]) -> tuple[Place, str]:
        """The place that a target means, and the target to write for it."""
        sentence = self._sentence()
        if "#" not in target:
            place = self._sources.best(places, sentence)
            return place, target if _same(target, place) else place.link
        if under := self._places.under(target):
            # A long section may be there in several pieces.
            exact = self._sources.best(under, sentence)
            block = target.rpartition("#")[2].startswith("^")
            return exact, target if block and not _UNSAFE.search(target) else exact.link
        # A heading that the note does not have is mended to the nearest one that it has, or left out.
        nearest = self._places.nearest(target)
        if nearest is not None:
            return nearest, nearest.link
        place = self._sources.best(places, sentence)
        return place, place.link.partition("#")[0]

    def _written(self, link: str, alias: str) -> str:
        if _UNSAFE.search(link):
            link = link.replace("&", "&amp;").replace("<", "&lt;")
            return re.sub(r"([`~\\\[\]|]|//|www\b|mailto\b)", r"\\\1", link.replace("\n", " ").replace("//", "/ /"))
        if self._footnotes is not None:
            return f"{alias}{' ' * alias.endswith('!')}[^{self._footnotes.of_link(link)}]"
        return f"[[{link}|{alias}]]" if alias else f"[[{link}]]"

    def _cited(self, piece: Piece, start: int) -> None:
        if piece.link is None or not isinstance(piece.link.place, Place):
            return
        place, passage = piece.link.place, piece.link.place.passage
        self._sources.cite(place, self._sentence())
        self.annotations.append(
            Annotation(
                url=self._sources.uri(place),
                title=place.link,
                start_index=start,
                end_index=start + len(piece.shown),
                vault=passage.vault or self._vault,
                file=passage.file or passage.path,
            )
        )

    def _sentence(self) -> str:
        return last_sentence(self._neutraliser.text.recent)

    def _credits(self) -> Iterator[Piece]:
        # The shortest first: a section that has all of it says more than the passage that it stands in.
        sections = [(place, place.passage.text[place.start : place.end]) for place in self._places.all]
        wholes = [(place, place.passage.text) for place in self._places.all if place.start == 0]
        candidates = sorted((*sections, *wholes), key=lambda candidate: len(candidate[1]))
        texts = [f"{place.passage.title} {' '.join(place.heading_path)} {text}" for place, text in candidates]
        credited: dict[int, Place] = {}
        for index in supporting("".join(self._shown), texts):
            credited.setdefault(id(candidates[index][0].passage), candidates[index][0])
        links = {place.link: place for place in credited.values()}
        for number, place in enumerate(list(links.values())[:_MOST_CREDITED]):
            yield Piece(end=0, shown=" " if number else "\n\n")
            yield Piece(end=0, shown=self._written(place.link, ""), link=Link(place=place))


class Thoughts:
    """What a thought links to: the same notes, of which none counts as cited."""

    def __init__(self, checker: CitationChecker) -> None:
        self._checker = checker

    def link(self, target: str, alias: str, *, embed: bool) -> tuple[str, Link | None] | None:
        """A wikilink as it is written, to a note that may be cited."""
        leads = not leaves_vault(target) and not is_unsafe(target) and self._checker.named(target) is not None
        return (f"[[{target}|{alias}]]" if alias else f"[[{target}]]", None) if leads else None

    def named(self, text: str) -> str | None:
        """Nothing: a thought is not mended."""
        return None

    def begins(self, text: str) -> bool:
        """Nothing, as in `named`."""
        return False

    def footnote(self, label: str) -> str:
        """The label that is there."""
        return label


def is_unsafe(target: str) -> bool:
    """Whether a link would not be read as one."""
    return _UNSAFE.search(target) is not None


def _targets(texts: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """What the texts link to, folded, and what they embed that is no note, as they name it."""
    linked: set[str] = set()
    embedded: set[str] = set()
    for text in texts:
        for mark, target in _TARGET.findall(text):
            # Within a table, the bar before the other name is escaped.
            linked.add(fold(target.removesuffix("\\")).strip())
            if mark and _NOTE.search(target.partition("#")[0].strip()) is None:
                embedded.add(target.strip())
        embedded.update(_IMAGE.findall(text))
    return frozenset(linked), frozenset(embedded)


def _same(target: str, place: Place) -> bool:
    return not _UNSAFE.search(target) and fold(target).strip() in {fold(place.link), fold(place.link.partition("#")[0])}
