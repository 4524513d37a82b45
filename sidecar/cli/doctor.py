"""`sidecar doctor`: what is there, what is wrong with it, and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from sidecar.cli.options import (
    choose_vaults,
    json_option,
    model_options,
    process_lock,
    read_settings,
    settings_options,
    vault_option,
)
from sidecar.cli.output import print_check, print_json, print_wrapped, printable, set_up_logging
from sidecar.cli.session import running_server
from sidecar.config import Config, with_vaults
from sidecar.errors import ConfigError, SidecarError
from sidecar.hardware.bandwidth import measure_bandwidth
from sidecar.hardware.llama_build import ask_llama_build
from sidecar.hardware.machine import look
from sidecar.runtime.doctor import Surroundings, examine, failed, indexed_before
from sidecar.runtime.doctor_upstreams import ask_servers
from sidecar.runtime.runtime import open_runtime


@click.command()
@vault_option
@model_options
@settings_options
@json_option
@click.pass_context
def doctor(context: click.Context, /, vaults: tuple[Path, ...], as_json: bool, **flags: Any) -> None:
    """Look for what is wrong, and say what to do about it.

    Looked at are the data folder, what keeps the notes private, the machine, the models, the upstream servers and the
    vaults.

    The exit code is 1 when a vault cannot be read or there is none; warnings alone leave it at 0.
    """
    config = read_settings(flags, vaults=vaults)
    set_up_logging("error")
    facts = asyncio.run(_facts(config, "none" if process_lock() is None else "audit-hook"))
    if as_json:
        print_json(facts)
    else:
        _show(facts)
    context.exit(1 if failed(facts) else 0)


async def _facts(config: Config, lock: str) -> dict[str, Any]:
    around, problem = await _surroundings(config)
    look_at = partial(examine, surroundings=around, lock=lock)
    async with running_server(config) as server:
        if server is not None:
            status = await server.json("GET", "/vault/status", params={"list": "problems"})
            url = str(server.client.base_url).rstrip("/")
            return look_at(config, status=status, url=url, problem=problem)
    try:
        config = choose_vaults(config)
    except ConfigError as error:
        return look_at(config, status=None, problem=error)
    return await _without_server(config, look_at, problem)


async def _surroundings(config: Config) -> tuple[Surroundings, SidecarError | None]:
    """What is measured and asked, and what kept the upstream servers from being asked."""
    machine, build = await asyncio.gather(asyncio.to_thread(look), asyncio.to_thread(ask_llama_build))
    if config.model is not None:
        # Two seconds, for the speed that can be expected of the model alone.
        machine = replace(machine, bandwidth=await asyncio.to_thread(measure_bandwidth, machine=machine))
    try:
        return Surroundings(machine=machine, build=build, servers=await ask_servers(config)), None
    except ConfigError as error:
        return Surroundings(machine=machine, build=build), error


async def _without_server(
    config: Config, look_at: Callable[..., dict[str, Any]], problem: SidecarError | None
) -> dict[str, Any]:
    # Before the index is opened, which sets the rights of the data folder right.
    before = look_at(config, status=None, problem=problem)
    known = indexed_before(config)
    if not known or problem is not None:
        return before
    try:
        async with open_runtime(with_vaults(config, known), patient=True) as runtime:
            facts = look_at(config, status=await runtime.status(lists=["problems"]))
    except SidecarError as error:
        return look_at(config, status=None, problem=error)
    return facts | {name: before[name] for name in ("data_folder", "security")}


def _show(facts: Mapping[str, Any]) -> None:
    click.echo(click.style(f"Sidecar {facts['version']}", bold=True))
    print_wrapped(f"Python {facts['python']}, {facts['platform']}", first="  ", rest="  ")
    _show_checks(facts["checks"])
    _show_section("Data folder", facts["data_folder"]["path"], facts["data_folder"]["checks"])
    _show_section("Security", None, facts["security"]["checks"])
    _show_section("Hardware", None, facts["hardware"]["checks"])
    _show_section("Models", None, facts["models"]["checks"])
    for server in facts["upstreams"]:
        _show_section(f"Upstream {server['name']}", server["url"], server["checks"])
    for vault in facts["vaults"]:
        _show_section(f"Vault {vault['name']}", vault["path"], vault["checks"])


def _show_section(title: str, where: str | None, checks: Iterable[Mapping[str, Any]]) -> None:
    click.echo("")
    click.echo(click.style(printable(title), bold=True))
    if where is not None:
        print_wrapped(where, first="  ", rest="  ")
    _show_checks(checks)


def _show_checks(checks: Iterable[Mapping[str, Any]]) -> None:
    for check in checks:
        print_check(check["level"], check["text"], check["hint"])
