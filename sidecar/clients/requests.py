"""A client's call as it goes over the wire: its headers, and which model its answer has to name."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.clients.entry import Call, Client, Reads
from sidecar.clients.facts import Facts
from sidecar.clients.filling import fill

_LISTS: Mapping[Reads, str] = {"models": "model", "tags": "ollama_model", "lm_models": "embedding_model"}


def call_headers(client: Client, call: Call, facts: Facts) -> dict[str, str]:
    """Give the headers of a call, their names in lower case; without a key where the client sends none."""
    headers = {name.lower(): fill(value, facts.values) for name, value in {**client.headers, **call.headers}.items()}
    if call.keyless:
        headers.pop("authorization", None)
    if call.body is not None:
        headers["content-type"] = "application/json"
    return headers


def listed_model(call: Call, facts: Facts) -> str | None:
    """Give the model that a list of models has to hold; `None` for an answer of another kind."""
    return facts.values[_LISTS[call.reads]] if call.reads in _LISTS else None
