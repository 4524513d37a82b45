"""`sidecar setup`: the first run. What is found and proposed is in `sidecar.setup`; here it is asked and printed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sidecar.cli.options import json_option
from sidecar.cli.output import print_json, print_wrapped, printable, set_up_logging
from sidecar.cli.setup_after import carry_on
from sidecar.cli.setup_asking import decide
from sidecar.cli.setup_prompts import at_terminal, confirm
from sidecar.cli.setup_table import show
from sidecar.config import config_path, load_config, system_environment
from sidecar.errors import ConfigError
from sidecar.setup.config_text import KEY_LEFT_OUT, config_text, without_keys
from sidecar.setup.facts import setup_facts, written_facts
from sidecar.setup.proposal import NONE, Answers, Proposal, propose
from sidecar.setup.survey import Survey, survey
from sidecar.setup.trial import trial_vault, write_trial
from sidecar.setup.vaults import named_vault, same_place
from sidecar.setup.writing import Settings, checked, holds, read_before, write

_INTRODUCTION = (
    "Sidecar answers from your notes, on this machine. This looks at what is here and proposes a set-up. Nothing is"
    " written before you accept it."
)


@click.command("setup")
@click.option("--vault", "vaults", multiple=True, metavar="PATH", help="Folder of notes; may be given several times.")
@click.option("--demo", is_flag=True, help="Use a few notes to try things on, written into your home folder.")
@click.option("--model", metavar="NAME_OR_GGUF|none", help="Chat model; `none` answers in quotations.")
@click.option("--embedding-model", metavar="builtin|none|GGUF|NAME", help="Embedding model.")
@click.option("--upstream", metavar="URL|none", help="An OpenAI-compatible server; `none` uses none that was found.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (8484).")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder for the index, the token and runtime.json.")
@click.option("--service/--no-service", default=None, help="Start Sidecar now and at each login, or not.")
@click.option("--index/--no-index", "index_now", default=None, help="Index the notes at the end, or not.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="Settings file (TOML) to write.")
@click.option("--replace", "may_replace", is_flag=True, help="Replace a settings file that is there; a copy is kept.")
@click.option("--measure", is_flag=True, help="Measure for two seconds how fast memory is read.")
@click.option("--yes", is_flag=True, help="Ask nothing and take every default; the login service only with --service.")
@click.option("--print", "dry_run", is_flag=True, help="Print what would be written, and write nothing.")
@json_option
@click.pass_context
def setup(
    context: click.Context,
    /,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    may_replace: bool,
    index_now: bool | None,
    **flags: Any,
) -> None:
    """Propose a set-up for this machine and write the settings.

    On a terminal it asks, and Enter takes what is proposed. Each answer has a flag; with --yes, --print or --json
    nothing is asked, and only --yes writes. Models are never fetched, and no note is changed.
    """
    asks = not (yes or dry_run or as_json)
    if asks and not at_terminal():
        raise click.UsageError("This is no terminal, so nothing can be asked: add --yes, or --print.")
    set_up_logging("error")
    settings = _before(flags["config_file"])
    answers = _answers(flags, service_unasked=not asks)
    writes = not dry_run and (yes or asks)
    if writes and not asks and settings.table is not None and not may_replace:
        raise ConfigError(f"{settings.file} is there already.", hint="--replace writes it anew and keeps a copy.")
    try:
        found, proposal = _agreed(settings, answers, asks=asks, measure=flags["measure"], as_json=as_json)
        text = _text(settings, proposal) if proposal else ""
        if proposal is None or (asks and not _may_write(settings, text, may_replace=may_replace)):
            click.echo("Nothing was written.")
            return
        backup = _write(settings, proposal, text) if writes else None
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nNothing was written.", err=True)
        raise
    if dry_run and not as_json:
        _print_settings(settings, proposal)
    if as_json:
        print_json({**written_facts(settings.file, written=writes, backup=backup), **setup_facts(found, proposal)})
    if not writes:
        return
    # The document is all of standard output.
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        click.echo(
            f"Written: {printable(str(settings.file))}" + (f" (before: {printable(backup.name)})" if backup else "")
        )
        named = settings.file if flags["config_file"] else None
        context.exit(carry_on(context, found, proposal, config_file=named, index_now=index_now, asks=asks))


def _before(config_file: Path | None) -> Settings:
    """The settings so far, with the data folder that commands will use."""
    file = Path(os.path.abspath(config_file.expanduser())) if config_file else config_path()  # noqa: PTH100
    settings = read_before(file)
    effective = load_config({}, config_file=file if settings.table is not None else Path(os.devnull))
    return replace(settings, config=replace(settings.config, data_dir=effective.data_dir))


def _answers(flags: dict[str, Any], *, service_unasked: bool) -> Answers:
    named = [named_vault(text) for text in flags["vaults"]]
    if flags["demo"]:
        named.append(trial_vault(Path.home()))
    vaults = tuple(v for n, v in enumerate(named) if not any(same_place(v.path, each.path) for each in named[:n]))
    service = flags["service"]
    return Answers(
        vaults=vaults or None,
        model=_model(flags["model"]),
        embedding=_model(flags["embedding_model"]),
        upstream=flags["upstream"],
        port=flags["port"],
        data_dir=Path(os.path.abspath(flags["data_dir"].expanduser())) if flags["data_dir"] else None,  # noqa: PTH100
        # What runs in the background from now on is only installed when somebody has said so.
        service=False if service is None and service_unasked else service,
    )


def _model(name: str | None) -> str | None:
    """A model as the settings hold it: a file's path from the root, as the server may be started anywhere."""
    if name is None or name.lower() == NONE:
        return name and NONE
    path = os.path.abspath(os.path.expanduser(name))  # noqa: PTH100, PTH111
    return path if os.path.isfile(path) else name  # noqa: PTH113  # names that are too long for a path are none


def _agreed(
    settings: Settings, answers: Answers, *, asks: bool, measure: bool, as_json: bool
) -> tuple[Survey, Proposal | None]:
    if asks:
        print_wrapped(_INTRODUCTION, first="", rest="")
        click.echo("\nLooking at this machine ...")
    found = asyncio.run(survey(settings.config, environ=system_environment(), measure=measure))
    if asks:
        return found, decide(found, answers, settings, check=lambda made: _text(settings, made))
    proposal = propose(found, answers, settings.config, decided=settings.decided)
    if not proposal.vaults:
        raise ConfigError("No vault was found.", hint="Name one with --vault PATH, or try --demo.")
    if not as_json:
        show(found, proposal, err=True)
    return found, proposal


def _may_write(settings: Settings, text: str, *, may_replace: bool) -> bool:
    if settings.table is None or may_replace or holds(settings.file, text):
        return True
    return confirm(f"Replace {settings.file}? A copy is kept, which alone has comments of your own", default=True)


def _text(settings: Settings, proposal: Proposal) -> str:
    text = config_text(proposal, settings.table)
    checked(text, settings.file)
    return text


def _print_settings(settings: Settings, proposal: Proposal) -> None:
    text = config_text(proposal, without_keys(settings.table or {}))
    click.echo(f"# {printable(str(settings.file))}\n{text}", nl=False)
    if KEY_LEFT_OUT in text:
        click.echo(f"Keys are not printed: where this says {KEY_LEFT_OUT!r}, the key is written.", err=True)


def _write(settings: Settings, proposal: Proposal, text: str) -> Path | None:
    for vault in proposal.vaults:
        if vault.origin == "demonstration":
            write_trial(vault.path)
    return write(settings.file, text)
