"""What follows once the settings are written: the login service or the first index, and what to do next."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from sidecar.cli.index import index
from sidecar.cli.output import complain, printable
from sidecar.cli.service import install, restart
from sidecar.cli.setup_prompts import confirm
from sidecar.cli.sign_in import console_link
from sidecar.config import load_config
from sidecar.errors import SidecarError
from sidecar.setup.proposal import Proposal
from sidecar.setup.survey import Survey
from sidecar.setup.trial import QUESTION

_LATER = "The settings are written; what is not indexed yet will be once Sidecar is started: `sidecar serve`."
_QUESTION = "What did I write about this week?"


def carry_on(
    context: click.Context,
    survey: Survey,
    proposal: Proposal,
    *,
    config_file: Path | None,
    index_now: bool | None,
    asks: bool,
) -> int:
    """Do what was agreed on and say what comes next; the exit code is 1 where something of it failed."""
    named = ["--config", str(config_file)] if config_file else []
    failed = False
    if proposal.service:
        failed = not _run(context, install, named)
        if not failed and survey.service.installed:
            # What ran before has not read the new settings, unless its own definition changed.
            failed = not _run(context, restart, [])
        runs = not failed
    elif survey.running is not None:
        click.echo(f"Sidecar runs at {survey.running} with the settings of before: stop it and start it anew.")
        runs = True
    else:
        runs = False
        if index_now is not False and (index_now or not asks or _wants_index()):
            failed = not _run(context, index, named)
    # Shown to a person alone: a log must not hold what signs in.
    link = _link(config_file) if asks and proposal.service and runs else None
    _say_next(proposal, named, runs=runs, link=link)
    return 1 if failed else 0


def _wants_index() -> bool:
    try:
        return confirm("Index the notes now?", default=True)
    except click.Abort:
        click.echo(f"\n{_LATER}", err=True)
        raise


def _run(context: click.Context, command: click.Command, arguments: Sequence[str]) -> bool:
    """Run another command as if it had been typed; what it complains of does not undo what was written."""
    try:
        with command.make_context(command.name, list(arguments), parent=context) as inner:
            command.invoke(inner)
    except SidecarError as error:
        complain(error)
        return False
    except KeyboardInterrupt:
        click.echo(f"\n{_LATER}", err=True)
        raise
    return True


def _say_next(proposal: Proposal, named: Sequence[str], *, runs: bool, link: str | None) -> None:
    trial = any(vault.origin == "demonstration" for vault in proposal.vaults)
    where = f" {_quoted(named)}" if named else ""
    steps = [] if runs else [(f"sidecar serve{where}", "start it; Ctrl-C stops it")]
    steps += [
        (f'sidecar ask{where} "{QUESTION if trial else _QUESTION}"', "ask a question"),
        (f"sidecar connect{where}", "what to tell Obsidian Copilot, Open WebUI and other clients"),
        (link or f"sidecar console{where}", "the page in your browser" + ("" if runs else ", while it runs")),
    ]
    if proposal.service and runs:
        click.echo("\nThe notes are being indexed now; `sidecar status` tells how far that is.")
    click.echo("\nNext:")
    for command, why in steps:
        click.echo(f"  {printable(command)}\n      {why}")


def _link(config_file: Path | None) -> str | None:
    try:
        return asyncio.run(console_link(load_config({}, config_file=config_file)))
    except SidecarError:
        return None


def _quoted(words: Sequence[str]) -> str:
    if sys.platform == "win32":
        return " ".join(f'"{word}"' if " " in word else word for word in words)
    return shlex.join(words)
