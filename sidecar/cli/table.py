"""A table on standard output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click
from rich.markup import escape
from rich.table import Table

from sidecar.cli.output import printable
from sidecar.cli.terminal import stdout


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns on a terminal; in a pipe, lines with tabs."""
    console = stdout()
    if not console.is_terminal:
        for row in (heads, *rows):
            click.echo("\t".join(printable(cell) for cell in row))
        return
    table = Table(box=None, pad_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number else "left")
    for row in rows:
        table.add_row(*(escape(printable(cell)) for cell in row))
    console.print(table)
