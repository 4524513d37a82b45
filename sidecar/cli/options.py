"""Flags that several commands share, and the settings they make."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from sidecar.config import Config, load_config, system_environment, with_vaults
from sidecar.errors import ConfigError
from sidecar.offline.lock import OutgoingLock
from sidecar.vault.registry import obsidian_config_path, registered_vaults

F = TypeVar("F", bound=Callable[..., Any])

_SETTINGS = (
    click.option(
        "--data-dir", type=click.Path(path_type=Path), help="Folder for the index, the token and runtime.json."
    ),
    click.option("--config", "config_file", type=click.Path(path_type=Path), help="Settings file (TOML)."),
)
_MODELS = (
    click.option(
        "--model",
        metavar="NAME_OR_GGUF",
        help="Chat model: a GGUF file, a name of `sidecar models list`, or a model of the upstream server.",
    ),
    click.option(
        "--embedding-model",
        metavar="builtin|none|GGUF|NAME",
        help="Embedding model, named like a chat model; `none` searches by words alone.",
    ),
    click.option(
        "--rerank-model",
        metavar="NAME_OR_GGUF",
        help="Reranking model: a cross-encoder that reads the first hits anew.",
    ),
    click.option("--upstream", metavar="URL", help="An OpenAI-compatible server, such as http://127.0.0.1:11434/v1."),
    click.option("--log-level", type=click.Choice(("debug", "info", "warning", "error")), help="How much to log."),
)


def settings_options(command: F) -> F:
    """`--data-dir` and `--config`."""
    for option in reversed(_SETTINGS):
        command = option(command)
    return command


def model_options(command: F) -> F:
    """`--model`, `--embedding-model`, `--rerank-model`, `--upstream` and `--log-level`."""
    for option in reversed(_MODELS):
        command = option(command)
    return command


def as_typed(words: Iterable[str]) -> str:
    """Words of the command line as text; bytes that are no UTF-8 become replacement characters."""
    return " ".join(words).encode("utf-8", "replace").decode("utf-8")


vault_option = click.option(
    "--vault", "vaults", multiple=True, type=click.Path(path_type=Path, readable=False), help="Look at this folder."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def read_settings(flags: dict[str, Any], *, vaults: tuple[Path, ...] = ()) -> Config:
    """Settings from flags and everything below them; `vaults` given on the command line stand in for all others."""
    config_file = flags.pop("config_file", None)
    given = {**flags, "vaults": vaults or None}
    config = load_config(given, config_file=config_file)
    if (lock := process_lock()) is not None:
        for host, port in servers_of(config):
            lock.allow(host, port)
        lock.allow_name(config.host)
    return config


def process_lock() -> OutgoingLock | None:
    """The offline lock of this process; `None` where the command runs within another program."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.find_object(OutgoingLock)


def servers_of(config: Config) -> list[tuple[str, int]]:
    """Host and port of each upstream server in the settings; those with unusable URLs are told of when opened."""
    urls = [config.upstream, *(server["url"] for server in config.upstreams.values())]
    named = [url for url in urls if url]
    if not named:
        return []
    # Only here, for the start of every command without such a server: it reads URLs as the client does, httpx2.
    from sidecar.upstream.address import host_and_port

    return [place for url in named if (place := host_and_port(url)) is not None]


def choose_vaults(config: Config) -> Config:
    """The configured vaults, else those of Obsidian's own list. Raises ConfigError when there are none."""
    if config.vaults:
        return config
    found = registered_vaults(
        obsidian_config_path(platform=sys.platform, home=Path.home(), environ=system_environment())
    )
    if not found:
        raise ConfigError(
            "No vault was named, and Obsidian's own list of vaults is empty or not found.",
            hint="Name one: `sidecar serve PATH/TO/VAULT`.",
        )
    return with_vaults(config, tuple(vault.path for vault in found))
