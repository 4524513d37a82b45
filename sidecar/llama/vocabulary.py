"""The vocabulary of a GGUF model alone, to count tokens where no text is to be evaluated. For worker processes only:
llama.cpp may end the process over a damaged file.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

from sidecar.errors import ModelUnavailableError
from sidecar.llama.native import import_llama


class Vocabulary:
    """Opened once, never closed: it lives as long as its process and holds no weights."""

    def __init__(self, path: Path) -> None:
        """Read the vocabulary. Raises ModelUnavailableError."""
        self._lib = import_llama()
        self._on_log = self._lib.llama_log_callback(lambda _level, _text, _data: None)
        self._lib.llama_log_set(self._on_log, ctypes.c_void_p(0))
        self._lib.llama_backend_init()
        parameters = self._lib.llama_model_default_params()
        parameters.vocab_only = True
        parameters.n_gpu_layers = 0
        self._model = self._lib.llama_model_load_from_file(str(path).encode(), parameters)
        if not self._model:
            raise ModelUnavailableError(f"The vocabulary of {path.name} cannot be read.")
        self._vocabulary = self._lib.llama_model_get_vocab(self._model)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Number of tokens of each text, those that the model wants around a text included."""
        return [self._count(text.encode("utf-8", "replace")) for text in texts]

    def _count(self, raw: bytes) -> int:
        # Without room for the tokens, llama.cpp answers with their number, negated.
        room = (ctypes.c_int32 * 1)()
        around, special = True, False
        return abs(int(self._lib.llama_tokenize(self._vocabulary, raw, len(raw), room, 0, around, special)))
