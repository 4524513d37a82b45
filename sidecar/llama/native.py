"""The weights and the vocabulary of a model in llama.cpp: load, tokenise, spell. Runs in the worker only.

The low-level functions of llama-cpp-python are used, not its `Llama` class: that class cannot be stopped inside a
prefill, answers one request at a time, and some of what it does with bad input ends the process. Texts are evaluated
by `decoding.py` (answers) and `pooled.py` (embeddings and ranks).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections import deque
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from sidecar.errors import ModelUnavailableError
from sidecar.llama.dialect import is_mark
from sidecar.llama.pairs import EndsOfPair
from sidecar.llama.settings import LoadSettings
from sidecar.llama.stretches import bounded_stretches

_ABORTED = 2
_GGML_ERROR = 4
_BYTE_PAIRS = 2
"""llama.h, `enum llama_vocab_type`."""
_UNKNOWN_OR_CONTROL = 0b0000_1001
"""llama.h, `enum llama_token_attr`: the tokens that `parse_special` lets text stand for."""
_USER_DEFINED = 0b0001_0000
"""Those that any text stands for: gpt-oss's marks, and in some conversions the control tokens of other families."""
_KV_TYPES = {"f16": "GGML_TYPE_F16", "q8_0": "GGML_TYPE_Q8_0", "q4_0": "GGML_TYPE_Q4_0"}
_FLASH_ATTENTION = {None: -1, False: 0, True: 1}
"""llama.h, `enum llama_flash_attn_type`."""


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
    """One loaded model. `tick` is called often from native code; returning true stops the work."""

    def __init__(self, settings: LoadSettings, *, tick: Callable[[], bool]) -> None:
        """Load the weights. Raises ModelUnavailableError."""
        self.lib = import_llama()
        self.settings = settings
        self.tick = tick
        self._errors: deque[str] = deque(maxlen=4)
        # ctypes does not keep callbacks alive: they must live as long as the model.
        self._on_log = self.lib.llama_log_callback(self._log)
        self._on_progress = self.lib.llama_progress_callback(lambda _fraction, _data: not tick())
        self.on_node = self.lib.llama_cpp.ggml_abort_callback(lambda _data: tick())
        """Called between two nodes of a graph; gives the work up."""
        self.lib.llama_log_set(self._on_log, ctypes.c_void_p(0))
        self.lib.llama_backend_init()
        self.handle = self._load()
        self.vocab = self.lib.llama_model_get_vocab(self.handle)
        self.vocabulary_size = int(self.lib.llama_vocab_n_tokens(self.vocab))
        size = self.lib.llama_model_n_cls_out if settings.mode == "rerank" else self.lib.llama_model_n_embd_out
        self.dimensions = int(size(self.handle))

    @property
    def recurrent(self) -> bool:
        """Whether what it remembers of a text cannot be shortened, as in Mamba."""
        return bool(self.lib.llama_model_is_recurrent(self.handle) or self.lib.llama_model_is_hybrid(self.handle))

    def open_context(self, *, cells: int, batch: int, sequences: int, **parameters: Any) -> Any:
        """Make a context that evaluates `batch` tokens by one call, of at most `sequences` texts, and remembers
        `cells`. `parameters` are further fields of `llama_context_params`. Raises ModelUnavailableError.
        """
        wanted = self.lib.llama_context_default_params()
        wanted.n_ctx = cells
        wanted.n_batch = wanted.n_ubatch = batch
        wanted.n_seq_max = sequences
        wanted.n_threads = wanted.n_threads_batch = self.settings.threads
        # One store of cells for all texts: each takes what it needs, and what two begin with is kept once.
        wanted.kv_unified = True
        wanted.type_k = wanted.type_v = getattr(self.lib, _KV_TYPES[self.settings.kv_type])
        wanted.flash_attn_type = _FLASH_ATTENTION[self.settings.flash_attention]
        for name, value in parameters.items():
            setattr(wanted, name, value)
        context = self.lib.llama_init_from_model(self.handle, wanted)
        if not context:
            raise ModelUnavailableError(f"llama.cpp cannot open the model: {self._reason()}")
        return context

    def failed(self, code: int) -> Exception:
        """What llama.cpp's answer to an evaluation means, when it is not 0."""
        if code == _ABORTED:
            return StoppedError()
        return ModelUnavailableError(f"llama.cpp could not evaluate the text (code {code}): {self._reason()}")

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
        texts = [(self._token_text(token), kind) for token, kind in self._unusual.items()]
        return [text for text, kind in texts if text and (kind & _UNKNOWN_OR_CONTROL or is_mark(text))]

    @cached_property
    def _controls(self) -> list[int]:
        return [token for token, kind in self._unusual.items() if kind & _UNKNOWN_OR_CONTROL]

    @cached_property
    def _unusual(self) -> dict[int, int]:
        """Attributes of the tokens that are not spelled by merging."""
        attributes, wanted = self.lib.llama_vocab_get_attr, _UNKNOWN_OR_CONTROL | _USER_DEFINED
        found = ((token, attributes(self.vocab, token)) for token in range(self.vocabulary_size))
        return {token: kind for token, kind in found if kind & wanted}

    # ── inside ──

    def _load(self) -> Any:
        parameters = self.lib.llama_model_default_params()
        parameters.n_gpu_layers = 2**31 - 1 if self.settings.gpu_layers < 0 else self.settings.gpu_layers
        parameters.progress_callback = self._on_progress
        model = self.lib.llama_model_load_from_file(self.settings.path.encode("utf-8"), parameters)
        if not model:
            raise ModelUnavailableError(f"llama.cpp cannot load the model: {self._reason()}")
        return model

    def _tokenize(self, text: str, *, around: bool, special: bool) -> list[int]:
        parts = self._parts(text, special=special)
        if len(parts) == 1:
            return self._tokenized(text, around=around, special=special)
        ends = self._tokenized("", around=around, special=special)
        begin = len(self.beginning()) if around else 0
        tokens = (self._tokenized(part, around=False, special=special) for part in parts)
        return [*ends[:begin], *chain.from_iterable(tokens), *ends[begin:]]

    def _parts(self, text: str, *, special: bool) -> list[str]:
        """The text cut where llama.cpp would run out of stack."""
        if self.lib.llama_vocab_type(self.vocab) != _BYTE_PAIRS:
            return [text]
        return bounded_stretches(text, lambda: self.special_texts() if special else [])

    def _tokenized(self, text: str, *, around: bool, special: bool) -> list[int]:
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
