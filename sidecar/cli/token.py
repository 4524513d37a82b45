"""`sidecar token`: the key that clients send."""

from __future__ import annotations

from typing import Any

import click

from sidecar.cli.options import read_settings, settings_options
from sidecar.runtime import datafolder


@click.group()
def token() -> None:
    """The key that clients send."""


@token.command()
@settings_options
def show(**flags: Any) -> None:
    """Print the key, made now if there is none."""
    config = read_settings(flags)
    datafolder.prepare(config.data_dir)
    click.echo(datafolder.ensure_token(config))


@token.command()
@settings_options
def rotate(**flags: Any) -> None:
    """Make a new key and print it. A running server takes it at its next start."""
    config = read_settings(flags)
    datafolder.prepare(config.data_dir)
    click.echo(datafolder.rotate_token(config))
