"""`sidecar` without a command: the first run where there are no settings yet, else a few lines on how it stands."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import click

from sidecar import __version__
from sidecar.cli.output import print_wrapped
from sidecar.cli.session import running_server
from sidecar.config import Config, config_path, load_config, system_environment
from sidecar.errors import SidecarError
from sidecar.service.commands import run_here
from sidecar.setup.login import service_state


def start(context: click.Context) -> None:
    """Guide through the first run, or tell how it stands. For terminals alone: it may ask."""
    there = os.path.lexists(config_path())
    config = load_config({}, config_file=None if there else Path(os.devnull))
    facts = asyncio.run(_served(config))
    if facts is None and not there:
        # Only here: it loads all that looks at the machine.
        from sidecar.cli.setup import setup

        with setup.make_context("setup", [], parent=context) as inner:
            setup.invoke(inner)
        return
    _show(config, facts, installed=facts is None and service_state(system_environment(), run_here).installed)


async def _served(config: Config) -> dict[str, Any] | None:
    """What a running server says of itself, with its `url`; `None` when none runs."""
    async with running_server(config) as server:
        if server is None:
            return None
        url = str(server.client.base_url).rstrip("/")
        try:
            return {**await server.json("GET", "/vault/status"), "url": url}
        except SidecarError:
            return {"vaults": [], "url": url}


def _show(config: Config, facts: dict[str, Any] | None, *, installed: bool) -> None:
    file = config_path()
    rows = [("Server", f"{facts['url']}/v1" if facts else _silence(installed=installed))]
    rows += [("Vault", line) for line in (_of_server(facts) if facts else _of_settings(config))]
    rows.append(("Settings", str(file) if os.path.lexists(file) else "none yet; `sidecar setup` writes them"))
    click.echo(click.style(f"Sidecar {__version__}", bold=True))
    for label, text in rows:
        print_wrapped(text, first=f"  {label:<10}", rest=" " * 12)
    click.echo("")
    begin = [("sidecar service restart", "start it"), ("sidecar service logs", "what it said last")]
    steps = begin if installed else [("sidecar serve", "start it")]
    steps = [("sidecar ask QUESTION", "an answer from your notes")] if facts else steps
    steps += [("sidecar console", "a link to its page"), ("sidecar connect", "settings for clients")] if facts else []
    steps += [("sidecar setup", "change the set-up"), ("sidecar --help", "all commands")]
    for command, why in steps:
        click.echo(f"  {command:<25}{why}")


def _silence(*, installed: bool) -> str:
    return "does not run, though it is set up to start at login" if installed else "does not run"


def _of_server(facts: dict[str, Any]) -> list[str]:
    return [f"{vault['name']}  {vault['path']}, {vault.get('indexed', 0):,} indexed" for vault in facts["vaults"]]


def _of_settings(config: Config) -> list[str]:
    there = [f"{path}{'' if path.exists() else ' (is not there now)'}" for path in config.vaults]
    return there or ["those that Obsidian knows"]
