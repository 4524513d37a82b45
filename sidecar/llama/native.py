"""The calls into llama.cpp: load a model, tokenise, evaluate, read logits and embeddings. Runs in the worker only.

The low-level functions of llama-cpp-python are used, not its `Llama` class: that class cannot be stopped inside a
prefill, and some of what it does with bad input ends the process. Whatever is known to abort is checked first:
batches never exceed `n_batch`, texts never exceed the model's position table, grammars are tested for NULL.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import psutil

from sidecar.errors import ModelUnavailableError
from sidecar.llama.pairs import EndsOfPair
from sidecar.llama.settings import LoadSettings

BATCH = 512
"""Tokens evaluated by one call, and the least that an embedding batch can hold."""
MAX_SEQUENCES = 16
"""Texts embedded by one call."""
_ABORTED = 2
_WITH_DATA = True
_GGML_ERROR = 4
_UNKNOWN_OR_CONTROL = 0b0000_1001
"""llama.h, `enum llama_token_attr`: the tokens that `parse_special` lets text stand for."""
_POOLING = {"none": 0, "mean": 1, "cls": 2, "last": 3, "rank": 4}


Inputs: TypeAlias = "Sequence[int] | npt.NDArray[np.float32]"
"""Tokens, or a vector in the place of each, shape (tokens, width)."""


class StoppedError(Exception):
    """The evaluation was given up because `tick` asked for it."""


def import_llama() -> Any:
    """Import llama-cpp-python, quietly: the one lazy import, 140 ms and 30 MB that only this process pays."""
    # Without it an abort starts a debugger, if one is installed, to print a backtrace.
    os.environ["GGML_NO_BACKTRACE"] = "1"
    try:
        import llama_cpp
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        raise ModelUnavailableError(f"llama-cpp-python cannot be imported: {error}") from error
    return llama_cpp


class NativeModel:
    """One loaded model with its context. `tick` is called often from native code; returning true stops the work."""

    def __init__(self, settings: LoadSettings, *, tick: Callable[[], bool]) -> None:
        self.lib = import_llama()
        self.settings = settings
        self._tick = tick
        self._errors: deque[str] = deque(maxlen=4)
        self._evaluated: list[int] = []
        # ctypes does not keep callbacks alive: they must live as long as the model.
        self._on_log = self.lib.llama_log_callback(self._log)
        self._on_progress = self.lib.llama_progress_callback(lambda _fraction, _data: not tick())
        self._on_node = self.lib.llama_cpp.ggml_abort_callback(lambda _data: tick())
        self.lib.llama_log_set(self._on_log, ctypes.c_void_p(0))
        self.lib.llama_backend_init()
        self._model = self._load()
        self.vocab = self.lib.llama_model_get_vocab(self._model)
        self.vocabulary_size = int(self.lib.llama_vocab_n_tokens(self.vocab))
        size = self.lib.llama_model_n_cls_out if settings.mode == "rerank" else self.lib.llama_model_n_embd_out
        self.dimensions = int(size(self._model))
        self._pooled = settings.mode != "chat"
        self._n_batch = max(BATCH, settings.context_length) if self._pooled else BATCH
        self.context = self._open_context()
        self._memory = self.lib.llama_get_memory(self.context)
        self._batch = self.lib.llama_batch_init(self._n_batch, 0, 1)
        self._token_batch = _PooledBatch(self.lib, self._n_batch, width=0)
        self._vector_batch: _PooledBatch | None = None

    # ── vocabulary ──

    def tokenize(self, text: str, *, special: bool, around: bool = False) -> list[int]:
        """Tokens of a text, with `around` those that begin or end one too. With `special`, control tokens' texts
        become them.
        """
        return self._tokenize(text, around=around, special=special)

    def detokenize(self, tokens: Sequence[int]) -> str:
        """The text of tokens of this vocabulary, control tokens spelled out; what is no UTF-8 is replaced."""
        given = (self.lib.llama_token * len(tokens))(*tokens)
        room = 8 * len(tokens) + 8
        for _ in range(2):
            text = ctypes.create_string_buffer(room)
            remove, spell = False, True
            length = int(self.lib.llama_detokenize(self.vocab, given, len(tokens), text, room, remove, spell))
            if length >= 0:
                return text.raw[:length].decode("utf-8", "replace")
            room = -length
        raise ModelUnavailableError("llama.cpp could not spell the tokens.")

    def tokenize_whole(self, text: str, *, limit: int) -> list[int]:
        """Tokens of a text with those that the model wants around it (`[CLS]` … `[SEP]`), cut to `limit`.

        A token that closes the text is kept at the cut: some models are pooled at it.
        """
        tokens = self._tokenize(text, around=True, special=False)
        if len(tokens) <= limit:
            return tokens
        closing = {int(self.lib.llama_vocab_sep(self.vocab)), int(self.lib.llama_vocab_eos(self.vocab))}
        return [*tokens[: limit - 1], tokens[-1]] if tokens[-1] in closing else tokens[:limit]

    def piece(self, token: int) -> bytes:
        """The bytes of one token; control tokens have none. They may end in the middle of a character."""
        special = False
        size = 128
        for _ in range(2):
            buffer = ctypes.create_string_buffer(size)
            length = int(self.lib.llama_token_to_piece(self.vocab, token, buffer, size, 0, special))
            if length >= 0:
                return buffer.raw[:length]
            size = -length
        return b""

    def described_piece(self, token: int) -> bytes:
        """The bytes of one token, with the text of a control token."""
        return self.piece(token) or self._token_text(token).encode("utf-8")

    def token_of(self, text: str) -> int | None:
        """The one token that a text is, control tokens too; `None` when it takes several."""
        tokens = self.tokenize(text, special=True) if text else []
        return tokens[0] if len(tokens) == 1 else None

    def unwritten(self) -> list[int]:
        """The control tokens that do not end an answer: they have no text in one."""
        return [token for token in self._controls if not self.ends(token)]

    def ends(self, token: int) -> bool:
        """Whether the token ends an answer."""
        return bool(self.lib.llama_vocab_is_eog(self.vocab, token))

    def beginning(self) -> list[int]:
        """The token that every prompt must begin with, or none."""
        bos = int(self.lib.llama_vocab_bos(self.vocab))
        return [bos] if bos >= 0 and self.lib.llama_vocab_get_add_bos(self.vocab) else []

    def bos_text(self) -> str:
        return self._token_text(int(self.lib.llama_vocab_bos(self.vocab)))

    def eos_text(self) -> str:
        return self._token_text(int(self.lib.llama_vocab_eos(self.vocab)))

    def ends_of_pair(self) -> EndsOfPair:
        """The tokens that stand around and between two texts."""
        lib = self.lib
        begin, end, separator = (
            int(token) if token >= 0 else None
            for token in (get(self.vocab) for get in (lib.llama_vocab_bos, lib.llama_vocab_eos, lib.llama_vocab_sep))
        )
        return EndsOfPair(
            begin=begin if lib.llama_vocab_get_add_bos(self.vocab) else None,
            end=end,
            separator=separator,
            add_end=bool(lib.llama_vocab_get_add_eos(self.vocab)),
            add_separator=bool(lib.llama_vocab_get_add_sep(self.vocab)),
        )

    def special_texts(self) -> list[str]:
        """The texts of all tokens that text must not be able to forge."""
        return [text for token in self._controls if (text := self._token_text(token))]

    @cached_property
    def _controls(self) -> list[int]:
        attributes = self.lib.llama_vocab_get_attr
        return [t for t in range(self.vocabulary_size) if attributes(self.vocab, t) & _UNKNOWN_OR_CONTROL]

    # ── evaluation ──

    def evaluate(self, tokens: Sequence[int], *, fresh: bool, on_piece: Callable[[int], None]) -> int:
        """Bring the context to exactly `tokens` (at least one) and leave the logits of the last; gives back how many
        were there already. With `fresh` nothing is reused, so that results repeat to the bit; `on_piece` hears how
        many tokens each native call evaluated.

        Raises StoppedError when `tick` stops it.
        """
        kept = 0 if fresh else min(_common_prefix(self._evaluated, tokens), len(tokens) - 1)
        if not self._forget_after(kept):
            kept = 0
        for start in range(kept, len(tokens), self._n_batch):
            piece = tokens[start : start + self._n_batch]
            self.extend(piece)
            on_piece(len(piece))
        return kept

    def extend(self, tokens: Sequence[int]) -> None:
        """Evaluate at most a batch of tokens after those already there."""
        if self._tick():
            raise StoppedError
        first = len(self._evaluated)
        for offset, token in enumerate(tokens):
            self._put(offset, token, position=first + offset, sequence=0, wanted=offset == len(tokens) - 1)
        self._batch.n_tokens = len(tokens)
        code = int(self.lib.llama_decode(self.context, self._batch))
        if code != 0:
            self._forget_after(first)
            raise self._failed(code)
        self._evaluated.extend(tokens)

    def logits(self) -> npt.NDArray[np.float32]:
        """A copy of the last token's logits, one a vocabulary entry."""
        pointer = self.lib.llama_get_logits_ith(self.context, -1)
        return np.ctypeslib.as_array(pointer, shape=(self.vocabulary_size,)).copy()

    def embed(self, sequences: Sequence[Inputs]) -> npt.NDArray[np.float32]:
        """Embed sequences, each of at least one token and within the limit and all of one kind: shape (sequences,
        dimensions), as pooled by the model, not normalised. A reranking model's dimensions are its head's outputs.

        Raises StoppedError when `tick` stops it.
        """
        rows: list[npt.NDArray[np.float32]] = []
        for group in _groups(sequences, budget=self._n_batch):
            rows.extend(self._embed_group(group))
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), dtype=np.float32)

    def _embed_group(self, group: Sequence[Inputs]) -> list[npt.NDArray[np.float32]]:
        if self._tick():
            raise StoppedError
        batch = self._filled(group)
        # Encoders keep no memory of earlier tokens; decoders trained to embed do, and start each batch empty.
        if self._memory is None:
            code = int(self.lib.llama_encode(self.context, batch))
        else:
            self.lib.llama_memory_clear(self._memory, _WITH_DATA)
            code = int(self.lib.llama_decode(self.context, batch))
        if code != 0:
            raise self._failed(code)
        pointers = [self.lib.llama_get_embeddings_seq(self.context, i) for i in range(len(group))]
        return [np.ctypeslib.as_array(pointer, shape=(self.dimensions,)).copy() for pointer in pointers]

    # ── inside ──

    def _filled(self, group: Sequence[Inputs]) -> Any:
        if not isinstance(group[0], np.ndarray):
            return self._token_batch.filled(group)
        if self._vector_batch is None:
            width = int(self.lib.llama_model_n_embd_inp(self._model))
            self._vector_batch = _PooledBatch(self.lib, self._n_batch, width=width)
        return self._vector_batch.filled(group)

    def _load(self) -> Any:
        parameters = self.lib.llama_model_default_params()
        parameters.n_gpu_layers = 2**31 - 1 if self.settings.gpu_layers < 0 else self.settings.gpu_layers
        parameters.progress_callback = self._on_progress
        model = self.lib.llama_model_load_from_file(self.settings.path.encode("utf-8"), parameters)
        if not model:
            raise ModelUnavailableError(f"llama.cpp cannot load the model: {self._reason()}")
        return model

    def _open_context(self) -> Any:
        parameters = self.lib.llama_context_default_params()
        parameters.n_ctx = self._n_batch if self._pooled else self.settings.context_length
        parameters.n_batch = self._n_batch
        parameters.n_ubatch = self._n_batch
        parameters.n_threads = parameters.n_threads_batch = self.settings.threads or _cores()
        parameters.abort_callback = self._on_node
        if self._pooled:
            parameters.embeddings = True
            parameters.n_seq_max = MAX_SEQUENCES
            parameters.kv_unified = True
            parameters.pooling_type = _POOLING[self.settings.pooling or "mean"]
        context = self.lib.llama_init_from_model(self._model, parameters)
        if not context:
            raise ModelUnavailableError(f"llama.cpp cannot open the model: {self._reason()}")
        return context

    def _forget_after(self, kept: int) -> bool:
        """Drop what was evaluated from position `kept` on; false when the model can only forget everything."""
        if self._memory is None or (kept == len(self._evaluated) == 0):
            return True
        if kept and self.lib.llama_memory_seq_rm(self._memory, 0, kept, -1):
            del self._evaluated[kept:]
            return True
        self.lib.llama_memory_clear(self._memory, _WITH_DATA)
        self._evaluated.clear()
        return kept == 0

    def _failed(self, code: int) -> Exception:
        if code == _ABORTED:
            return StoppedError()
        return ModelUnavailableError(f"llama.cpp could not evaluate the text (code {code}): {self._reason()}")

    def _put(self, offset: int, token: int, *, position: int, sequence: int, wanted: bool) -> None:
        batch = self._batch
        batch.token[offset] = token
        batch.pos[offset] = position
        batch.n_seq_id[offset] = 1
        batch.seq_id[offset][0] = sequence
        batch.logits[offset] = wanted

    def _tokenize(self, text: str, *, around: bool, special: bool) -> list[int]:
        encoded = text.encode("utf-8", "replace")
        room = len(encoded) + 8
        for _ in range(2):
            tokens = (self.lib.llama_token * room)()
            count = self.lib.llama_tokenize(self.vocab, encoded, len(encoded), tokens, room, around, special)
            if count >= 0:
                return list(tokens[:count])
            room = -count
        raise ModelUnavailableError("llama.cpp could not tokenise the text.")

    def _token_text(self, token: int) -> str:
        if token < 0:
            return ""
        text: bytes = self.lib.llama_vocab_get_text(self.vocab, token) or b""
        return text.decode("utf-8", "replace")

    def _log(self, level: int, text: bytes, _data: object) -> None:
        if level == _GGML_ERROR:
            line = text.decode("utf-8", "replace")
            self._errors.append(line.strip())
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(line)

    def _reason(self) -> str:
        return self._errors[0][:300] if self._errors else "no reason given"


