"""`sidecar token`: the server's own key, and keys for single clients."""

from __future__ import annotations

from typing import Any

import click

from sidecar.cli.options import read_settings, settings_options
from sidecar.cli.token_clients import create, list_command, revoke
from sidecar.runtime import datafolder


@click.group()
def token() -> None:
    """Show, make and revoke the keys that clients send.

    `show` prints the server's own, which opens everything: for this machine. `create` makes one for a single client,
    such as a phone, with a scope; it can be revoked at any time.
    """


for command in (create, list_command, revoke):
    token.add_command(command)


@token.command()
@settings_options
def show(**flags: Any) -> None:
    """Print the server's own key, made now if there is none."""
    config = read_settings(flags)
    datafolder.prepare(config.data_dir)
    click.echo(datafolder.ensure_token(config))


@token.command()
@settings_options
def rotate(**flags: Any) -> None:
    """Make a new key in place of the server's own and print it.

    A running server takes it with its next request: the old key and all sessions of the console end at once. The keys
    of `create` stay as they are.
    """
    config = read_settings(flags)
    datafolder.prepare(config.data_dir)
    click.echo(datafolder.rotate_token(config))
