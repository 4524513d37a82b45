"""The second segment of a pair: what BERT was told of each token, and llama.cpp cannot tell it.

A cross-encoder over WordPiece was trained with one vector added to every token of the query and another to every token
of the text. llama.cpp adds the first to all ("token types are hardcoded to zero", src/models/bert.cpp), and a
cross-encoder so read puts the answer last as often as first. But it takes vectors in the place of tokens: so the rows
of the token table are looked up here, with the difference of the two segments added from the text's first token on.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sidecar.errors import ModelUnavailableError
from sidecar.llama.gguf import BLOCKS, GgufModel, GgufTensor
from sidecar.llama.pairs import Pair

Vectors = npt.NDArray[np.float32]
"""Shape (tokens, width): what stands for the tokens of one sequence."""

_TOKENS, _SEGMENTS = "token_embd.weight", "token_types.weight"
_FLOATS: dict[int, str] = {0: "<f4", 1: "<f2"}
_BF16 = 30
# ggml type → the name in ggml's `dequantize_row_…`.
_QUANTISED = {
    2: "q4_0", 3: "q4_1", 6: "q5_0", 7: "q5_1", 8: "q8_0", 10: "q2_K", 11: "q3_K", 12: "q4_K", 13: "q5_K", 14: "q6_K",
    20: "iq4_nl", 23: "iq4_xs",
}  # fmt: skip


def has_segments(model: GgufModel) -> bool:
    """Whether the model tells the halves of a pair apart: a second segment, and the tokenizer that marks it.

    RoBERTa's tokenizers, and those after it, mark none even where the table has two rows.
    """
    table = model.tensors.get(_SEGMENTS)
    return model.tokenizer == "bert" and table is not None and table.rows >= 2 and _TOKENS in model.tensors


class SegmentedTokens:
    """Looks the tokens of pairs up in a model's file, mapped: the system reads what is used."""

    def __init__(self, model: GgufModel, lib: Any) -> None:
        """`lib` is llama-cpp-python. Raises ModelUnavailableError when the table's type is not known here."""
        self._ggml = _ggml_base(lib)
        self._kind = model.tensors[_TOKENS].kind
        self._width = model.tensors[_TOKENS].shape[0]
        self._table = _rows(model, model.tensors[_TOKENS])
        kind = model.tensors[_SEGMENTS].kind
        first, second = self._values(_rows(model, model.tensors[_SEGMENTS])[:2], kind)
        self._difference = second - first
        self._values(self._table[:1], self._kind)  # what cannot be read is known now, not at the first query

    def inputs(self, pair: Pair) -> Vectors:
        """The vectors of a pair's tokens."""
        vectors = self._values(self._table[np.asarray(pair.tokens, dtype=np.intp)], self._kind)
        vectors[pair.text_at :] += self._difference
        return vectors

    def _values(self, raw: npt.NDArray[np.uint8], kind: int) -> Vectors:
        if kind in _FLOATS:
            return raw.view(_FLOATS[kind]).astype(np.float32)
        if kind == _BF16:
            return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
        dequantize = getattr(self._ggml, f"dequantize_row_{_QUANTISED[kind]}", None)
        if dequantize is None:
            raise ModelUnavailableError("This build of llama.cpp does not let its tables of tokens be read.")
        values = np.empty((len(raw), self._width), dtype=np.float32)
        packed = np.ascontiguousarray(raw)
        dequantize(
            packed.ctypes.data_as(ctypes.c_void_p), values.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(values.size)
        )
        return values


def _rows(model: GgufModel, tensor: GgufTensor) -> npt.NDArray[np.uint8]:
    """The tensor's bytes, a row of the table in each row."""
    if tensor.kind not in _QUANTISED and tensor.kind not in _FLOATS and tensor.kind != _BF16:
        raise ModelUnavailableError(
            f"The model's table of tokens is of a type that cannot be read here ({tensor.kind})."
        )
    block, size = BLOCKS[tensor.kind]
    shape = (tensor.rows, tensor.shape[0] // block * size)
    return np.memmap(Path(model.path), dtype=np.uint8, mode="r", offset=model.header_size + tensor.offset, shape=shape)


def _ggml_base(lib: Any) -> Any:
    folder = Path(lib.__file__).parent / "lib"
    try:
        return lib._ctypes_extensions.load_shared_library("ggml-base", folder)
    except (AttributeError, OSError, RuntimeError):
        return None  # floats are read without it
