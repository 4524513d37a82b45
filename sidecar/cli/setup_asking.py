"""The questions of the first run. Each has a default that Enter takes; whatever is typed, nothing is written here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from sidecar.cli.output import complain, print_wrapped
from sidecar.cli.setup_changes import CHANGES, DEMO
from sidecar.cli.setup_prompts import ask, completing_folders
from sidecar.cli.setup_table import show
from sidecar.errors import ConfigError, SidecarError
from sidecar.setup.proposal import Answers, Proposal, propose
from sidecar.setup.rows import LINES, Line
from sidecar.setup.survey import Survey
from sidecar.setup.trial import trial_vault
from sidecar.setup.vaults import SeenVault, named_vault
from sidecar.setup.writing import Settings

_KINDS = (
    "No vault was found in Obsidian's list. Sidecar reads a folder of notes: an Obsidian vault, a Logseq graph, an"
    " export from Notion (the folder or the zip file), or any folder with Markdown files."
)


def decide(
    survey: Survey, answers: Answers, settings: Settings, *, check: Callable[[Proposal], object]
) -> Proposal | None:
    """Show the proposal and change it until it is accepted; `None` when the user leaves. What `check` refuses, with a
    ConfigError, is not accepted. Raises click.Abort.
    """
    proposal = propose(survey, answers, settings.config, decided=settings.decided)
    if not proposal.vaults:
        answers = replace(answers, vaults=(_first_folder(),))
    agreed = answers
    while True:
        try:
            proposal = propose(survey, answers, settings.config, decided=settings.decided)
            agreed = answers
        except ConfigError as error:
            complain(error)
            answers = agreed
        click.echo("")
        show(survey, proposal)
        click.echo("")
        typed = ask("Enter accepts this, a number changes that line, q leaves", "").lower()
        if typed in ("", "y", "yes"):
            if _passes(proposal, check):
                return proposal
            continue
        if typed in ("q", "quit"):
            return None
        line = _line(typed)
        if line is None:
            click.echo(f"Type a number from 1 to {len(LINES)}.")
            continue
        answers = CHANGES[line](survey, proposal, answers)


def _passes(proposal: Proposal, check: Callable[[Proposal], object]) -> bool:
    try:
        check(proposal)
    except ConfigError as error:
        complain(error)
        return False
    return True


def _line(typed: str) -> Line | None:
    known = {str(number): line for number, line in enumerate(LINES, 1)}
    return known.get(typed)


def _first_folder() -> SeenVault:
    print_wrapped(_KINDS, first="", rest="")
    with completing_folders():
        while True:
            typed = ask("Folder of your notes, or `demo` for a few notes to try things on", DEMO)
            if typed == DEMO:
                return trial_vault(Path.home())
            try:
                return named_vault(typed)
            except SidecarError as error:
                complain(error)
