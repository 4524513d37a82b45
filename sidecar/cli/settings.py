"""`sidecar config`: the settings in force, and where their file is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from sidecar.cli.options import json_option, read_settings, settings_options
from sidecar.cli.output import print_json, printable
from sidecar.config import config_path
from sidecar.errors import ConfigError
from sidecar.setup.toml_text import toml_value

_KEYS = frozenset({"upstream_key", "key"})
_ADDRESSES = frozenset({"upstream", "url"})
_PASSWORD = re.compile(r"//[^/]*@")


@click.group("config")
def config_command() -> None:
    """Show the settings in force, or where their file is."""


@config_command.command()
@settings_options
@json_option
def show(as_json: bool, **flags: Any) -> None:
    """Print every setting as it is in force; keys are not shown."""
    config = read_settings(flags)
    facts = {f.name: _hidden(f.name, _plain(getattr(config, f.name))) for f in fields(config)}
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        click.echo(_line(name, value))


@config_command.command()
@json_option
def path(as_json: bool) -> None:
    """Print where the settings file is looked for."""
    file = config_path()
    if as_json:
        print_json({"path": str(file), "exists": file.exists()})
    else:
        click.echo(file)


def _line(name: str, value: Any) -> str:
    """A setting as it could stand in the file; one that is not set, as a comment."""
    if value is None:
        return f"# {name} is not set"
    try:
        return f"{name} = {toml_value(value)}"
    except ConfigError:
        # A folder whose name is no UTF-8 can be given on the command line alone.
        return f"# {name} = {printable(str(value))}"


def _hidden(name: str, value: Any) -> Any:
    """A setting without its keys, and without the passwords of its addresses."""
    if isinstance(value, dict):
        return {each: _hidden(each, inner) for each, inner in value.items()}
    if name in _KEYS:
        return "(set)" if value else value
    return _PASSWORD.sub("//", value) if name in _ADDRESSES and isinstance(value, str) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return {name: _plain(inner) for name, inner in value.items()} if isinstance(value, Mapping) else value
