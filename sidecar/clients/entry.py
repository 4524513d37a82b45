"""One client as data: its names, where to click, what to enter, and the requests it sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["Obsidian plugin", "app", "library", "command line"]
Language: TypeAlias = Literal["toml", "yaml", "json", "python", "javascript", "shell", "env"]
Reads: TypeAlias = Literal[
    "models", "chat", "stream", "stream_by_read", "stream_split", "stream_buffered", "responses", "responses_stream",
    "vectors", "vectors_base64", "tags", "shown", "ollama_chat", "ollama_vectors", "lm_models", "clipper",
]  # fmt: skip
"""What a client makes of an answer; `readers.py` has one function for each."""
Platform: TypeAlias = Literal["linux", "macos", "windows"]
HEADINGS: Mapping[Kind, str] = {
    "Obsidian plugin": "Obsidian plugins",
    "app": "Apps",
    "command line": "Command line",
    "library": "Libraries",
}
"""The kinds in the order of lists, each with the heading over its clients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A field of the client's settings, by its label there, and a template of its value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """Text to paste: a file's content, or code. `path` says where the file is, by platform; empty for code.

    In `text`, `{{…}}` is a template that becomes one literal of the language, quoted and escaped.
    """

    title: str
    language: Language
    text: str
    path: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as the client sends it. `body` is a JSON value whose strings are templates.

    `page`: it comes from a page or an extension, with an Origin, and after a preflight. `keyless`: the client has no
    field for a key here. `within` is the client's own time limit in seconds. `writes`: only a model that writes freely
    can answer it.
    """

    does: str
    method: Literal["GET", "POST"]
    url: str
    reads: Reads
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    page: bool = False
    keyless: bool = False
    writes: bool = False
    within: float | None = None

    @property
    def embeds(self) -> bool:
        return self.reads in {"vectors", "vectors_base64", "ollama_vectors", "lm_models"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client. One with `unsupported` has no settings: that text says why, and `steps` what works in its place.

    `read_from` names what the settings' names were read from. `plugin` is the id of an Obsidian plugin; `folders` (by
    platform) and `commands` are signs that the program is installed. `headers` go with every call. One that
    `starts_sidecar` speaks MCP to a process that it starts itself, and makes no calls.
    """

    id: str
    name: str
    kind: Kind
    read_from: str
    aliases: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    quirks: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    origin: str | None = None
    plugin: str | None = None
    folders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    unsupported: str | None = None
    starts_sidecar: bool = False
