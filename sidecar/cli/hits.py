"""Hits in the terminal: where each stands, how it begins, and why it was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.text import Text

from sidecar.cli.output import printable, stdout

_SNIPPET = 240
_BETWEEN = " · "
_ORDINALS = {1: "st", 2: "nd", 3: "rd"}
_SAID = {
    "phrases": 'says "{}"',
    "mentions": 'mentioned as "{}"',
    "names": 'named "{}"',
    "dates": "of {}",
    "days": "mentions {}",
    "graph": "linked from {}",
    "filters": "fits the filters",
    "links": "{}",
    "shared links": "both linked with {}",
    "tags": "both {}",
}
"""What is said of a lane, with its detail."""


def show_hits(results: Sequence[Mapping[str, Any]], *, none: str) -> None:
    """Print hits as `/vault/search` gives them; `none` is said when there are none."""
    console = stdout()
    if not results:
        console.print(none)
    for result in results:
        place = " > ".join((result["title"], *result["heading_path"]))
        lines = result["span"]
        console.print(f"[bold][link={result['uri']}]{escape(printable(place))}[/link][/bold]  {result['score']:.2f}")
        console.print(Text(f"  {printable(result['path'])}:{lines['start_line']}-{lines['end_line']}", style="dim"))
        console.print(Text(f"  {printable(' '.join(result['text'].split())[:_SNIPPET])}"))
        if "why" in result:
            console.print(Text(f"  {why_line(result['why'])}", style="cyan"))


def why_line(why: Mapping[str, Any]) -> str:
    """Why a hit was found, in one line: each lane with its rank and what it found."""
    return printable(_BETWEEN.join(" ".join(part.split()) for part in _parts(why)))


def _parts(why: Mapping[str, Any]) -> Iterator[str]:
    for each in why["lanes"]:
        lane, rank, detail = each["lane"], each["rank"], each["detail"]
        if lane == "words":
            yield f"words {_ordinal(rank)} ({detail})"
        elif lane == "vectors":
            yield f"meaning {_ordinal(rank)} ({why['similarity']:.2f})"
        elif lane in _SAID:
            yield _SAID[lane].format(detail)
        else:
            yield f"{lane} {_ordinal(rank)}"


def _ordinal(rank: int) -> str:
    ending = "th" if 10 < rank % 100 < 14 else _ORDINALS.get(rank % 10, "th")
    return f"{rank}{ending}"
