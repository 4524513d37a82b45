"""Which token comes next: llama.cpp's samplers in llama.cpp's order, with grammar, penalties and bias applied here.

Order: logit bias → penalties → top-k → top-p → min-p → temperature → draw. A grammar is asked about the token drawn;
only when it refuses is it applied to the whole vocabulary (as common/sampling.cpp does: a vocabulary of 150,000 tokens
costs a grammar tens of milliseconds). Penalties count the tokens of this answer, as OpenAI defines them.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from sidecar.errors import RequestError
from sidecar.llama.decoding import ChatContext
from sidecar.llama.native import NativeModel
from sidecar.llama.options import SamplingOptions

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
"""llama.h, `struct llama_token_data`."""
_RANDOM_SEED = 0xFFFFFFFF


class Sampler:
    """Draws tokens for one answer. Close it: the samplers live in native memory."""

    def __init__(
        self,
        model: NativeModel,
        context: ChatContext,
        options: SamplingOptions,
        *,
        seed: int | None,
        grammar: str | None,
        unwritten: npt.NDArray[np.intp],
    ) -> None:
        """`unwritten` are the tokens without text that do not end an answer: none of them fits a grammar."""
        self._model = model
        self._context = context
        self._lib = model.lib
        self._options = options
        self._counts: Counter[int] = Counter()
        self._unwritten = unwritten
        self._bias = {t: weight for t, weight in options.logit_bias.items() if 0 <= t < model.vocabulary_size}
        self._grammar: Any = None
        if grammar is not None:
            self.constrain(grammar)
        self._chain = self._open_chain(_RANDOM_SEED if seed is None else seed % _RANDOM_SEED)

    @property
    def constrained(self) -> bool:
        """Whether a grammar holds the answer."""
        return self._grammar is not None

    def constrain(self, grammar: str) -> None:
        """Hold what follows to a grammar, from the next token on. Raises RequestError when it cannot be read."""
        self._grammar = self._open_grammar(grammar)

    def next(self, row: int) -> int | None:
        """Draw from the logits in a row of the last call; `None` when the grammar allows no token."""
        if self._grammar is None and not self._bias and not self._penalised:
            # The quick way: candidates are built and drawn from without leaving native code. It also accepts the token.
            return int(self._lib.llama_sampler_sample(self._chain, self._context.handle, row))
        logits = self._adjusted(self._context.logits(row))
        token = self._draw(logits, grammar=False)
        if self._grammar is not None:
            if not self._allowed(token):
                token = self._draw(logits, grammar=True)
                # Accepting a token that a grammar does not allow ends the process; a pattern like [z-a] allows none.
                if not self._allowed(token):
                    return None
            self._lib.llama_sampler_accept(self._grammar, token)
        self._lib.llama_sampler_accept(self._chain, token)
        self._counts[token] += 1
        return token

    def close(self) -> None:
        for sampler in (self._grammar, self._chain):
            if sampler is not None:
                self._lib.llama_sampler_free(sampler)
        self._grammar = self._chain = None

    @property
    def _penalised(self) -> bool:
        return bool(self._options.presence_penalty or self._options.frequency_penalty)

    def _adjusted(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        for token, weight in self._bias.items():
            logits[token] += weight
        if self._grammar is not None:
            # A grammar reads a control token as the characters of its name, which the answer leaves out.
            logits[self._unwritten] = -np.inf
        if self._penalised:
            for token, count in self._counts.items():
                logits[token] -= count * self._options.frequency_penalty + self._options.presence_penalty
        return logits

    def _draw(self, logits: npt.NDArray[np.float32], *, grammar: bool) -> int:
        candidates = np.zeros(len(logits), dtype=_CANDIDATE)
        candidates["id"] = np.arange(len(logits), dtype=np.int32)
        candidates["logit"] = logits
        array = self._array(candidates)
        if grammar:
            self._lib.llama_sampler_apply(self._grammar, ctypes.byref(array))
        self._lib.llama_sampler_apply(self._chain, ctypes.byref(array))
        # The chain may have sorted and shortened the candidates in place: `selected` indexes what is left.
        return int(candidates["id"][array.selected])

    def _allowed(self, token: int) -> bool:
        candidate = np.array([(token, 1.0, 0.0)], dtype=_CANDIDATE)
        self._lib.llama_sampler_apply(self._grammar, ctypes.byref(self._array(candidate)))
        return bool(np.isfinite(candidate["logit"][0]))

    def _array(self, candidates: npt.NDArray[np.void]) -> Any:
        data = candidates.ctypes.data_as(ctypes.POINTER(self._lib.llama_token_data))
        return self._lib.llama_token_data_array(data=data, size=len(candidates), selected=-1, sorted=False)

    def _open_chain(self, seed: int) -> Any:
        lib, options = self._lib, self._options
        chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        if options.temperature == 0.0:
            stages = [lib.llama_sampler_init_greedy()]
        else:
            stages = [
                lib.llama_sampler_init_top_k(options.top_k),
                lib.llama_sampler_init_top_p(options.top_p, 1),
                lib.llama_sampler_init_min_p(options.min_p, 1),
                lib.llama_sampler_init_temp(options.temperature),
                lib.llama_sampler_init_dist(seed),
            ]
        for stage in stages:
            lib.llama_sampler_chain_add(chain, stage)
        return chain

    def _open_grammar(self, grammar: str) -> Any:
        sampler = self._lib.llama_sampler_init_grammar(self._model.vocab, grammar.encode("utf-8"), b"root")
        if not sampler:
            # NULL is how llama.cpp says that it cannot parse a grammar; using it would end the process.
            field = self._options.held_by
            raise RequestError(f"What {field} asks for cannot be followed.", param=field)
        return sampler
