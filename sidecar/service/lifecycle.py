"""What stands before and after an installation: the command is put together, who is in the way is told, and whether the
server came up.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from sidecar.api.address import bind
from sidecar.clients.program import Platform, installed_program, place_warning
from sidecar.config import Config, config_path, load_config
from sidecar.errors import AlreadyRunningError, ConfigError
from sidecar.runtime import datafolder
from sidecar.runtime.folder_lock import acquire
from sidecar.service.plan import Account, Launch
from sidecar.service.serving_words import absolute, serving_words, unseen_settings
from sidecar.service.state import State

_START_SECONDS = 30.0
"""How long a server may take to come up, or to be gone."""
# What these variables of a shell say of folders, a service does not see.
_DATA_VARIABLES = ("SIDECAR_DATA_DIR", "XDG_DATA_HOME")
_CONFIG_VARIABLES = ("SIDECAR_CONFIG", "XDG_CONFIG_HOME")


def _command_of(pid: int) -> tuple[str, ...]:
    try:
        return tuple(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What to run, and what the user should know about it."""

    launch: Launch
    warnings: tuple[str, ...]


def prepare(
    config: Config,
    account: Account,
    *,
    flags: Mapping[str, Any],
    vaults: Iterable[Path],
    read: Iterable[Path],
    executable: str = sys.executable,
) -> Prepared:
    """Put together what the service runs. `flags` and `vaults` are those that the user gave, `read` the vaults that
    will be read, wherever they were named.
    """
    given = dict(flags) | _folders(config, account.environ, flags)
    words = serving_words(given, vaults)
    search = [Path(folder) for folder in account.environ.get("PATH", "").split(os.pathsep) if folder]
    program = installed_program(Path(absolute(Path(executable))), platform=account.platform, path=search)
    settings = [Path(absolute(Path(given["config_file"])))] if given.get("config_file") else []
    models = [Path(word) for word in words if word.startswith("/")]
    return Prepared(
        launch=Launch(
            words=(*program, *words),
            writable=_written(config),
            paths=tuple(dict.fromkeys((Path(program[0]), *settings, *models, *read))),
        ),
        warnings=(*_place(program[0]), *_unseen(account.environ, given)),
    )


def refuse_other(config: Config, installed: State) -> None:
    """Raise AlreadyRunningError or AddressInUseError when the service could not start beside what runs now: a Sidecar
    started by hand, or another program on its port.
    """
    facts = datafolder.read_runtime_file(config) or {}
    ours = installed.running and (installed.pid is None or installed.pid == facts.get("pid"))
    if not ours:
        _refuse_holder(config)
    if not (ours and _port_of(facts) == config.port):
        bind(config.host, config.port).close()


def with_server(
    installed: State,
    config: Config | None,
    *,
    platform: Platform,
    command_of: Callable[[int], tuple[str, ...]] = _command_of,
) -> State:
    """The state with what the server wrote down of itself, on Windows, whose manager does not tell, when its process
    was started as the task starts it. Elsewhere a server that the manager does not know was started by hand.
    """
    if platform != "windows" or installed.running or not installed.installed or config is None:
        return installed
    pid = live_server(config).get("pid")
    if pid is None or not _is_begun_alike(command_of(pid), installed.words):
        return installed
    return State(
        file=installed.file,
        installed=True,
        enabled=installed.enabled,
        running=True,
        pid=pid,
        detail=installed.detail,
        words=installed.words,
    )


def live_server(config: Config) -> dict[str, Any]:
    """What the running server wrote down of itself: `url` and `pid` among it. Empty when its process has ended."""
    facts = datafolder.read_runtime_file(config) or {}
    pid = facts.get("pid")
    alive = isinstance(pid, int) and not isinstance(pid, bool) and 0 < pid < 2**31 and psutil.pid_exists(pid)
    return facts if alive else {}


def await_server(config: Config, *, sleep: Callable[[float], object] = time.sleep) -> str | None:
    """The address of the server once it is there; `None` when it does not come within half a minute."""
    for _ in range(round(_START_SECONDS / 0.25)):
        if url := live_server(config).get("url"):
            return str(url)
        sleep(0.25)
    return None


def await_end(config: Config, *, sleep: Callable[[float], object] = time.sleep) -> None:
    """Wait until no server has the data folder: launchd says that one has ended before it has. Raises
    AlreadyRunningError after half a minute.
    """
    for _ in range(round(_START_SECONDS / 0.25)):
        try:
            return acquire(config).release()
        except AlreadyRunningError:
            sleep(0.25)
    return acquire(config).release()


def installed_config(installed: State) -> Config | None:
    """The settings that the installed service runs with, as its command tells; `None` when they cannot be read."""
    data_dir, file = installed.option("--data-dir"), installed.option("--config")
    try:
        return load_config({"data_dir": data_dir}, config_file=Path(file) if file else None)
    except ConfigError:
        return None


def facts_of(installed: State, account: Account, config: Config | None) -> dict[str, Any]:
    """The state as it is shown, with the command, where it writes and whether the program is still there."""
    url = live_server(config).get("url") if config is not None and installed.running else None
    return {
        "platform": account.platform,
        "file": str(installed.file),
        "installed": installed.installed,
        "enabled": installed.enabled,
        "running": installed.running,
        "pid": installed.pid,
        "url": url,
        "detail": installed.detail,
        "command": list(installed.words),
        "program_found": Path(installed.words[0]).exists() if installed.words else None,
        "data_dir": None if config is None else str(config.data_dir),
    }


def _is_begun_alike(command: tuple[str, ...], installed: tuple[str, ...]) -> bool:
    """Whether a process runs `serve` by the same words as the service, the program itself left out: a virtual
    environment's starts another. What follows may be that of an older installation.
    """
    if "serve" not in installed:
        return False
    end = installed.index("serve") + 1
    return command[1:end] == installed[1:end]


def _written(config: Config) -> tuple[Path, ...]:
    elsewhere = not config.models_folder.is_relative_to(config.data_dir)
    return (config.data_dir, *([config.models_folder] if elsewhere else []))


def _refuse_holder(config: Config) -> None:
    try:
        acquire(config).release()
    except AlreadyRunningError as error:
        raise AlreadyRunningError(
            error.message,
            hint="Stop it (Ctrl-C in its terminal), then install the service; or give the service its own --data-dir.",
        ) from error


def _folders(config: Config, environ: Mapping[str, str], flags: Mapping[str, Any]) -> dict[str, Any]:
    """The flags that say what this shell's variables say."""
    found: dict[str, Any] = {}
    if flags.get("data_dir") is None and any(environ.get(name) for name in _DATA_VARIABLES):
        found["data_dir"] = config.data_dir
    file = config_path(environ)
    if flags.get("config_file") is None and any(environ.get(name) for name in _CONFIG_VARIABLES) and file.exists():
        found["config_file"] = file
    return found


def _port_of(facts: Mapping[str, Any]) -> int | None:
    try:
        return urlsplit(str(facts.get("url", ""))).port
    except ValueError:
        return None


def _place(program: str) -> tuple[str, ...]:
    warning = place_warning(program)
    return () if warning is None else (warning,)


def _unseen(environ: Mapping[str, str], given: Mapping[str, Any]) -> tuple[str, ...]:
    names = unseen_settings(environ, [name for name, value in given.items() if value is not None])
    if not names:
        return ()
    return (f"The service does not see {', '.join(names)} of this shell: write such settings into config.toml.",)
