"""`sidecar related`: the notes that belong with a note."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sidecar.cli.hits import show_hits
from sidecar.cli.options import (
    as_typed,
    json_option,
    model_options,
    read_settings,
    settings_options,
    vault_option,
)
from sidecar.cli.output import print_json, set_up_logging
from sidecar.cli.session import running_server
from sidecar.cli.status import meant
from sidecar.config import Config
from sidecar.errors import NoteMissingError


@click.command()
@click.argument("note")
@vault_option
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 100), help="Most notes.")
@model_options
@settings_options
@json_option
def related(note: str, vaults: tuple[Path, ...], limit: int, as_json: bool, **flags: Any) -> None:
    """Show the notes that belong with NOTE.

    They are near it in words and meaning, linked with it, or share links and tags with it.

    NOTE is a path in the vault, with `.md` or without, a name that only one file has, or a path from here.
    """
    config = read_settings(flags, vaults=vaults)
    set_up_logging("error" if config.log_level == "info" else config.log_level)
    results = asyncio.run(_related(config, note, limit=limit, here=bool(vaults)))
    if as_json:
        print_json({"results": results})
        return
    show_hits(results, none="No other note has anything in common with it.")


async def _related(config: Config, note: str, *, limit: int, here: bool) -> Sequence[Mapping[str, Any]]:
    async with running_server(config) as server:
        if server is not None:
            name = await server.vault_at(config.vaults) if here else None
            if name is not None or not here:
                served = (await server.json("GET", "/vault/status"))["vaults"]
                places = {vault["name"]: Path(vault["path"]) for vault in served if name in {None, vault["name"]}}
                vault_name, typed = meant(note, places)
                asked = {"vault": vault_name or name} if vault_name or name else {}
                known = await server.json("GET", "/vault/why", params={"path": typed, **asked})
                parameters = {"path": _indexed(known), "limit": str(limit), **asked}
                found: Sequence[Mapping[str, Any]] = (await server.json("GET", "/vault/related", params=parameters))[
                    "results"
                ]
                return found
    # Only now: what a running server answers does without all that indexes.
    from sidecar.cli.alone import opened, up_to_date

    async with opened(config) as runtime:
        vault_name, typed = meant(note, {name: vault.path for name, vault in runtime.vaults.items()})
        vault = await up_to_date(runtime, vault_name)
        return await vault.related(_indexed(await vault.why(as_typed([typed]), None)), limit=limit)


def _indexed(known: Mapping[str, Any]) -> str:
    """The path of a note, of which this is known. Raises NoteMissingError."""
    if known["status"] == "indexed":
        return str(known["path"])
    several = ", ".join(known["candidates"][:5])
    hint = f"Which one is meant: {several}?" if several else "`sidecar why` says what became of a file."
    raise NoteMissingError(f"There is no indexed note {known['path']!r}.", hint=hint)
