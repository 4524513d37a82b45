"""`sidecar serve`: index, watch and answer until told to stop."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import click

from sidecar.api.address import bind
from sidecar.api.app import create_app
from sidecar.api.server import serve as serve_app
from sidecar.api.server import stop_on_signals
from sidecar.cli.announcing import announce, wants_model
from sidecar.cli.options import (
    choose_vaults,
    model_options,
    process_lock,
    read_settings,
    servers_of,
    settings_options,
)
from sidecar.cli.output import complain, set_up_logging
from sidecar.config import Config, system_environment
from sidecar.errors import ConfigError, SidecarError
from sidecar.logs.content import ContentLog, remove_content
from sidecar.logs.file import LogFile
from sidecar.offline.address import is_looked_up
from sidecar.offline.system import close_system
from sidecar.runtime import datafolder
from sidecar.runtime.runtime import Runtime, open_runtime
from sidecar.service.activity import describe
from sidecar.service.notify import Supervisor
from sidecar.service.printed import keep_small, printed_folder
from sidecar.upstream.local import KNOWN_PORTS

# A flag that is not given leaves what the settings say.
_SWITCH: dict[str, Any] = {"is_flag": True, "default": None}


@click.command()
@click.argument("vaults", nargs=-1, type=click.Path(path_type=Path, readable=False))
@click.option("--host", help="Address to listen on (127.0.0.1).")
@click.option("--port", type=int, help="Port to listen on (8484); 0 picks a free one.")
@model_options
@settings_options
@click.option(
    "--no-auth", is_flag=True, help="Ask for no token. Every program on this machine can then read the notes."
)
@click.option("--allow-remote", **_SWITCH, help="Allow an address that other machines can reach.")
@click.option("--offline", **_SWITCH, help="Reach no other machine: no upstream server elsewhere.")
@click.option(
    "--log-content",
    **_SWITCH,
    help="For support: write prompts, passages of notes and answers to logs/content.log, for an hour.",
)
@click.option("--force", "force_load", **_SWITCH, help="Load GGUF models that do not fit into memory.")
def serve(vaults: tuple[Path, ...], no_auth: bool, **flags: Any) -> None:
    """Index and watch the vault(s), and serve them to clients.

    Their address is http://127.0.0.1:8484/v1. Without VAULTS, those of the settings file are used, else the ones
    Obsidian knows. It serves at once; search works on what is indexed so far.
    """
    config = choose_vaults(read_settings({**flags, "auth": False if no_auth else None}, vaults=vaults))
    set_up_logging(config.log_level)
    address = _taken(config)
    try:
        # Connected before the offline lock closes datagrams.
        with Supervisor(system_environment()) as supervisor, LogFile() as log_file:
            asyncio.run(_serve(config, address, offline_lock=_lock(config), log_file=log_file, supervisor=supervisor))
    finally:
        if isinstance(address, socket.socket):
            address.close()


def _taken(config: Config) -> socket.socket | SidecarError:
    """The socket to listen on, or why there is none: told later, when it is known that no other Sidecar runs here.

    Landlock hides other processes, and with them who holds a port, so this comes before it.
    """
    try:
        return bind(config.host, config.port)
    except SidecarError as error:
        return error


def _lock(config: Config) -> str:
    """Close what the system can close for the server and all that it starts, and name what is closed."""
    if process_lock() is None:
        return "none"
    servers = servers_of(config)
    # Without a model, the usual places of model servers on this machine are looked at.
    looked_at = KNOWN_PORTS if wants_model(config) else ()
    by_name = any(is_looked_up(host) for host, _ in servers)
    # An answer that is too long for a datagram is asked for again over TCP.
    looked_up = (53,) if by_name else ()
    closed = close_system([*(port for _, port in servers), *looked_at, *looked_up], look_up_names=by_name)
    return "+".join(["audit-hook", *closed])


async def _serve(
    config: Config,
    address: socket.socket | SidecarError,
    *,
    offline_lock: str,
    log_file: LogFile,
    supervisor: Supervisor,
) -> None:
    async with open_runtime(config, patient=True) as runtime:
        # Not before: the data folder, and the file in it, belong to one process from here on.
        log_file.open(config.data_dir)
        remove_content(config.data_dir)
        runtime.offline_lock = offline_lock
        if isinstance(address, SidecarError):
            raise address
        port = address.getsockname()[1]
        runtime.listening_on(port)
        url = f"http://{_shown(config.host)}:{port}"
        stop = asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()
        app = create_app(runtime)

        def started() -> None:
            try:
                datafolder.write_runtime_file(config, _facts(runtime, url))
            except ConfigError as error:
                # Other commands will not find the server; clients that know its address will.
                complain(error)
            runtime.start()
            if config.log_content:
                runtime.content_log = ContentLog(config.data_dir)
                tasks.add(asyncio.create_task(runtime.content_log.run()))
            tasks.add(asyncio.create_task(announce(runtime, url, app.console.sessions)))
            supervisor.ready()
            tasks.add(asyncio.create_task(supervisor.run(lambda: _activity(runtime))))
            tasks.add(asyncio.create_task(_tell_stop(supervisor, stop)))
            tasks.add(asyncio.create_task(keep_small(printed_folder(Path.home()))))

        try:
            with stop_on_signals(stop):
                await serve_app(app, address, on_started=started, stop=stop)
        finally:
            datafolder.remove_runtime_file(config)
            for task in tasks:
                task.cancel()


def _activity(runtime: Runtime) -> tuple[str, bool]:
    return describe(vault.indexer.progress for vault in runtime.vaults.values())


async def _tell_stop(supervisor: Supervisor, stop: asyncio.Event) -> None:
    await stop.wait()
    supervisor.stopping()


def _facts(runtime: Runtime, url: str) -> dict[str, Any]:
    return {
        "url": url,
        "pid": os.getpid(),
        "version": runtime.version,
        "token_file": str(runtime.config.token_file) if runtime.token else None,
        "vaults": list(runtime.vaults.names),
    }


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
