"""`sidecar status` and `sidecar why`: what is indexed, what not and why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sidecar.cli.options import (
    as_typed,
    json_option,
    model_options,
    read_settings,
    settings_options,
    vault_option,
)
from sidecar.cli.output import print_json, print_list, print_wrapped, printable, set_up_logging
from sidecar.cli.session import running_server
from sidecar.cli.why_line import why_line
from sidecar.config import Config
from sidecar.runtime.status_words import CLOSED, LEDGER_LISTS, counted
from sidecar.vault.rules import explain_rule, path_in_vault

_MOST_FILES = 20
_MOST_RULES = 5


@click.command()
@vault_option
@click.option("--excluded", is_flag=True, help="List the files that are excluded, by rule.")
@click.option("--failed", is_flag=True, help="List the files that could not be read.")
@click.option("--problems", is_flag=True, help="List the notes in which something is not as it should be.")
@click.option("--unresolved", is_flag=True, help="List what links name and no file has.")
@model_options
@settings_options
@json_option
def status(
    vaults: tuple[Path, ...],
    excluded: bool,
    failed: bool,
    problems: bool,
    unresolved: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Show what is indexed, what not, and what is wrong.

    With --json, every list is in it, whole.
    """
    config = read_settings(flags, vaults=vaults)
    set_up_logging("error")
    asked = {"excluded": excluded, "failed": failed, "problems": problems, "unresolved": unresolved}
    lists = [name for name in LEDGER_LISTS if as_json or asked[name]]
    facts = asyncio.run(_status(config, lists=lists, here=bool(vaults)))
    if as_json:
        print_json(facts)
        return
    click.echo(f"Sidecar {facts['version']}, {'running at ' + facts['url'] if 'url' in facts else 'not running'}")
    for vault in facts["vaults"]:
        _show_vault(vault)
        for name in lists:
            _LISTS[name](vault)
    for notice in facts["notices"]:
        click.echo(f"Note: {printable(notice)}")


@click.command()
@click.argument("note")
@click.argument("query", required=False)
@vault_option
@model_options
@settings_options
@json_option
def why(note: str, query: str | None, vaults: tuple[Path, ...], as_json: bool, **flags: Any) -> None:
    """Say why a note is indexed or not, or found or not.

    The second is told with QUERY: where the note comes for it, or what keeps it away. NOTE is a path in the vault, with
    `.md` or without, a name that only one file has, or a path from here.
    """
    config = read_settings(flags, vaults=vaults)
    set_up_logging("error")
    answer = asyncio.run(_why(config, note, as_typed([query]) if query else None, here=bool(vaults)))
    if as_json:
        print_json(answer)
        return
    reason = f" ({printable(answer['reason'])})" if answer["reason"] else ""
    click.echo(f"{printable(answer['path'])}: {answer['status']}{reason}")
    if explanation := _explanation(answer):
        print_wrapped(explanation, first="  ", rest="  ")
    print_list(answer.get("candidates", ()), most=_MOST_FILES, indent="    ")
    for problem in answer["problems"]:
        click.echo(f"  {_told(problem)}")
    if asked := answer.get("query"):
        _show_fate(asked)


def _show_fate(asked: Mapping[str, Any]) -> None:
    """Where a note comes for a query, or why it does not."""
    if asked["found"]:
        click.echo(f"  found at rank {asked['rank']}{'' if asked['shown'] else ', behind those that are shown'}")
        if asked["shown"]:
            print_wrapped(why_line(asked), first="  ", rest="  ")
    else:
        click.echo("  not among the first 200 hits")
    for reason in asked.get("reasons", ()):
        print_wrapped(reason["message"], first="  - ", rest="    ")


async def _status(config: Config, *, lists: Sequence[str], here: bool) -> Mapping[str, Any]:
    async with running_server(config) as server:
        if server is not None and (not here or await server.vault_at(config.vaults)):
            facts: dict[str, Any] = await server.json("GET", "/vault/status", params={"list": list(lists)})
            return {**facts, "url": str(server.client.base_url).rstrip("/")}
    # Only now: what a running server answers does without all that indexes.
    from sidecar.cli.alone import opened

    async with opened(config, patient=True) as runtime:
        return await runtime.status(lists=lists)


async def _why(config: Config, note: str, query: str | None, *, here: bool) -> Mapping[str, Any]:
    async with running_server(config) as server:
        if server is not None:
            name = await server.vault_at(config.vaults) if here else None
            if name is not None or not here:
                served = (await server.json("GET", "/vault/status"))["vaults"]
                places = {vault["name"]: Path(vault["path"]) for vault in served if name in {None, vault["name"]}}
                vault_name, path = meant(note, places)
                parameters = {"path": path, "query": query, "vault": vault_name or name}
                given = {key: value for key, value in parameters.items() if value}
                answer: Mapping[str, Any] = await server.json("GET", "/vault/why", params=given)
                return answer
    # Only now: what a running server answers does without all that indexes.
    from sidecar.cli.alone import opened, up_to_date

    async with opened(config) as runtime:
        vault_name, path = meant(note, {name: vault.path for name, vault in runtime.vaults.items()})
        return await (await up_to_date(runtime, vault_name)).why(path, query)