class _PooledBatch:
    """A batch of whole sequences, of tokens (`width` 0) or of vectors, filled through arrays that lie over it: field by
    field, 20 texts of 500 tokens took 15 ms instead of 2.
    """

    def __init__(self, lib: Any, size: int, *, width: int) -> None:
        self._batch = lib.llama_batch_init(size, width, 1)
        over = np.ctypeslib.as_array
        # Made once: ctypes remembers a type for every length it is asked for.
        self._inputs = over(self._batch.embd, shape=(size, width)) if width else over(self._batch.token, shape=(size,))
        self._positions = over(self._batch.pos, shape=(size,))
        over(self._batch.n_seq_id, shape=(size,))[:] = 1
        over(self._batch.logits, shape=(size,))[:] = True

    def filled(self, group: Sequence[Inputs]) -> Any:
        total = 0
        for number, sequence in enumerate(group):
            first, total = total, total + len(sequence)
            self._inputs[first:total] = sequence
            self._positions[first:total] = np.arange(len(sequence))
            for offset in range(first, total):
                self._batch.seq_id[offset][0] = number
        self._batch.n_tokens = total
        return self._batch


def _common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    length = min(len(left), len(right))
    return next((i for i in range(length) if left[i] != right[i]), length)


def _groups(sequences: Sequence[Inputs], *, budget: int) -> list[list[Inputs]]:
    """Pack sequences in order into batches. Attention costs the square of a batch's tokens, so short texts are packed
    up to BATCH tokens only; a longer text goes alone.
    """
    groups: list[list[Inputs]] = []
    held = 0
    for tokens in sequences:
        if not groups or held + len(tokens) > min(BATCH, budget) or len(groups[-1]) == MAX_SEQUENCES:
            groups.append([])
            held = 0
        groups[-1].append(tokens)
        held += len(tokens)
    return groups


def _cores() -> int:
    """Physical cores that this process may use: llama.cpp gains nothing from hyper-threads."""
    allowed = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min(psutil.cpu_count(logical=False) or allowed, allowed))
