"""Hits in the terminal: where each stands, how it begins, and why it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.text import Text

from sidecar.cli.output import print_wrapped, printable
from sidecar.cli.terminal import stdout
from sidecar.cli.why_line import why_line

_SNIPPET = 240


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
        print_wrapped(" ".join(result["text"].split())[:_SNIPPET], first="  ", rest="  ")
        if "why" in result:
            console.print(Text(f"  {why_line(result['why'])}", style="cyan"))
