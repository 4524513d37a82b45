"""`sidecar index`: bring the index up to date and leave."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import click

from sidecar.cli.options import choose_vaults, json_option, model_options, read_settings, settings_options
from sidecar.cli.output import print_json, printable, set_up_logging
from sidecar.cli.progress import with_progress
from sidecar.cli.session import RunningServer, running_server
from sidecar.config import Config
from sidecar.runtime.runtime import open_runtime
from sidecar.runtime.status_words import counted


@click.command()
@click.argument("vaults", nargs=-1, type=click.Path(path_type=Path))
@click.option("--rebuild", is_flag=True, help="Throw the index away and build it anew.")
@click.option("--accept-removals", is_flag=True, help="Forget vanished notes even when they are many.")
@model_options
@settings_options
@json_option
def index(vaults: tuple[Path, ...], rebuild: bool, accept_removals: bool, as_json: bool, **flags: Any) -> None:
    """Build or update the index of the vault(s), then leave."""
    config = choose_vaults(read_settings(flags, vaults=vaults))
    # What is wrong is told at the end, in words for people.
    set_up_logging("error" if config.log_level == "info" else config.log_level)
    results = asyncio.run(_index(config, rebuild=rebuild, accept_removals=accept_removals))
    if as_json:
        print_json(results)
        return
    for result in results:
        click.echo(
            f"{printable(result['name'])}: {counted(result['indexed'], 'note')} in"
            f" {counted(result['chunks'], 'piece')}, {result['excluded']} excluded,"
            f" {result['failed']} failed, {result['seconds']} s"
        )
        for problem in result["problems"]:
            click.echo(f"  {printable(problem)}", err=True)


async def _index(config: Config, *, rebuild: bool, accept_removals: bool) -> list[dict[str, Any]]:
    if not rebuild:
        async with running_server(config) as server:
            if server is not None:
                return await _by_server(server, config, accept_removals=accept_removals)
    return await _here(config, rebuild=rebuild, accept_removals=accept_removals)


async def _by_server(server: RunningServer, config: Config, *, accept_removals: bool) -> list[dict[str, Any]]:
    """Have the running server look at the vaults now; it has their indexes open, and embeds by itself after it."""
    results = []
    for path in config.vaults:
        begun = time.perf_counter()
        body = {"vault": await server.vault_at([path]), "accept_removals": accept_removals}
        found = await server.json("POST", "/vault/sync", json=body, timeout=None)
        results.append({**found["vaults"][0], "seconds": round(time.perf_counter() - begun, 2)})
    return results


async def _here(config: Config, *, rebuild: bool, accept_removals: bool) -> list[dict[str, Any]]:
    results = []
    async with open_runtime(config, rebuild=rebuild) as runtime:
        for vault in runtime.vaults.values():
            begun = time.perf_counter()
            await with_progress([vault], vault.index(accept_removals=accept_removals))
            results.append({**await vault.status(), "seconds": round(time.perf_counter() - begun, 2)})
    return results
