"""`sidecar mcp`: the notes as tools, for a program that starts this one and speaks the Model Context Protocol."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from pathlib import Path
from typing import Any

import click

from sidecar.cli.options import read_settings, settings_options
from sidecar.cli.output import set_up_logging
from sidecar.config import Config
from sidecar.errors import ConfigError

_EXTRA = "Install it with `pip install 'obsidian-sidecar[mcp]'`."
_ELSEWHERE = (
    "What the tools return goes to the model of the client that started this: with most, to servers of its maker. Notes"
    " that stay on this machine are withheld; `--client-is-local` is for clients whose model runs on it."
)
_LOCAL = "The client is taken for one whose model runs on this machine: notes that stay here are given to it too."


@click.command("mcp")
@click.option(
    "--vault",
    "vaults",
    multiple=True,
    type=click.Path(path_type=Path, readable=False),
    help="Give the notes of this folder alone.",
)
@click.option(
    "--client-is-local",
    is_flag=True,
    help="The client's model runs on this machine: give it notes marked `sidecar: local` too.",
)
@click.option("--log-level", type=click.Choice(("debug", "info", "warning", "error")), help="How much to log.")
@settings_options
def mcp(vaults: tuple[Path, ...], client_is_local: bool, **flags: Any) -> None:
    """Give the notes to an MCP client, such as Claude Desktop.

    The client starts this command and speaks with it over standard input and output; `sidecar connect claude-desktop`
    prints what to tell it. Its tools search and read, and change nothing. The running server answers them, or where
    none runs this command opens the vaults for each call.
    """
    config = read_settings(flags, vaults=vaults)
    set_up_logging("warning" if config.log_level == "info" else config.log_level)
    _refuse(config, client_is_local=client_is_local)
    click.echo(_LOCAL if client_is_local else _ELSEWHERE, err=True)
    if sys.stdin is not None and sys.stdin.isatty():
        click.echo("Waiting for a client on standard input; Ctrl-C ends it.", err=True)
    asyncio.run(_serve(config, only=vaults, elsewhere=not client_is_local))


def _refuse(config: Config, *, client_is_local: bool) -> None:
    """Raise ConfigError where it must not run, or cannot."""
    if config.offline and not client_is_local:
        raise ConfigError(
            "Offline mode is on, and most MCP clients send what they are given to their maker's servers.",
            hint=(
                "`--client-is-local` says that this client's model runs on this machine. For one elsewhere, leave out"
                " `offline` (SIDECAR_OFFLINE): notes marked `sidecar: local` stay here all the same."
            ),
        )
    if importlib.util.find_spec("mcp") is None:
        raise ConfigError("The MCP SDK is not installed.", hint=_EXTRA)
    if sys.stdin is None or sys.stdout is None:
        raise ConfigError("There is no standard input or output: an MCP client has to start this command.")


async def _serve(config: Config, *, only: tuple[Path, ...], elsewhere: bool) -> None:
    # Only now: the SDK, and what is needed for it, takes a second to import.
    from sidecar.api.server import stop_on_signals
    from sidecar.cli.mcp_doors import NearestServer
    from sidecar.mcp_server.server import create_server
    from sidecar.mcp_server.streams import serve_streams

    stop = asyncio.Event()
    with stop_on_signals(stop):
        await serve_streams(create_server(NearestServer(config, only=only), elsewhere=elsewhere), stop)
