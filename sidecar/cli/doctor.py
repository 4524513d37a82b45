"""`sidecar doctor`: what is there, what is wrong with it, and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from sidecar.cli.options import choose_vaults, json_option, model_options, read_settings, settings_options, vault_option
from sidecar.cli.output import print_check, print_json, print_wrapped, printable, set_up_logging
from sidecar.cli.session import running_server
from sidecar.config import Config, with_vaults
from sidecar.errors import ConfigError, SidecarError
from sidecar.runtime import open_runtime
from sidecar.runtime.doctor import examine, failed, indexed_before


@click.command()
@vault_option
@model_options
@settings_options
@json_option
@click.pass_context
def doctor(context: click.Context, /, vaults: tuple[Path, ...], as_json: bool, **flags: Any) -> None:
    """Look at the data folder and the vaults, and say what is wrong and what to do.

    The exit code is 1 when a vault cannot be read or there is none; warnings alone leave it at 0.
    """
    config = read_settings(flags, vaults=vaults)
    set_up_logging("error")
    facts = asyncio.run(_facts(config))
    if as_json:
        print_json(facts)
    else:
        _show(facts)
    context.exit(1 if failed(facts) else 0)


async def _facts(config: Config) -> dict[str, Any]:
    async with running_server(config) as server:
        if server is not None:
            status = await server.json("GET", "/vault/status", params={"list": "problems"})
            return examine(config, status=status, url=str(server.client.base_url).rstrip("/"))
    try:
        config = choose_vaults(config)
    except ConfigError as error:
        return examine(config, status=None, problem=error)
    return await _without_server(config)


async def _without_server(config: Config) -> dict[str, Any]:
    # Before the index is opened, which sets the rights of the data folder right.
    before = examine(config, status=None)
    known = indexed_before(config)
    if not known:
        return before
    try:
        async with open_runtime(with_vaults(config, known)) as runtime:
            facts = examine(config, status=await runtime.status(lists=["problems"]))
    except SidecarError as error:
        return examine(config, status=None, problem=error)
    return facts | {"data_folder": before["data_folder"]}


def _show(facts: Mapping[str, Any]) -> None:
    click.echo(click.style(f"Sidecar {facts['version']}", bold=True))
    print_wrapped(f"Python {facts['python']}, {facts['platform']}", first="  ", rest="  ")
    _show_checks(facts["checks"])
    for title, section in (
        ("Data folder", facts["data_folder"]),
        *((f"Vault {vault['name']}", vault) for vault in facts["vaults"]),
    ):
        click.echo("")
        click.echo(click.style(printable(title), bold=True))
        print_wrapped(section["path"], first="  ", rest="  ")
        _show_checks(section["checks"])


def _show_checks(checks: Iterable[Mapping[str, Any]]) -> None:
    for check in checks:
        print_check(check["level"], check["text"], check["hint"])
