"""`sidecar status` and `sidecar why`: what is indexed, what not and why."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from sidecar.cli.options import as_typed, choose_vaults, json_option, model_options, read_settings, settings_options
from sidecar.cli.output import print_json, set_up_logging, with_progress
from sidecar.cli.session import running_server
from sidecar.config import Config
from sidecar.runtime import open_runtime

_vault_option = click.option("--vault", "vaults", multiple=True, type=click.Path(path_type=Path), help="Look here.")


@click.command()
@_vault_option
@model_options
@settings_options
@json_option
def status(vaults: tuple[Path, ...], as_json: bool, **flags: Any) -> None:
    """What is indexed, what not, and what is wrong."""
    config = read_settings(flags, vaults=vaults)
    set_up_logging("warning")
    facts = asyncio.run(_status(config, here=bool(vaults)))
    if as_json:
        print_json(facts)
        return
    click.echo(f"Sidecar {facts['version']}, {'running at ' + facts['url'] if 'url' in facts else 'not running'}")
    for vault in facts["vaults"]:
        _show_vault(vault)
    for notice in facts["notices"]:
        click.echo(f"Note: {notice}")


@click.command()
@click.argument("note")
@click.argument("query", required=False)
@_vault_option
@model_options
@settings_options
@json_option
def why(note: str, query: str | None, vaults: tuple[Path, ...], as_json: bool, **flags: Any) -> None:
    """Why a note is indexed or not, and with QUERY why it was found or not."""
    config = read_settings(flags, vaults=vaults)
    set_up_logging("warning")
    answer = asyncio.run(_why(config, as_typed([note]), as_typed([query]) if query else None, here=bool(vaults)))
    if as_json:
        print_json(answer)
        return
    click.echo(f"{answer['path']}: {answer['status']}" + (f" ({answer['reason']})" if answer["reason"] else ""))
    for problem in answer["problems"]:
        line = f" (line {problem['line']})" if problem["line"] else ""
        click.echo(f"  {problem['message']}{line}")
    if found := answer.get("query"):
        verdict = f"found at rank {found['rank']}" if found["found"] else "not among the first 200 hits"
        click.echo(f"  {verdict}; words matched: {', '.join(found['matched']) or 'none'}")


async def _status(config: Config, *, here: bool) -> Mapping[str, Any]:
    async with running_server(config) as server:
        if server is not None and (not here or await server.vault_at(config.vaults)):
            facts: dict[str, Any] = await server.json("GET", "/vault/status")
            return {**facts, "url": str(server.client.base_url).rstrip("/")}
    async with open_runtime(choose_vaults(config)) as runtime:
        return await runtime.status()


async def _why(config: Config, note: str, query: str | None, *, here: bool) -> Mapping[str, Any]:
    async with running_server(config) as server:
        if server is not None:
            name = await server.vault_at(config.vaults) if here else None
            if name is not None or not here:
                parameters = {"path": note} | ({"query": query} if query else {}) | ({"vault": name} if name else {})
                answer: Mapping[str, Any] = await server.json("GET", "/vault/why", params=parameters)
                return answer
    async with open_runtime(choose_vaults(config)) as runtime:
        vault = runtime.vault(None)
        await with_progress([vault], vault.index(accept_removals=False))
        return await vault.why(note, query)


def _show_vault(vault: Mapping[str, Any]) -> None:
    embedding = vault["embedding"]["model"] or "none, search by words alone"
    click.echo(f"{vault['name']}  {vault['path']}")
    click.echo(
        f"  {vault['files']} files: {vault['indexed']} indexed, {vault['excluded']} excluded, {vault['failed']} failed,"
        f" {vault['pending']} pending; {vault['chunks']} pieces; embedding: {embedding}"
    )
    for problem in vault["problems"]:
        click.echo(f"  ! {problem}")
