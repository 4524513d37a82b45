"""The settings file of a set-up, as text: each setting under a comment that says what it means."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from sidecar import __version__
from sidecar.config import DEFAULT_PORT, Config
from sidecar.setup.proposal import Proposal
from sidecar.setup.toml_text import toml_key, toml_value

_WIDTH = 98
OWNED = frozenset({"vaults", "model", "upstream", "embedding_model", "port", "data_dir"})
"""The settings that a set-up decides; all others of a file that is there are kept."""
_SUGGESTED: Mapping[str, str] = {
    "exclude": '["Journal/**"]',
    "local_only": '["Health/**"]',
    "context_length": "16384",
    "offline": "true",
}
_KEY_NAMES = frozenset({"upstream_key", "key"})
KEY_LEFT_OUT = "(a key, not shown)"
"""Stands for a key in settings that are printed."""
"""Settings that are not in force, shown as examples."""
_HEAD = (
    f"Settings of Sidecar {__version__}, written by `sidecar setup`. Change what you like: they are read when Sidecar"
    " is started. `sidecar config show` prints all that there are, and what is in force."
)


def config_text(proposal: Proposal, kept: Mapping[str, Any] | None = None) -> str:
    """Write the settings file. `kept` is the table of the file that is there: what a set-up does not decide stays as it
    is. Raises ConfigError for what TOML cannot hold.
    """
    rest = {name: value for name, value in (kept or {}).items() if name not in OWNED}
    if (kept or {}).get("upstream") != proposal.upstream:
        # The key was for the other server.
        rest.pop("upstream_key", None)
    plain = {name: value for name, value in rest.items() if not isinstance(value, Mapping)}
    blocks = [_comment(_HEAD), *_decided(proposal)]
    blocks += [_block(name, value) for name, value in plain.items()]
    blocks += [f"{_comment(_doc(name))}\n# {name} = {value}" for name, value in _SUGGESTED.items() if name not in rest]
    # Tables come last: what follows one belongs to it.
    blocks += [_table(name, value) for name, value in rest.items() if isinstance(value, Mapping)]
    return "\n\n".join(blocks) + "\n"


def without_keys(kept: Mapping[str, Any]) -> Mapping[str, Any]:
    """The table of a settings file with a sign in the place of each key, at every depth: what is printed is kept by
    terminals, logs and bug reports.
    """
    return {
        name: without_keys(value) if isinstance(value, Mapping) else KEY_LEFT_OUT if name in _KEY_NAMES else value
        for name, value in kept.items()
    }


def _decided(proposal: Proposal) -> Iterator[str]:
    yield _block("vaults", [vault.path for vault in proposal.vaults])
    for name, value, example in (
        ("model", proposal.model, '"qwen3-4b-q4"'),
        ("upstream", proposal.upstream, '"http://127.0.0.1:11434/v1"'),
    ):
        yield _block(name, value) if value is not None else f"{_comment(_doc(name))}\n# {name} = {example}"
    yield _block("embedding_model", proposal.embedding)
    if proposal.port != DEFAULT_PORT:
        yield _block("port", proposal.port)
    if proposal.set_data_dir:
        yield _block("data_dir", proposal.data_dir)


def _block(name: str, value: object) -> str:
    return f"{_comment(_doc(name))}\n{toml_key(name)} = {toml_value(value)}"


def _table(name: str, value: Mapping[str, Any]) -> str:
    lines = [f"{toml_key(key)} = {toml_value(inner)}" for key, inner in value.items()]
    return "\n".join([*([_comment(_doc(name))] if _doc(name) else []), f"[{toml_key(name)}]", *lines])


def _comment(text: str) -> str:
    wrapped = textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"# {line}" for line in wrapped)


def _doc(name: str) -> str:
    """What a setting means; of a table that holds several, what they mean."""
    docs = {f.name: str(f.metadata["doc"]) for f in fields(Config)}
    return docs.get(name, " ".join(f.metadata["doc"] for f in fields(Config) if f.metadata["table"] == name))
