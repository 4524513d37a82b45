"""The proposal as a table: columns on a terminal, lines with tabs in a pipe."""

from __future__ import annotations

import click
from rich.markup import escape
from rich.table import Table

from sidecar.cli.output import print_wrapped, printable
from sidecar.cli.terminal import stderr, stdout
from sidecar.setup.advice import advice
from sidecar.setup.proposal import Proposal
from sidecar.setup.rows import rows
from sidecar.setup.survey import Survey


def show(survey: Survey, proposal: Proposal, *, err: bool = False) -> None:
    """Print the table, and under it what would be better."""
    console = stderr() if err else stdout()
    lines = [
        (str(row.number or ""), row.label, printable(row.value), printable(row.reason))
        for row in rows(survey, proposal)
    ]
    if console.is_dumb_terminal:
        # One line after the other, as a screen reader or an editor's terminal has it.
        for number, label, value, reason in lines:
            click.echo(f"{number or '-'} {label or 'Vault'}: {value}. {reason}", err=err)
    elif console.is_terminal:
        table = Table(box=None, pad_edge=False)
        for head in ("", "", "Proposed", "Why"):
            table.add_column(head, overflow="fold")
        for line in lines:
            table.add_row(*map(escape, line))
        console.print(table, soft_wrap=False)
    else:
        for line in lines:
            click.echo("\t".join(line), err=err)
    for sentence in advice(survey, proposal):
        click.echo("", err=err)
        if err:
            click.echo(printable(sentence), err=True)
        else:
            print_wrapped(sentence, first="", rest="")
