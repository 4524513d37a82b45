"""A client's settings for one server, as JSON-able values: what the command prints and a page can offer to copy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, TypeAlias

from sidecar.clients.catalogue import all_clients
from sidecar.clients.entry import Call, Client, Snippet
from sidecar.clients.facts import Facts
from sidecar.clients.filling import fill, fill_body, fill_snippet
from sidecar.clients.requests import call_headers, listed_model

Part: TypeAlias = Literal["address", "key", "text"]
"""What of a client's settings goes into the clipboard."""


def client_settings(facts: Facts) -> list[dict[str, Any]]:
    """Give the settings of all clients, by kind and name, each with its `plugin` id in Obsidian and the `calls` to test
    it with. They hold the key when `facts` does.
    """
    return [
        {**settings_of(client, facts), "plugin": client.plugin, "calls": calls_of(client, facts)}
        for client in all_clients()
    ]


def settings_of(client: Client, facts: Facts) -> dict[str, Any]:
    """Give one client's settings; `unsupported` is `None` when there are some."""
    values = facts.values
    return {
        "id": client.id,
        "name": client.name,
        "kind": client.kind,
        "aliases": list(client.aliases),
        "read_from": client.read_from,
        "unsupported": client.unsupported,
        "starts_sidecar": client.starts_sidecar,
        "steps": [fill(step, values) for step in client.steps],
        "settings": [{"label": setting.label, "value": fill(setting.value, values)} for setting in client.settings],
        "snippets": [_snippet(snippet, facts) for snippet in client.snippets],
        "quirks": [fill(quirk, values) for quirk in client.quirks],
    }


def calls_of(client: Client, facts: Facts) -> list[dict[str, Any]]:
    """Give the requests that a client sends, as `Call` has them, ready to be sent. One that is `keyless` has no key
    among its headers, and `model` is what a list of models has to hold.
    """
    return [_call(client, call, facts) for call in client.calls]


def without_key(facts: Facts) -> Facts:
    """The same facts for where a key has no business: a pipe, a log, a page of documentation."""
    return replace(facts, key=None)


def text_to_copy(client: Client, facts: Facts, what: Part) -> str:
    """Give what a person pastes: the address as this client writes it, the key, or all of it."""
    told = settings_of(client, facts)
    if what == "key":
        return facts.values["key"]
    if what == "address":
        values = (setting["value"] for setting in told["settings"])
        return next((value for value in values if value.startswith("http")), facts.base_url)
    lines = [f"{setting['label']}: {setting['value']}" for setting in told["settings"]]
    return "\n\n".join([*(["\n".join(lines)] if lines else []), *(part["text"] for part in told["snippets"])]) + "\n"


def _call(client: Client, call: Call, facts: Facts) -> dict[str, Any]:
    return {
        "does": call.does,
        "method": call.method,
        "url": fill(call.url, facts.values),
        "headers": call_headers(client, call, facts),
        "body": fill_body(call.body, facts.values),
        "reads": call.reads,
        "model": listed_model(call, facts),
        "page": call.page,
        "keyless": call.keyless,
        "writes": call.writes,
        "within": call.within,
    }


def _snippet(snippet: Snippet, facts: Facts) -> dict[str, Any]:
    return {
        "title": snippet.title,
        "language": snippet.language,
        "path": dict(snippet.path),
        "text": fill_snippet(snippet.text, snippet.language, facts.values).rstrip("\n"),
    }
