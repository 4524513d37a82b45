"""The model files that the settings name, by path or as `sidecar models list` shows them, opened for one machine."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from sidecar.config import Config, system_environment
from sidecar.embedding.llama import LlamaEmbeddingModel
from sidecar.inference.llama import LlamaChatModel
from sidecar.llama.process import LlamaProcess, ProcessOptions
from sidecar.llama.tuning import Wishes
from sidecar.models.catalogue import load_catalogue
from sidecar.models.found import find_models
from sidecar.models.naming import is_path, look_up, resolve
from sidecar.models.places import places
from sidecar.rerank.llama import LlamaRerankModel


class ModelFiles:
    """Opens models so that each leaves room for the others, which may be loaded at any time."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._processes: list[LlamaProcess] = []

    def at(self, name: str) -> Path | None:
        """The file when `name` is a path, there or not; `None` for any other name."""
        path = Path(name).expanduser().absolute()
        return path if name.lower().endswith(".gguf") or (is_path(name) and path.is_file()) else None

    def named(self, name: str) -> Path | None:
        """The file of a model on this machine by its name; walks the folders of models.

        Raises ConfigError when several have the name, and ModelUnavailableError when a part of it is missing.
        """
        where = places(
            models_folder=self._config.models_folder,
            platform=sys.platform,
            home=Path.home(),
            environ=system_environment(),
        )
        found = look_up(name, find_models(where, load_catalogue()))
        return None if found is None else resolve(name, [found])

    def chat(self, path: Path, *, name: str | None = None) -> LlamaChatModel:
        """Open a chat model; loads nothing. Its name is the file's where none is given."""
        config = self._config
        wishes = replace(
            self._wishes(), context_length=config.context_length, kv_type=config.kv_cache_type, parallel=config.parallel
        )
        model = LlamaChatModel(path, name=name, options=self._options(wishes))
        self._processes.append(model.process)
        return model

    def embedding(self, path: Path, *, name: str | None = None) -> LlamaEmbeddingModel:
        """Open an embedding model, as `chat`."""
        model = LlamaEmbeddingModel(path, name=name, options=self._options(self._wishes()))
        self._processes.append(model.process)
        return model

    def rerank(self, path: Path, *, name: str | None = None) -> LlamaRerankModel:
        """Open a reranking model, as `chat`."""
        model = LlamaRerankModel(path, name=name, options=self._options(self._wishes()))
        self._processes.append(model.process)
        return model

    def _wishes(self) -> Wishes:
        config = self._config
        return Wishes(
            threads=config.threads,
            gpu_layers=config.gpu_layers,
            flash_attention=config.flash_attention,
            force=config.force_load,
        )

    def _options(self, wishes: Wishes) -> ProcessOptions:
        return ProcessOptions(wishes=wishes, keep_alive=self._config.keep_alive, reserved=self._still_to_come)

    def _still_to_come(self, asking: LlamaProcess) -> int:
        """Bytes that the other models will take when they are loaded, or have taken without the system's saying so."""
        return sum(process.needed for process in self._processes if process is not asking)
