"""The catalogue: models that Sidecar knows by name, with where they come from and what they need."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeAlias

from sidecar.llama.gguf import GgufModel, GgufTensor
from sidecar.llama.shape import Shape

Role: TypeAlias = Literal["chat", "embedding", "rerank"]

MANY_LANGUAGES = "multi"
_FILE = "catalogue.toml"
_Q8_0, _Q4_K, _Q6_K = 8, 12, 14
"""ggml's types."""


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
    size_exact: bool = False
    """Whether a source gave the size to the byte."""
    architecture: str = ""
    """By llama.cpp's name."""
    embedding_length: int = 0
    layers: int = 0
    heads: int = 0
    kv_heads: int = 0
    head_size: int = 0
    feed_forward: int = 0
    """Width of one feed-forward network; of a mixture of experts, of one expert."""
    experts: int = 0
    experts_used: int = 0
    vocabulary: int = 0
    tied: bool = False
    """Whether the table of tokens makes the logits too."""
    encoder: bool = False
    """Whether it reads a text at once and keeps nothing between calls."""

    @property
    def effective_parameters(self) -> float:
        """What a mixture of experts is worth as a dense model, by the rule of thumb that it is the geometric mean of
        all its parameters and the active ones; of a dense model, its parameters.
        """
        return math.sqrt(self.parameters * (self.active_parameters or self.parameters))

    def speaks(self, language: str | None) -> bool:
        """Whether it was made for a language, given as ISO 639-1; every model for `None`."""
        return language is None or MANY_LANGUAGES in self.languages or language.lower() in self.languages

    def header(self) -> GgufModel:
        """Give what the header of the file will say, as far as memory and speed depend on it."""
        return GgufModel(
            path=Path(self.file),
            architecture=self.architecture,
            name=self.title,
            context_length=self.context_length,
            embedding_length=self.embedding_length,
            block_count=self.layers,
            pooling=_POOLING[self.role],
            causal_attention=not self.encoder,
            chat_template=None,
            bos_id=None,
            eos_id=None,
            vocabulary_size=self.vocabulary,
            file_type=self.quantisation,
            parameter_count=self.parameters,
            file_size=self.size,
            header_size=0,
            kv_bytes_per_token=self.kv_bytes_per_token,
            part_count=1,
            licence=self.licence,
            content="model",
            tokenizer=None,
            rerank_template=None,
            output_labels=None,
            shape=self._shape(),
            tensors={"token_embd.weight": self._token_table()},
        )

    def _shape(self) -> Shape:
        expert_parameters = self.layers * self.experts * 3 * self.feed_forward * self.embedding_length
        return Shape(
            kv_heads=(0 if self.encoder else self.kv_heads,) * self.layers,
            heads=self.heads,
            key_length=self.head_size,
            value_length=self.head_size,
            feed_forward=self.feed_forward * max(1, self.experts_used),
            experts=self.experts,
            experts_used=self.experts_used,
            expert_bytes=self.size * expert_parameters // self.parameters,
            tied=self.tied,
        )

    def _token_table(self) -> GgufTensor:
        # llama.cpp gives the matrix that makes the logits two bits more than the others of this type.
        kind = (_Q6_K if self.tied else _Q4_K) if self.quantisation == "Q4_K_M" else _Q8_0
        return GgufTensor(shape=(self.embedding_length, self.vocabulary), kind=kind, offset=0)


_POOLING: Mapping[Role, Literal["mean", "rank"] | None] = {"chat": None, "embedding": "mean", "rerank": "rank"}


def load_catalogue() -> Mapping[str, CatalogueModel]:
    """Read the catalogue of the package, by name, the preferred models of each role and size first."""
    text = resources.files("sidecar.models").joinpath(_FILE).read_text(encoding="utf-8")
    return {entry["name"]: _model(entry) for entry in tomllib.loads(text)["model"]}


def _model(entry: Mapping[str, Any]) -> CatalogueModel:
    facts = {"sha256": None, "active_parameters": None, **entry, "languages": tuple(entry["languages"])}
    return CatalogueModel(**facts, kv_bytes_per_token=_kv_bytes_per_token(entry))


def _kv_bytes_per_token(entry: Mapping[str, Any]) -> int:
    """A key and a value in every layer, at two bytes a number."""
    if entry.get("encoder"):
        return 0
    layers, heads, head_size = (int(entry[name]) for name in ("layers", "kv_heads", "head_size"))
    return layers * heads * (2 * head_size) * 2