def meant(note: str, places: Mapping[str, Path]) -> tuple[str | None, str]:
    """The vault that has the file at this path as seen from here, with the path in it; else what was typed."""
    for name, place in places.items():
        path = path_in_vault(note, vault=place, folder=Path.cwd())
        if path is not None:
            return name, as_typed([path])
    return None, as_typed([note])


def _explanation(answer: Mapping[str, Any]) -> str | None:
    if answer.get("candidates"):
        return "Which one is meant?"
    if answer.get("explanation"):
        return str(answer["explanation"])
    return explain_rule(answer["reason"]) if answer["status"] == "excluded" and answer["reason"] else None


def _show_vault(vault: Mapping[str, Any]) -> None:
    embedding = vault["embedding"]["model"] or "none, search by words alone"
    click.echo(printable(f"{vault['name']}  {vault['path']}"))
    if vault["files"]:
        counts = (
            f"{vault['kind']}, {counted(vault['files'], 'file')}: {vault['indexed']:,} indexed,"
            f" {vault['excluded']:,} excluded, {vault['failed']:,} failed, {vault['pending']:,} pending;"
            f" {counted(vault['chunks'], 'piece')}; embedding: {embedding}"
        )
        print_wrapped(counts, first="  ", rest="    ")
    elif vault["phase"] == CLOSED:
        click.echo("  not open")
    else:
        click.echo(f"  {vault['kind']}, no notes yet; `sidecar index` or `sidecar serve` reads what is there")
    if rules := vault.get("excluded_by_rule"):
        click.echo(f"  excluded: {_counts(rules)}")
    if local := vault.get("local"):
        click.echo(f"  {counted(local, 'file')} to stay on this machine")
    if line := by_meaning(vault):
        click.echo(f"  {line}")
    if codes := vault.get("problems_by_code"):
        click.echo(f"  problems: {_counts(codes)}")
    for line in held_up(vault):
        click.echo(f"  {line}")
    for problem in vault["problems"]:
        print_wrapped(problem, first="  ! ", rest="    ")


def by_meaning(vault: Mapping[str, Any]) -> str | None:
    """How far the vectors are; nothing when all are there. A server of an older version tells none."""
    missing = vault.get("chunks_without_vector")
    if not missing or vault["phase"] == CLOSED:
        return None
    there = vault["chunks"] - missing
    return f"search by meaning: {there:,} of {counted(vault['chunks'], 'piece')} have a vector; words find them all"


def held_up(vault: Mapping[str, Any]) -> Iterator[str]:
    """What keeps the indexing from going on, or slow. A server of an older version tells neither."""
    waiting = f"; {counted(vault['pending'], 'new file')} to be read" if vault["pending"] else ""
    if reason := vault.get("paused"):
        yield f"paused: {printable(reason)}{waiting}. It goes on with mains power"
    elif reason := vault.get("slowed"):
        yield f"slowly: {printable(reason)}{waiting}"


def _counts(counts: Mapping[str, int]) -> str:
    shown = [f"{count} {printable(name)}" for name, count in list(counts.items())[:_MOST_RULES]]
    more = [f"and {len(counts) - _MOST_RULES} more"] if len(counts) > _MOST_RULES else []
    return ", ".join([*shown, *more])


def _list_excluded(vault: Mapping[str, Any]) -> None:
    by_rule: dict[str, list[str]] = {}
    for file in _told_list(vault, "excluded_files", none="no file is excluded"):
        by_rule.setdefault(file["rule"], []).append(file["path"])
    for rule, paths in sorted(by_rule.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        click.echo(f"  {printable(rule)}, {counted(len(paths), 'file')}")
        print_wrapped(explain_rule(rule), first="    ", rest="    ")
        print_list(paths, most=_MOST_FILES, indent="      ")


def _list_failed(vault: Mapping[str, Any]) -> None:
    failed = _told_list(vault, "failed_files", none="no file failed")
    print_list([f"{file['path']}: {file['reason']}" for file in failed], most=_MOST_FILES, indent="  ")


def _list_problems(vault: Mapping[str, Any]) -> None:
    notes = _told_list(vault, "problem_notes", none="no note has a problem")
    lines = [f"{note['path']}: {_told(problem)}" for note in notes for problem in note["problems"]]
    print_list(lines, most=_MOST_FILES, indent="  ")


def _list_unresolved(vault: Mapping[str, Any]) -> None:
    links = _told_list(vault, "unresolved_links", none="every link leads to a file")
    lines = [f"[[{link['target']}]] in {_named(link['sources'])}" for link in links]
    print_list(lines, most=_MOST_FILES, indent="  ")


def _named(paths: Sequence[str]) -> str:
    return paths[0] + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


_LISTS = {
    "excluded": _list_excluded,
    "failed": _list_failed,
    "problems": _list_problems,
    "unresolved": _list_unresolved,
}


def _told_list(vault: Mapping[str, Any], key: str, *, none: str) -> Iterable[Mapping[str, Any]]:
    found: Iterable[Mapping[str, Any]] | None = vault.get(key)
    if found is None:
        click.echo("  the running server does not tell these")
    elif not found:
        click.echo(f"  {none}")
    return found or ()


def _told(problem: Mapping[str, Any]) -> str:
    return printable(problem["message"]) + (f" (line {problem['line']})" if problem["line"] else "")
