"""`sidecar models`: those on this machine, fetching them, removing them, and which of them fit."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from sidecar.cli.models_fit import fit, recommend
from sidecar.cli.models_list import model_facts, show_models
from sidecar.cli.models_pull import pull
from sidecar.cli.options import json_option, read_settings, settings_options
from sidecar.cli.output import print_json, printable, set_up_logging
from sidecar.cli.session import running_server
from sidecar.config import Config, system_environment
from sidecar.errors import ConfigError, ModelUnavailableError
from sidecar.models.catalogue import load_catalogue
from sidecar.models.description import describe
from sidecar.models.disk import as_size
from sidecar.models.found import FoundModel, find_models
from sidecar.models.naming import look_up, unknown
from sidecar.models.places import Place, places
from sidecar.models.removal import Leftover, called, leftovers, not_ours, remove_leftover, remove_model


@click.group("models")
def models() -> None:
    """List, fetch and remove models (GGUF), and see which fit."""


for command in (pull, fit, recommend):
    models.add_command(command)


@models.command("list")
@settings_options
@json_option
def list_command(as_json: bool, **flags: Any) -> None:
    """List the models that are on this machine.

    Looked at are Sidecar's own folder, LM Studio's, Ollama's, and the Hugging Face cache.

    Each is called in the settings and after --model as it is listed. Nothing is loaded.
    """
    config = read_settings(flags)
    set_up_logging("warning")
    searched = _places(config)
    described = [describe(model) for model in find_models(searched, load_catalogue())]
    left = leftovers(config.models_folder)
    if as_json:
        print_json(model_facts(described, left, searched))
    else:
        show_models(described, left, models_folder=config.models_folder)


@models.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@settings_options
@json_option
def remove(name: str, yes: bool, as_json: bool, **flags: Any) -> None:
    """Delete a model from Sidecar's own folder.

    NAME is as `sidecar models list` shows it; all of its files go. What a pull left behind that did not end is removed
    by the same name.
    """
    config = read_settings(flags)
    set_up_logging("warning")
    found = find_models(_places(config), load_catalogue())
    model, left = look_up(name, found), called(name, leftovers(config.models_folder))
    if model is None and not left:
        raise unknown(name, found)
    if model is not None:
        _check_removable(model, config)
    _ask(model, left, yes=yes)
    freed = sum(remove_leftover(each, config.models_folder) for each in left)
    freed += remove_model(model) if model is not None else 0
    files = [*(model.parts if model is not None else ()), *(each.path for each in left)]
    if as_json:
        print_json({"removed": [str(file) for file in files], "freed_bytes": freed})
    else:
        click.echo(printable(f"Removed {model.name if model else name}: {as_size(freed)} are free again."))


def _places(config: Config) -> tuple[Place, ...]:
    return places(
        models_folder=config.models_folder, platform=sys.platform, home=Path.home(), environ=system_environment()
    )


def _check_removable(model: FoundModel, config: Config) -> None:
    error = not_ours(model)
    if error is not None:
        raise error
    url = asyncio.run(_served_at(model, config))
    if url is not None:
        raise ModelUnavailableError(
            f"The server at {url} uses {model.name}.", hint="Stop it, or start it with another model, and try again."
        )


async def _served_at(model: FoundModel, config: Config) -> str | None:
    """The address of the running server, when it has this model among its own."""
    async with running_server(config) as server:
        if server is None:
            return None
        status = await server.json("GET", "/vault/status")
        mine = {str(path) for path in model.parts} | {path.stem for path in model.parts} | set(model.names)
        used = {value for each in status.get("models", ()) for value in each.values() if isinstance(value, str)}
        return str(server.client.base_url).rstrip("/") if mine & used else None


def _ask(model: FoundModel | None, left: tuple[Leftover, ...], *, yes: bool) -> None:
    """Show what is going to be deleted, and ask on a terminal."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigError("Nothing was removed, as nobody can be asked here.", hint="Add --yes to remove it unasked.")
    files = [*(model.parts if model is not None else ()), *(each.path for each in left)]
    size = (model.size if model is not None else 0) + sum(each.size for each in left)
    for file in files:
        click.echo(f"  {printable(str(file))}")
    click.confirm(f"Delete {as_size(size)}?", abort=True, err=True)
