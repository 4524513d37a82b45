"""The clients that are known, read from `entries/`, one file each, when they are first asked for."""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from sidecar.clients.entry import HEADINGS, Call, Client, Setting, Snippet
from sidecar.errors import ConfigError

_LONGEST_NAME = 80
_OTHERS = "`sidecar connect` lists them. What speaks to OpenAI takes what `sidecar connect openai-python` prints."


@cache
def all_clients() -> tuple[Client, ...]:
    """Give every client, by kind and then by name."""
    folder = resources.files("sidecar.clients").joinpath("entries")
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    clients = [read_client(tomllib.loads(file.read_text(encoding="utf-8"))) for file in files]
    kinds = list(HEADINGS)
    return tuple(sorted(clients, key=lambda client: (kinds.index(client.kind), client.name.casefold())))


def find_client(name: str) -> Client:
    """Find a client by its id, name or an alias, whatever the case, spaces and hyphens.

    Raises ConfigError naming the closest ones.
    """
    clients = _by_name()
    client = clients.get(_plain(name))
    if client is not None:
        return client
    close = difflib.get_close_matches(_plain(name)[:_LONGEST_NAME], clients, n=3, cutoff=0.6)
    commands = [f"`sidecar connect {client_id}`" for client_id in dict.fromkeys(clients[match].id for match in close)]
    hint = f"Did you mean {' or '.join(commands)}?" if commands else _OTHERS
    raise ConfigError(f"No client is called '{name[:_LONGEST_NAME]}'.", hint=hint)


def read_client(table: Mapping[str, Any]) -> Client:
    """Make a client of one file's content. Raises TypeError when a field is missing or unknown."""
    lists = {name: tuple(table.get(name, ())) for name in ("aliases", "steps", "quirks", "commands")}
    return Client(
        **{
            **table,
            **lists,
            "settings": tuple(Setting(**setting) for setting in table.get("settings", ())),
            "snippets": tuple(Snippet(**snippet) for snippet in table.get("snippets", ())),
            "calls": tuple(Call(**call) for call in table.get("calls", ())),
            "folders": {platform: tuple(paths) for platform, paths in table.get("folders", {}).items()},
        }
    )


@cache
def _by_name() -> Mapping[str, Client]:
    return {
        _plain(name): client
        for client in all_clients()
        for name in (*client.aliases, client.plugin or client.id, client.name, client.id)
    }


def _plain(name: str) -> str:
    """A name without case, accents, spaces and signs: `Open WebUI` and `open-webui` are one."""
    letters = unicodedata.normalize("NFKD", name[:_LONGEST_NAME]).casefold()
    return re.sub(r"[^a-z0-9]", "", letters)
