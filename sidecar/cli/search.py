"""`sidecar search`: hits in the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sidecar.cli.hits import show_hits
from sidecar.cli.options import as_typed, json_option, model_options, read_settings, settings_options
from sidecar.cli.output import print_json, set_up_logging
from sidecar.cli.session import running_server
from sidecar.config import Config


@click.command()
@click.argument("query", nargs=-1, required=True)
@click.option("--vault", "vaults", multiple=True, type=click.Path(path_type=Path), help="Search this folder.")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 100), help="Most hits.")
@click.option("--explain", is_flag=True, help="Say of each hit why it was found.")
@model_options
@settings_options
@json_option
def search(
    query: tuple[str, ...], vaults: tuple[Path, ...], limit: int, explain: bool, as_json: bool, **flags: Any
) -> None:
    """Search the notes. Operators: [[Note]], #tag, path:folder/, file:name, [property:value], "a phrase"."""
    config = read_settings(flags, vaults=vaults)
    set_up_logging("error" if config.log_level == "info" else config.log_level)
    results = asyncio.run(_search(config, as_typed(query), limit=limit, explain=explain, here=bool(vaults)))
    if as_json:
        print_json({"results": results})
        return
    show_hits(results, none="Nothing in the notes matches.")


async def _search(config: Config, query: str, *, limit: int, explain: bool, here: bool) -> Sequence[Mapping[str, Any]]:
    async with running_server(config) as server:
        if server is not None:
            name = await server.vault_at(config.vaults) if here else None
            if name is not None or not here:
                body = {"query": query, "limit": limit, "explain": explain, "vault": name}
                found: Sequence[Mapping[str, Any]] = (await server.json("POST", "/vault/search", json=body))["results"]
                return found
    # Only now: what a running server answers does without all that indexes.
    from sidecar.cli.alone import opened, up_to_date

    async with opened(config) as runtime:
        return await (await up_to_date(runtime)).search(query, limit=limit, explain=explain)
