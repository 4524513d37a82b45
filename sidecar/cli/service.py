"""`sidecar service`: started at login by the system, and what became of it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import click

from sidecar.cli.options import choose_vaults, json_option, model_options, read_settings, settings_options
from sidecar.cli.output import notice, print_check, print_json, printable
from sidecar.clients.program import Platform
from sidecar.config import system_environment, with_vaults
from sidecar.errors import ConfigError, SidecarError
from sidecar.runtime import datafolder
from sidecar.service import installing, lifecycle, manager, server_logs
from sidecar.service.commands import run_here
from sidecar.service.guarded import advice, guarded_folders
from sidecar.service.lifecycle import Prepared
from sidecar.service.plan import Account, Launch
from sidecar.service.preflight import answer, try_folders

_SWITCH: dict[str, Any] = {"is_flag": True, "default": None}
_ANY = Launch(words=("sidecar",))


@click.group()
def service() -> None:
    """Run Sidecar at login, as a service of the system.

    `sidecar service install VAULT` is all it takes; run it again with other flags to change them. The system is systemd
    on Linux, launchd on macOS, the Task Scheduler on Windows.
    """


@service.command()
@click.argument("vaults", nargs=-1, type=click.Path(path_type=Path, readable=False))
@click.option("--host", help="Address to listen on (127.0.0.1).")
@click.option("--port", type=int, help="Port to listen on (8484).")
@model_options
@settings_options
@click.option("--no-auth", **_SWITCH, help="Ask for no token.")
@click.option("--allow-remote", **_SWITCH, help="Allow an address that other machines can reach.")
@click.option("--offline", **_SWITCH, help="Reach no other machine: no upstream server elsewhere.")
@click.option("--print", "dry_run", is_flag=True, help="Print the file and the commands, and change nothing.")
@click.option("--platform", type=click.Choice(("linux", "macos", "windows")), help="With --print: for which system.")
def install(vaults: tuple[Path, ...], platform: Platform | None, *, dry_run: bool, **flags: Any) -> None:
    """Start now and at each login, with these vaults and flags.

    Flags mean what they mean to `sidecar serve`. Whatever else is set comes from the settings file, read at each start.
    A second run changes what is new and starts the service anew only then.
    """
    if platform and not dry_run:
        raise click.UsageError("--platform goes with --print.")
    settings = {name: value for name, value in flags.items() if name not in ("no_auth", "config_file")}
    settings |= {"auth": False if flags["no_auth"] else None, "config_file": flags["config_file"]}
    config = read_settings(settings, vaults=vaults)
    account = manager.this_account(system_environment(), platform or manager.this_platform())
    account = account if dry_run else manager.found_account(account, run_here)
    # What is printed may be for another machine, whose vaults nobody sees from here.
    config = with_vaults(config, config.vaults) if dry_run else choose_vaults(config)
    prepared = lifecycle.prepare(config, account, flags=flags, vaults=vaults, read=config.vaults)
    _warn(prepared.warnings)
    if dry_run:
        plan, _ = manager.plan_for(account, prepared.launch)
        click.echo(installing.shown(plan))
        return
    manager.refuse_sudo(account.environ)
    manager.check(account, run_here)
    datafolder.refuse_inside(config.data_dir, config.vaults)
    datafolder.prepare(config.data_dir)
    installed = manager.state(account, run_here)
    lifecycle.refuse_other(config, lifecycle.with_server(installed, config, platform=account.platform))
    plan, notes = manager.plan_for(account, prepared.launch, run=run_here)
    _try_guarded(account, prepared, config.vaults)
    changed = installing.install(plan, run=run_here)
    _warn(notes)
    click.echo(f"{'Installed' if changed else 'Already installed, unchanged'}: {printable(str(plan.file))}")
    url = lifecycle.await_server(config)
    if url is None:
        raise SidecarError("The service was started, but no server has come up.", hint="See `sidecar service logs`.")
    click.echo(f"Sidecar runs at {url}/v1 and starts at each login. The key: `sidecar token show`.")


@service.command()
@click.option("--purge-data", is_flag=True, help="Delete the data folder too: index, token, logs, fetched models.")
@click.option("--print", "dry_run", is_flag=True, help="Print what would be removed, and change nothing.")
def uninstall(*, purge_data: bool, dry_run: bool) -> None:
    """Stop the service and remove all that was installed for it.

    Your vaults and config.toml are never touched. The data folder is kept, so that another start needs no new index;
    --purge-data deletes it.
    """
    account = _account()
    plan, _ = manager.plan_for(account, _ANY)
    installed = manager.state(account, run_here)
    config = lifecycle.installed_config(installed)
    purged = purge_data and installed.words
    if dry_run:
        for path in (plan.file, *plan.links, *plan.folders, *([config.data_dir] if purged and config else [])):
            click.echo(printable(str(path)))
        return
    outcome = installing.uninstall(plan, run=run_here)
    if not outcome.removed and not outcome.kept:
        click.echo("Nothing was installed.", err=True)
    for path in outcome.removed:
        click.echo(f"Removed {printable(str(path))}")
    if outcome.kept:
        raise SidecarError(f"{outcome.kept[0]} could not be removed.", hint="Remove it by hand.")
    if purge_data:
        if config is None:
            raise ConfigError(
                "Uninstalled, but the settings of the service cannot be read, so its data folder is not known.",
                hint="`sidecar config show` says what is wrong with them; the data folder can be deleted by hand.",
            )
        if not installed.words:
            raise ConfigError(
                "No service was installed, so nothing tells which data folder was its own.",
                hint=f"If it is {config.data_dir}, delete that by hand.",
            )
        lifecycle.await_end(config)
        installing.purge(config.data_dir, vaults=(*config.vaults, *map(Path, _vaults_of(installed.words))))
        click.echo(f"Deleted {printable(str(config.data_dir))}")
    elif config is None:
        _warn(("The settings cannot be read (`sidecar config show` says why): the data folder was left as it is.",))
    elif config.data_dir.is_dir():
        click.echo(
            f"Kept {printable(str(config.data_dir))} (index, token, logs): delete it by hand when it is not needed."
        )


@service.command()
@json_option
def status(*, as_json: bool) -> None:
    """Say whether the service is installed and runs, and how it fares."""
    account = _account()
    installed = manager.state(account, run_here)
    config = lifecycle.installed_config(installed)
    running = lifecycle.with_server(installed, config, platform=account.platform)
    facts = lifecycle.facts_of(running, account, config)
    if as_json:
        print_json(facts)
    elif not facts["installed"]:
        click.echo("Not installed. `sidecar service install VAULT` does it.")
    else:
        runs = f"Runs as process {facts['pid']}" if facts["running"] else "Does not run"
        print_check("ok" if facts["running"] else "warning", runs, None)
        print_check("note", facts["detail"], None)
        for name in ("url", "file", "data_dir"):
            if facts[name]:
                print_check("note", f"{name}: {facts[name]}", None)
        if facts["program_found"] is False:
            print_check("error", f"{facts['command'][0]} is gone.", "Run `sidecar service install` again.")


@service.command()
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes.")
@click.option("--lines", "-n", type=click.IntRange(0, 1_000_000), default=50, show_default=True, help="How many.")
def logs(*, follow: bool, lines: int) -> None:
    """Show what the service logged. No line quotes a note."""
    account = _account()
    config = lifecycle.installed_config(manager.state(account, run_here))
    if account.platform == "linux" and _journal(lines, follow=follow):
        return
    files = server_logs.log_files(account, config.data_dir) if config else ()
    if not any(file.exists() for file in files):
        click.echo("Nothing has been logged yet. `sidecar service status` says how the service fares.", err=True)
    for file in files:
        for line in server_logs.last_lines(file, lines=lines):
            click.echo(printable(line))
    if follow:
        for line in server_logs.following(files):
            click.echo(printable(line))


@service.command()
def restart() -> None:
    """Start the service anew, as after a change of config.toml."""
    account = _account()
    if not manager.state(account, run_here).installed:
        raise SidecarError("The service is not installed.", hint="`sidecar service install VAULT` does it.")
    manager.check(account, run_here)
    plan, _ = manager.plan_for(account, _ANY)
    installing.carry_out(plan.restart, run=run_here)
    click.echo("Started anew.")


@service.command(hidden=True)
@click.option("--answer", "file", required=True, type=click.Path(path_type=Path))
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, readable=False))
def preflight(file: Path, folders: tuple[Path, ...]) -> None:
    """On macOS, from launchd: write to a file which folders can be read."""
    answer(file, folders)


def _account() -> Account:
    account = manager.this_account(system_environment(), manager.this_platform())
    return manager.found_account(account, run_here)


def _try_guarded(account: Account, prepared: Prepared, vaults: tuple[Path, ...]) -> None:
    folders = guarded_folders(vaults, home=account.home) if account.platform == "macos" else ()
    if not folders:
        return
    click.echo("macOS guards where your notes are; trying whether the service can read them ...", err=True)
    program = prepared.launch.words[: prepared.launch.words.index("serve")]
    found = try_folders(account, program, folders, run=run_here)
    _warn(tuple(told for finding in found if (told := advice(finding, home=account.home)) is not None))


def _warn(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        notice(warning)


def _journal(lines: int, *, follow: bool) -> bool:
    """Show the journal, where there is one. Its program writes for itself, so that it can page and be interrupted."""
    words = server_logs.journal_words(lines=lines, follow=follow)
    found = run_here(server_logs.journal_words(lines=1, follow=False))
    if found.code != 0 or not found.output.strip() or "-- No entries --" in found.output:
        return False
    return subprocess.run(words, check=False).returncode == 0


def _vaults_of(words: tuple[str, ...]) -> tuple[str, ...]:
    return words[words.index("--") + 1 :] if "--" in words else ()
