"""The passages that an answer has cited, each with the words in it that bear the answer out."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.citations.address import obsidian_uri
from sidecar.citations.cited import CitedSource
from sidecar.citations.places import Place
from sidecar.citations.support import Sentences, Span, informative
from sidecar.prompt import Passage


class Sources:
    """What has been cited so far, in the order of its first citation."""

    def __init__(self, passages: Sequence[Passage], *, vault: str) -> None:
        self._passages = passages
        self._vault = vault
        self._sentences: dict[Place, Sentences] = {}
        self._quoted: dict[int, list[Span]] = {}
        self._used: dict[Place, Span | None] = {}

    def __bool__(self) -> bool:
        return bool(self._used)

    def quoted(self, index: int, start: int, end: int) -> None:
        """The answer has quoted a stretch of the passage numbered `index`."""
        self._quoted.setdefault(id(self._passages[index]), []).append(Span(start=start, end=end, share=1.0))

    def best(self, places: Sequence[Place], sentence: str) -> Place:
        """Of several places the one that bears a sentence out best."""
        # Where several are quoted, the one of the words next to the citation.
        quoted = [place for place in places if _is_in(place, self._quoted.get(id(place.passage), [])[-1:])]
        if quoted or len(places) == 1:
            return (quoted or places)[0]
        spans = [self._span(place, sentence) for place in places]
        return max(zip(places, spans, strict=True), key=lambda pair: pair[1].share if pair[1] else 0.0)[0]

    def cite(self, place: Place, sentence: str) -> None:
        """The answer has cited a place behind a sentence."""
        span = self._quotation(place) or self._span(place, sentence)
        self._quoted.pop(id(place.passage), None)
        known = self._used.get(place)
        if known is None or (span is not None and span.share > known.share):
            self._used[place] = span

    def uri(self, place: Place) -> str:
        """The address that opens a place in Obsidian."""
        return obsidian_uri(place.passage.vault or self._vault, place.passage.path, place.heading_path)

    def listed(self) -> tuple[CitedSource, ...]:
        """The sources as clients are told of them."""
        return tuple(self._source(place, span) for place, span in self._used.items())

    def _quotation(self, place: Place) -> Span | None:
        """The first quotation of a place since its passage was cited: what a model quotes first says most."""
        return next((span for span in self._quoted.get(id(place.passage), ()) if _is_in(place, [span])), None)

    def _span(self, place: Place, sentence: str) -> Span | None:
        if place not in self._sentences:
            self._sentences[place] = Sentences(place.passage.text, start=place.start, end=place.end)
        return self._sentences[place].best(informative(sentence))

    def _source(self, place: Place, span: Span | None) -> CitedSource:
        passage = place.passage
        start, end = (span.start, span.end) if span is not None else _trimmed(passage.text, place.start, place.end)
        first = passage.start_line + passage.text.count("\n", 0, start)
        return CitedSource(
            path=passage.path,
            title=passage.title,
            heading_path=place.heading_path,
            start_line=first,
            end_line=first + passage.text.count("\n", start, end),
            quote=passage.text[start:end],
            score=round(passage.score, 4),
            uri=self.uri(place),
            link=place.link,
            start_column=start - (passage.text.rfind("\n", 0, start) + 1),
        )


def _is_in(place: Place, spans: Sequence[Span]) -> bool:
    """Whether there are stretches, all in the place."""
    return bool(spans) and all(place.start <= span.start < place.end for span in spans)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    stretch = text[start:end]
    start += len(stretch) - len(stretch.lstrip())
    return start, start + len(stretch.strip())
