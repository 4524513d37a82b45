"""`sidecar search`: hits in the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.text import Text

from sidecar.cli.options import as_typed, choose_vaults, json_option, model_options, read_settings, settings_options
from sidecar.cli.output import print_json, set_up_logging, stdout, with_progress
from sidecar.cli.session import running_server
from sidecar.config import Config
from sidecar.runtime import open_runtime

_SNIPPET = 240


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
    set_up_logging("warning" if config.log_level == "info" else config.log_level)
    results = asyncio.run(_search(config, as_typed(query), limit=limit, explain=explain, here=bool(vaults)))
    if as_json:
        print_json({"results": results})
        return
    _show(results)


async def _search(config: Config, query: str, *, limit: int, explain: bool, here: bool) -> Sequence[Mapping[str, Any]]:
    async with running_server(config) as server:
        if server is not None:
            name = await server.vault_at(config.vaults) if here else None
            if name is not None or not here:
                body = {"query": query, "limit": limit, "explain": explain, "vault": name}
                found: Sequence[Mapping[str, Any]] = (await server.json("POST", "/vault/search", json=body))["results"]
                return found
    async with open_runtime(choose_vaults(config)) as runtime:
        vault = runtime.vault(None)
        await with_progress([vault], vault.index(accept_removals=False))
        return await vault.search(query, limit=limit, explain=explain)


def _show(results: Sequence[Mapping[str, Any]]) -> None:
    console = stdout()
    if not results:
        console.print("Nothing in the notes matches.")
        return
    for result in results:
        place = " > ".join((result["title"], *result["heading_path"]))
        lines = result["span"]
        console.print(f"[bold][link={result['uri']}]{escape(place)}[/link][/bold]  {result['score']:.2f}")
        console.print(Text(f"  {result['path']}:{lines['start_line']}-{lines['end_line']}", style="dim"))
        console.print(Text(f"  {' '.join(result['text'].split())[:_SNIPPET]}"))
        if "why" in result:
            console.print(Text(f"  {_why(result['why'])}", style="cyan"))


def _why(why: Mapping[str, Any]) -> str:
    parts = [f"words {why['lexical']:.2f} ({', '.join(why['matched'])})"] if why["lexical"] is not None else []
    if why["similarity"] is not None:
        parts.append(f"meaning {why['similarity']:.2f}")
    if why["mentioned"]:
        parts.append("mentioned by name")
    return "; ".join(parts)
