"""`sidecar connect`: what a client has to be told, and a test that asks as the client would."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from sidecar.cli.options import as_typed, choose_vaults, json_option, read_settings, settings_options, vault_option
from sidecar.cli.output import print_check, print_json, print_wrapped, printable
from sidecar.cli.session import running_server
from sidecar.clients.advice import Outcome
from sidecar.clients.catalogue import all_clients, find_client
from sidecar.clients.check import check, not_running
from sidecar.clients.clipboard import copy
from sidecar.clients.detecting import detect, platform_of
from sidecar.clients.entry import HEADINGS, Client
from sidecar.clients.facts import Facts, default_facts, served_facts
from sidecar.clients.mcp_check import check_mcp
from sidecar.clients.mcp_program import mcp_program
from sidecar.clients.settings import Part, settings_of, text_to_copy, without_key
from sidecar.config import Config, system_environment
from sidecar.errors import ConfigError
from sidecar.runtime import datafolder


def _names(context: click.Context, _argument: click.Parameter, begun: str) -> list[CompletionItem]:
    """The clients that a shell offers for the first word."""
    if context.params.get("client"):
        return []
    return [CompletionItem(each.id, help=each.name) for each in all_clients() if each.id.startswith(begun.lower())]


@click.command()
@click.argument("client", nargs=-1, shell_complete=_names)
@vault_option
@click.option("--model", metavar="ID", help="Write this model into the settings, as the server lists it (vault).")
@click.option("--no-test", is_flag=True, help="Print the settings alone.")
@click.option("--origin", metavar="ORIGIN", help="Test as this page or extension, such as moz-extension://….")
@click.option(
    "--show-key/--hide-key", default=None, help="Write the key out; a terminal shows it, a pipe or JSON does not."
)
@click.option(
    "--copy",
    "copied",
    type=click.Choice(("address", "key", "text")),
    help="Put the address, the key or all of it into the clipboard.",
)
@settings_options
@json_option
@click.pass_context
def connect(
    context: click.Context, /, client: tuple[str, ...], vaults: tuple[Path, ...], as_json: bool, **flags: Any
) -> None:
    """Print a client's settings for this server, and test them.

    What CLIENT has to be told is printed, and then the server is asked as that client would ask. Without CLIENT, list
    those that are known and mark those that are installed here. No settings of another program are ever changed. The
    exit code is 1 when the test fails.
    """
    given = {name: flags.pop(name) for name in ("model", "no_test", "origin", "show_key", "copied")}
    places: dict[str, Any] = {"data_dir": flags.get("data_dir"), "config_file": flags.get("config_file")}
    program = mcp_program(**places, vaults=vaults, environ=system_environment())
    config = read_settings(flags, vaults=vaults)
    chosen = find_client(as_typed(client)) if client else None
    facts = replace(asyncio.run(_facts(config, model=given["model"])), program=program)
    if chosen is None:
        _list(config, facts, as_json=as_json)
    else:
        context.exit(asyncio.run(_connect(chosen, facts, as_json=as_json, **given)))


async def _facts(config: Config, *, model: str | None) -> Facts:
    key = datafolder.read_token(config)
    async with running_server(config) as server:
        if server is None:
            facts = default_facts(config, vaults=_vaults(config), key=key)
        else:
            # The file goes with its server, which may leave just now.
            runtime = {**(datafolder.read_runtime_file(config) or {}), "url": str(server.client.base_url)}
            models = await server.json("GET", "/v1/models")
            facts = served_facts(config, runtime=runtime, models=models, key=key)
    return facts if model is None else replace(facts, model=as_typed([model]), plain_model=as_typed([model]))


def _vaults(config: Config) -> tuple[Path, ...]:
    try:
        return choose_vaults(config).vaults
    except ConfigError:
        return ()


async def _connect(
    client: Client,
    facts: Facts,
    *,
    as_json: bool,
    show_key: bool | None,
    copied: Part | None,
    no_test: bool,
    origin: str | None,
    model: str | None,
) -> int:
    shown = show_key if show_key is not None else sys.stdout.isatty() and not as_json
    told = settings_of(client, facts if shown else without_key(facts))
    if not as_json:
        _show(told, facts, shown=shown)
    if copied is not None and not client.unsupported:
        text = text_to_copy(client, facts, copied)
        taker = copy(text, platform=sys.platform, environ=system_environment(), terminal=sys.stderr)
        click.echo(f"The {copied} is in the clipboard, by {taker}.", err=True)
    outcomes = [] if no_test or client.unsupported else await _test(client, facts, origin=origin, quiet=as_json)
    if as_json:
        print_json({"server": _server(facts), **told, "test": [asdict(outcome) for outcome in outcomes]})
    return 1 if client.unsupported or any(outcome.level == "error" for outcome in outcomes) else 0


async def _test(client: Client, facts: Facts, *, origin: str | None, quiet: bool) -> list[Outcome]:
    if not quiet:
        click.echo(f"\nAsked as {printable(client.name)} asks:")
    outcomes = []
    async for outcome in _steps(client, facts, origin=origin):
        outcomes.append(outcome)
        if not quiet:
            took = "" if outcome.seconds is None else f" ({outcome.seconds:.1f} s)"
            print_check(outcome.level, f"{outcome.does}: {outcome.text}{took}", outcome.hint)
    return outcomes


def _steps(client: Client, facts: Facts, *, origin: str | None) -> AsyncIterator[Outcome]:
    if client.starts_sidecar:
        return check_mcp(facts.program, environ=system_environment())
    return check(client, facts, origin=origin) if facts.running else not_running(facts)


def _server(facts: Facts) -> dict[str, Any]:
    return {
        "running": facts.running,
        "url": facts.root_url,
        "base_url": facts.base_url,
        "asks_key": facts.asks_key,
        "token_file": None if facts.token_file is None else str(facts.token_file),
        "models": list(facts.models),
    }


def _show(told: Mapping[str, Any], facts: Facts, *, shown: bool) -> None:
    click.echo(printable(f"{told['name']}  ({told['kind']})"))
    if told["unsupported"]:
        print_wrapped(told["unsupported"], first="  ", rest="  ")
    elif told["starts_sidecar"]:
        print_wrapped("It starts `sidecar mcp` by itself: it needs no address and no key.", first="  ", rest="  ")
    else:
        print_wrapped(_server_line(facts), first="  ", rest="  ")
        _show_key_line(facts, shown=shown)
    click.echo()
    for number, step in enumerate(told["steps"], 1):
        print_wrapped(step.replace("**", ""), first=f"  {number}. ", rest="     ")
    _show_settings(told["settings"])
    for snippet in told["snippets"]:
        path = snippet["path"].get(platform_of(sys.platform))
        click.echo(f"\n  {snippet['title']}{f', {path}' if path else ''}:\n")
        click.echo("\n".join(printable(line) for line in snippet["text"].split("\n")))
    click.echo()
    for quirk in told["quirks"]:
        print_check("note", quirk.replace("**", ""), None)
    if not told["unsupported"]:
        print_check("note", f"The names of the settings are from {told['read_from']}.", None)


def _show_settings(settings: Sequence[Mapping[str, str]]) -> None:
    width = max((len(setting["label"]) for setting in settings), default=0)
    if settings:
        click.echo()
    for setting in settings:
        click.echo(printable(f"  {setting['label']:<{width}}  {setting['value']}"))


def _server_line(facts: Facts) -> str:
    if not facts.running:
        return "No server runs here, so these are its defaults. `sidecar serve` starts it."
    more = ", ".join(model for model in facts.models if model != facts.model)
    return f"The server runs at {facts.root_url}. Beside {facts.model} it has: {more or 'nothing'}."


def _show_key_line(facts: Facts, *, shown: bool) -> None:
    if facts.asks_key and facts.key is None:
        print_wrapped("`sidecar token show` makes the key, or the server at its first start.", first="  ", rest="  ")
    elif facts.asks_key and not shown:
        line = "The key is left out here: `--show-key` writes it out, `sidecar token show` prints it."
        print_wrapped(line, first="  ", rest="  ")


def _list(config: Config, facts: Facts, *, as_json: bool) -> None:
    clients = all_clients()
    found = detect(
        clients, vaults=_vaults(config), platform=sys.platform, home=Path.home(), environ=system_environment()
    )
    if as_json:
        told = [{"id": c.id, "name": c.name, "kind": c.kind, "found": found.get(c.id)} for c in clients]
        print_json({"server": _server(facts), "clients": told})
        return
    print_wrapped(_server_line(facts), first="", rest="")
    width = max(len(client.id) for client in clients)
    for kind, group in groupby(clients, key=lambda client: client.kind):
        click.echo(f"\n{HEADINGS[kind]}")
        for client in group:
            print_check("ok" if client.id in found else "note", _line(client, found.get(client.id), width=width), None)
    click.echo(f"\nNext: `sidecar connect {next(iter(found), clients[0].id)}`")


def _line(client: Client, where: str | None, *, width: int) -> str:
    return f"{client.id:<{width}} {client.name}{f': {where}' if where else ''}"
