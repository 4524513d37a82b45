"""What advice chooses from and what it gives: a model that is here, and a model for a purpose."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.llama.gguf import GgufModel
from sidecar.models.catalogue import Role
from sidecar.models.fit import Fit

BUILTIN = "builtin"
EXTRACTIVE = "extractive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """A model that needs no download: a file on this machine, or a model of a server that runs here."""

    name: str
    """As `--model` takes it."""
    role: Role
    parameters: int | None
    header: GgufModel | None = None
    """Of a file; `None` for a server's model."""
    catalogued: str | None = None
    """Its name in the catalogue, when it is one of those."""
    server: str | None = None
    """Who serves it, such as `Ollama`."""
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to use for one purpose. `memory` in bytes, `speed` in tokens a second, `None` when it cannot be said."""

    component: Role
    name: str
    reason: str
    memory: int | None
    speed: float | None = None
    here: bool = True
    """Whether it can be used without a download."""
    fit: Fit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The choices in the order chat, embedding, reranking; what is lost with them; and what to run."""

    choices: tuple[Choice, ...]
    notes: tuple[str, ...]
    commands: tuple[str, ...]

    def of(self, component: Role) -> Choice:
        return next(choice for choice in self.choices if choice.component == component)
