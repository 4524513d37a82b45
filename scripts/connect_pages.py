"""The pages docs/how-to/connect/*.md: one for each client, and the list of them, made from the clients' own entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import Any

from sidecar.clients.catalogue import all_clients
from sidecar.clients.entry import HEADINGS, Client
from sidecar.clients.facts import Facts
from sidecar.clients.mcp_check import STEPS as MCP_STEPS
from sidecar.clients.settings import settings_of

FOLDER = "how-to/connect"
FACTS = Facts(
    root_url="http://127.0.0.1:8484",
    vault="Notes",
    plain_model="YOUR_MODEL",
    program=("/path/to/sidecar", "mcp"),
)
PLATFORMS = {"linux": "Linux", "macos": "macOS", "windows": "Windows"}
FENCES = {"shell": "bash", "env": "bash", "javascript": "js"}
INTRODUCTION = """\
# Connect a client

`sidecar connect CLIENT` prints what stands on these pages with your server's address, key and models filled in, and
then asks the server as that client would. `sidecar connect` alone lists the clients and marks those that are installed.
No settings of another program are ever changed.

A client that is not listed and speaks to OpenAI takes the address and the key of
[OpenAI's Python library](openai-python.md). [Point a client here](../point-a-client-here.md) says what holds for all of
them."""


def connect_pages() -> Mapping[str, Callable[[], Iterator[str]]]:
    """The pages by path, from docs/."""
    pages = {f"{FOLDER}/{client.id}.md": partial(_page, client) for client in all_clients()}
    return {f"{FOLDER}/README.md": _index, **pages}


def _index() -> Iterator[str]:
    yield INTRODUCTION
    for kind, clients in groupby(all_clients(), key=lambda client: client.kind):
        yield from ("", f"## {HEADINGS[kind]}", "")
        yield from (f"* [{client.name}]({client.id}.md)" for client in clients)


def _page(client: Client) -> Iterator[str]:
    told = settings_of(client, FACTS)
    yield f"# {client.name}"
    yield ""
    yield client.unsupported or (
        f"`sidecar connect {client.id}` prints this with your server's address, key and models, and tests it."
    )
    yield ""
    yield from (f"{number}. {step}" for number, step in enumerate(told["steps"], 1))
    yield from _settings(told)
    for snippet in told["snippets"]:
        yield from ("", f"## {snippet['title']}", "")
        yield from (f"* {PLATFORMS[name]}: `{path}`" for name, path in snippet["path"].items())
        if snippet["path"]:
            yield ""
        yield from (f"```{FENCES.get(snippet['language'], snippet['language'])}", snippet["text"], "```")
    if not client.unsupported:
        yield from ("", "## Good to know", "")
        yield from (f"* {quirk}" for quirk in told["quirks"])
        yield f"* The names of the settings are from {client.read_from}."
        how = "the command above" if client.starts_sidecar else "the headers and bodies of the client"
        yield from ("", "## What is tested", "", f"In this order, with {how}:", "")
        does = MCP_STEPS if client.starts_sidecar else [call.does for call in client.calls]
        yield from (f"{number}. it {each}" for number, each in enumerate(does, 1))


def _settings(told: Mapping[str, Any]) -> Iterator[str]:
    if told["settings"]:
        yield from ("", "| Setting | Value |", "|---|---|")
    for setting in told["settings"]:
        yield f"| {setting['label']} | `{setting['value']}` |"
