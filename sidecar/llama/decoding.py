"""Tokens of several conversations evaluated by one call of llama.cpp, and the logits that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sidecar.llama.native import NativeModel

_NO_ROOM = 1


class NoRoomError(Exception):
    """The key-value cache has no cells left for these tokens; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Tokens that follow each other in one sequence, the first at position `at`. With `wanted`, the logits after the
    last are.
    """

    sequence: int
    at: int
    tokens: Sequence[int]
    wanted: bool


class ChatContext:
    """One context in which several sequences grow."""

    def __init__(self, model: NativeModel, *, sequences: int) -> None:
        """Raises ModelUnavailableError."""
        self._model = model
        self._lib = model.lib
        size = model.settings.batch
        self.handle = model.open_context(
            cells=model.settings.cells,
            batch=size,
            sequences=sequences,
            # Else room is kept for the logits of a whole batch: 0.3 GB with 150,000 tokens in the vocabulary.
            n_outputs_max=sequences,
            # Asked between two nodes of the graph: a call can be given up, and a slow one is not taken for a hang.
            abort_callback=model.on_node,
        )
        self._memory = self._lib.llama_get_memory(self.handle)
        self._batch = _Batch(self._lib, size)

    def decode(self, stretches: Sequence[Stretch]) -> list[int]:
        """Evaluate stretches, at most a batch of tokens together; gives back the row of each one's logits, -1 where
        they are not wanted.

        Raises NoRoomError, StoppedError (what was evaluated may remain: forget it), ModelUnavailableError.
        """
        rows = self._batch.fill(stretches)
        code = int(self._lib.llama_decode(self.handle, self._batch.native))
        if code == _NO_ROOM:
            raise NoRoomError
        if code != 0:
            raise self._model.failed(code)
        return rows

    def logits(self, row: int) -> npt.NDArray[np.float32]:
        """A copy of a row's logits, one a vocabulary entry; they last until the next call."""
        pointer = self._lib.llama_get_logits_ith(self.handle, row)
        return np.ctypeslib.as_array(pointer, shape=(self._model.vocabulary_size,)).copy()

    def forget(self, sequence: int, *, after: int) -> bool:
        """Drop what a sequence holds from position `after` on; false when the model can only forget everything."""
        return bool(self._memory is None or self._lib.llama_memory_seq_rm(self._memory, sequence, after, -1))

    def copy(self, source: int, target: int, *, length: int) -> None:
        """Let `target`, which is empty, begin with the first tokens of `source`. They are kept once."""
        self._lib.llama_memory_seq_cp(self._memory, source, target, 0, length)


class _Batch:
    """A batch filled through arrays that lie over it."""

    def __init__(self, lib: Any, size: int) -> None:
        self.native = lib.llama_batch_init(size, 0, 1)
        over = np.ctypeslib.as_array
        self._tokens = over(self.native.token, shape=(size,))
        self._positions = over(self.native.pos, shape=(size,))
        self._wanted = over(self.native.logits, shape=(size,))
        over(self.native.n_seq_id, shape=(size,))[:] = 1
        # Looked up once: following a pointer through ctypes makes a new object each time.
        self._sequences = [self.native.seq_id[offset] for offset in range(size)]
        self.size = 0

    def fill(self, stretches: Sequence[Stretch]) -> list[int]:
        total = 0
        rows = []
        for stretch in stretches:
            first, total = total, total + len(stretch.tokens)
            self._tokens[first:total] = stretch.tokens
            self._positions[first:total] = range(stretch.at, stretch.at + len(stretch.tokens))
            self._wanted[first:total] = 0
            self._wanted[total - 1] = stretch.wanted
            for offset in range(first, total):
                self._sequences[offset][0] = stretch.sequence
            rows.append(total - 1 if stretch.wanted else -1)
        self.size = self.native.n_tokens = total
        return rows
