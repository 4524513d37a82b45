"""A client's settings for one server, as JSON-able values: what the command prints and a page can offer to copy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, TypeAlias

from sidecar.clients.catalogue import all_clients
from sidecar.clients.entry import Client, Snippet
from sidecar.clients.facts import Facts
from sidecar.clients.filling import fill, fill_snippet

Part: TypeAlias = Literal["address", "key", "text"]
"""What of a client's settings goes into the clipboard."""


def client_settings(facts: Facts) -> list[dict[str, Any]]:
    """Give the settings of all clients, by kind and name. They hold the key when `facts` does."""
    return [settings_of(client, facts) for client in all_clients()]


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


def _snippet(snippet: Snippet, facts: Facts) -> dict[str, Any]:
    return {
        "title": snippet.title,
        "language": snippet.language,
        "path": dict(snippet.path),
        "text": fill_snippet(snippet.text, snippet.language, facts.values).rstrip("\n"),
    }
