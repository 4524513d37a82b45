"""The catalogue: models that Sidecar knows by name, with where they come from and what they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["chat", "embedding", "rerank"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueModel:
    """One file of one model. Sizes in bytes, lengths in tokens."""

    name: str
    """What `sidecar models pull` takes, such as `qwen3-4b-q4`."""
    role: Role
    title: str
    repo: str
    """On Hugging Face, `owner/repo`."""
    file: str
    size: int
    sha256: str | None
    """Of the file, in hexadecimal; `None` where the hub's own is taken when the file is fetched."""
    parameters: int
    active_parameters: int | None
    """Those read for one token, of a mixture of experts; `None`: all."""
    quantisation: str
    context_length: int
    kv_bytes_per_token: int
    """At 16 bits."""
    languages: tuple[str, ...]
    """ISO 639-1; `multi` for fifty or more."""
    licence: str
    source: str
    """The page that these facts are from."""
    note: str
    """What it is good for, in a sentence."""


def load_catalogue() -> Mapping[str, CatalogueModel]:
    """Read the catalogue of the package, by name."""
    return {}
