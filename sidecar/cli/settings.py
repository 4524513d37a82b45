"""`sidecar config`: the settings in force, and where their file is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from sidecar.cli.options import json_option, read_settings, settings_options
from sidecar.cli.output import print_json
from sidecar.config import config_path


@click.group("config")
def config_command() -> None:
    """The settings in force."""


@config_command.command()
@settings_options
@json_option
def show(as_json: bool, **flags: Any) -> None:
    """Print every setting as it is in force; keys are not shown."""
    config = read_settings(flags)
    facts = {f.name: _plain(getattr(config, f.name)) for f in fields(config)}
    if facts["upstream_key"]:
        facts["upstream_key"] = "(set)"
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        click.echo(f"{name} = {value}")


@config_command.command()
def path() -> None:
    """Print where the settings file is looked for."""
    click.echo(config_path())


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if hasattr(value, "items") else value
