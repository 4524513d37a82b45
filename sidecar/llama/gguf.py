"""What a GGUF file says about itself: architecture, limits, template, pooling. Reads the header, never the weights.

llama.cpp maps the file and trusts it: a file cut off while it was downloaded ends in a bus error, not in an exception.
So the header is read here first, and the tensors it promises are compared with the size of the file. Nothing in the
header is believed: every count has a cap and the header as a whole has one.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
"""

from __future__ import annotations

import math
import os
import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

from sidecar.errors import ModelUnavailableError
from sidecar.llama.shape import Shape, read_shape

Pooling: TypeAlias = Literal["none", "mean", "cls", "last", "rank"]
ModelKind: TypeAlias = Literal["chat", "embedding", "rerank"]
Content: TypeAlias = Literal["model", "adapter", "projector", "importance", "vocabulary"]
"""What a file holds: a model, or what only belongs to one. `importance` is the matrix that quantising is weighed by."""

MAX_HEADER = 256 * 1024 * 1024
"""Bytes. The largest vocabularies in use (262,144 tokens with scores and types) make headers of about 15 MB."""
MAX_ENTRIES = 65_536
"""Metadata keys, and tensors. The largest published models have some thousands of tensors."""
MAX_KEY = 65_535
MAX_STRING = 4 * 1024 * 1024
MAX_ARRAY = 16_777_216
_KEPT_ARRAY = 1024
"""Number arrays up to this length are kept (one value a layer); longer ones and strings leave only their length."""

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_POOLING: dict[int, Pooling] = {0: "none", 1: "mean", 2: "cls", 3: "last", 4: "rank"}

# Tensor type → (elements a block, bytes a block): ggml/src/ggml.c, `type_traits`.
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip

# `general.file_type` → the name people know it by: llama.h, `enum llama_ftype`.
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip

# Encoders whose older files carry neither `pooling_type` nor `attention.causal`.
_ENCODERS = frozenset(
    {"bert", "modern-bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3"}
    | {"gemma-embedding", "t5encoder"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufTensor:
    """Where one tensor lies. `shape` has the length of a row first, as ggml counts; `kind` is its ggml type."""

    shape: tuple[int, ...]
    kind: int
    offset: int
    """Bytes after the header."""

    @property
    def rows(self) -> int:
        return math.prod(self.shape[1:])

    @property
    def size(self) -> int:
        """Bytes; 0 for a type newer than the table."""
        block, size = BLOCKS.get(self.kind, (1, 0))
        return -(-math.prod(self.shape) // block) * size


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufModel:
    """A model file as its header describes it. `None` means that the header does not say."""

    path: Path
    architecture: str
    name: str | None
    context_length: int | None
    """Tokens the model was trained for."""
    embedding_length: int | None
    block_count: int | None
    pooling: Pooling | None
    causal_attention: bool
    chat_template: str | None
    bos_id: int | None
    eos_id: int | None
    vocabulary_size: int
    file_type: str | None
    """The quantisation, for example `Q4_K_M`."""
    parameter_count: int
    file_size: int
    header_size: int
    """Bytes before the first tensor."""
    kv_bytes_per_token: int
    """What one token of context costs in the key-value cache at 16 bits; 0 when the header does not say."""
    part_count: int
    """Files that make up the model; llama.cpp finds the others by their names."""
    licence: str | None
    """As the header has it: mostly an SPDX name in lower case, such as `apache-2.0`."""
    content: Content
    tokenizer: str | None
    """The kind of tokenizer: `bert` for WordPiece, `t5` for a unigram model, `gpt2` for byte pairs."""
    rerank_template: str | None
    """What a causal reranker is to be shown, with `{query}` and `{document}` in it."""
    output_labels: int | None
    """Outputs of a classifier, where they have names."""
    tensors: Mapping[str, GgufTensor]
    """Those outside the layers: tables of tokens and segments, norms, the head."""
    shape: Shape = field(default_factory=Shape)

    @property
    def head(self) -> GgufTensor | None:
        """The last matrix of a classifier, which makes the scores of a reranker; `None` without one."""
        return self.tensors.get("cls.output.weight") or self.tensors.get("cls.weight")

    @property
    def kind(self) -> ModelKind:
        """What the model can be used for."""
        # llama.cpp's converter says nothing of pooling for most rerankers: their head is the sign.
        if self.pooling == "rank" or (self.pooling in {None, "none"} and self.head is not None):
            return "rerank"
        if self.pooling in {"mean", "cls", "last"} or not self.causal_attention or self.architecture in _ENCODERS:
            return "embedding"
        # Files converted before 2024 say nothing of pooling: the name is the only sign left.
        return "embedding" if "embed" in f"{self.name or ''} {self.path.stem}".lower() else "chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufPart:
    """One file of a model that is split over several: all but the first say nothing of the model."""

    path: Path
    index: int
    """Its place among the parts, from 0."""
    part_count: int
    parameter_count: int
    file_size: int


def read_gguf(path: Path) -> GgufModel:
    """Read the header of a model file and check that the file holds all the tensors it promises.

    Raises ModelUnavailableError saying what is wrong with the file.
    """
    with _header(path) as header:
        return header.read()


def read_gguf_part(path: Path) -> GgufPart:
    """Read the header of any part of a split model, and check it as `read_gguf` does. Raises ModelUnavailableError."""
    with _header(path) as header:
        return header.read_part()


@contextmanager
def _header(path: Path) -> Iterator[_Header]:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ModelUnavailableError(f"{path.name} is a folder, not a GGUF file.", hint="Name the .gguf file in it.")
        if not stat.S_ISREG(mode):
            raise ModelUnavailableError(f"{path.name} is not a regular file.")
        with path.open("rb", buffering=0) as file:
            yield _Header(path, file)
    except FileNotFoundError:
        raise ModelUnavailableError(f"The model file {path} does not exist.", hint="Check the path.") from None
    except OSError as error:
        raise ModelUnavailableError(f"The model file {path.name} cannot be read: {error.strerror or error}.") from error


_Value: TypeAlias = "int | float | bool | str | tuple[int | float | bool, ...] | _Skipped"


@dataclass(frozen=True, slots=True)
class _Skipped:
    """An array of which only the length was kept."""

    length: int


class _Header:
    """A walk through the header, held in memory only as far as it has been walked."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self._bytes = bytearray()
        self._at = 0
        self._layer_bytes: dict[int, int] = {}
        self._expert_bytes = self._outside_bytes = 0

    def read(self) -> GgufModel:
        keys, parameters, header_size, tensors = self._walk()
        return self._model(keys, parameters=parameters, header_size=header_size, tensors=tensors)

    def read_part(self) -> GgufPart:
        keys, parameters, _, _ = self._walk()
        return GgufPart(
            path=self._path,
            index=_integer(keys, "split.no") or 0,
            part_count=max(1, _integer(keys, "split.count") or 1),
            parameter_count=parameters,
            file_size=self._size,
        )

    def _walk(self) -> tuple[dict[str, _Value], int, int, Mapping[str, GgufTensor]]:
        """The keys, the elements of all tensors, the size of the header, and the tensors outside the layers."""
        if self._size < 24:
            raise self._wrong("is not a GGUF file" if self._size else "is an empty file")
        if self._take(4) != b"GGUF":
            raise self._wrong("is not a GGUF file")
        version = self._number("I")
        if version not in (2, 3):
            raise self._wrong(f"is a GGUF file of a version that cannot be read here ({version})")
        tensor_count, key_count = self._count("Q", MAX_ENTRIES), self._count("Q", MAX_ENTRIES)
        keys = {self._string(MAX_KEY): self._value() for _ in range(key_count)}
        parameters, data_size, tensors = self._tensors(tensor_count)
        alignment = keys.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= 1024 * 1024:
            raise self._wrong("has a damaged header")
        header_size = -(-self._at // alignment) * alignment
        if tensor_count and self._size < header_size + data_size:
            raise self._wrong(f"is cut off: {self._size:,} bytes where the header promises {header_size + data_size:,}")
        return keys, parameters, header_size, tensors

    def _model(
        self, keys: dict[str, _Value], *, parameters: int, header_size: int, tensors: Mapping[str, GgufTensor]
    ) -> GgufModel:
        architecture = _text(keys, "general.architecture")
        if not architecture and _text(keys, "general.type") == "imatrix":
            architecture = "imatrix"
        if not architecture:
            raise self._wrong("does not name its architecture")
        shape = replace(
            read_shape(keys, architecture),
            layer_bytes=self._layer_bytes,
            expert_bytes=self._expert_bytes,
            outside_bytes=self._outside_bytes,
            tied="token_embd.weight" in tensors and "output.weight" not in tensors,
        )
        pooling = _integer(keys, f"{architecture}.pooling_type")
        causal = keys.get(f"{architecture}.attention.causal")
        tokens = keys.get("tokenizer.ggml.tokens")
        labels = keys.get(f"{architecture}.classifier.output_labels")
        file_type = _integer(keys, "general.file_type")
        return GgufModel(
            path=self._path,
            architecture=architecture,
            name=_text(keys, "general.name"),
            context_length=_integer(keys, f"{architecture}.context_length"),
            embedding_length=_integer(keys, f"{architecture}.embedding_length"),
            block_count=_integer(keys, f"{architecture}.block_count"),
            pooling=None if pooling is None else _POOLING.get(pooling),
            causal_attention=causal if isinstance(causal, bool) else architecture not in _ENCODERS,
            chat_template=_text(keys, "tokenizer.chat_template"),
            bos_id=_integer(keys, "tokenizer.ggml.bos_token_id"),
            eos_id=_integer(keys, "tokenizer.ggml.eos_token_id"),
            vocabulary_size=tokens.length if isinstance(tokens, _Skipped) else 0,
            file_type=None if file_type is None else _FILE_TYPES.get(file_type),
            parameter_count=parameters,
            file_size=self._size,
            header_size=header_size,
            kv_bytes_per_token=shape.kv_bytes_per_token,
            part_count=max(1, _integer(keys, "split.count") or 1),
            licence=_text(keys, "general.license"),
            content=_content(keys, architecture, empty=not parameters),
            tokenizer=_text(keys, "tokenizer.ggml.model"),
            rerank_template=_text(keys, "tokenizer.chat_template.rerank"),
            output_labels=labels.length if isinstance(labels, _Skipped) else None,
            tensors=tensors,
            shape=shape,
        )

    def _tensors(self, count: int) -> tuple[int, int, dict[str, GgufTensor]]:
        """Elements of all tensors, the bytes that the data section must have for them, and those outside the layers."""
        elements = end = 0
        outside: dict[str, GgufTensor] = {}
        for _ in range(count):
            name = self._string(MAX_KEY)
            shape = tuple(self._number("Q") for _ in range(self._count("I", 8)))
            kind, offset = self._number("I"), self._number("Q")
            # A type newer than the table still has its offset; its last bytes are not checked.
            block, size = BLOCKS.get(kind, (1, 0))
            elements += math.prod(shape)
            stored = -(-math.prod(shape) // block) * size
            end = max(end, offset + stored)
            if name.startswith("blk."):
                self._layer_bytes[kind] = self._layer_bytes.get(kind, 0) + stored
                self._expert_bytes += stored if "_exps." in name else 0
            else:
                outside[name] = GgufTensor(shape=shape, kind=kind, offset=offset)
                self._outside_bytes += stored
        return elements, end, outside

    def _value(self) -> _Value:
        kind = self._number("I")
        if kind == _STRING:
            return self._string(MAX_STRING)
        if kind == _ARRAY:
            return self._array()
        return self._scalar(kind)

    def _array(self) -> _Value:
        kind, length = self._number("I"), self._count("Q", MAX_ARRAY)
        if kind == _STRING:
            self._skip_strings(length)
            return _Skipped(length)
        if kind not in _SCALARS:
            raise self._wrong("has a damaged header")
        if length <= _KEPT_ARRAY:
            return tuple(self._scalar(kind) for _ in range(length))
        self._need(length * struct.calcsize(_SCALARS[kind]))
        self._at += length * struct.calcsize(_SCALARS[kind])
        return _Skipped(length)

    def _skip_strings(self, count: int) -> None:
        # Local names: a vocabulary has some 300,000 strings, and a list of models looks through all of them.
        at, last, read_length = self._at, len(self._bytes) - 8, _U64.unpack_from
        for _ in range(count):
            if at > last:
                self._at = at
                self._need(8)
                last = len(self._bytes) - 8
            (length,) = read_length(self._bytes, at)
            if length > MAX_STRING:
                raise self._wrong("has a damaged header")
            at += 8 + length
        self._at = at
        self._need(0)

    def _scalar(self, kind: int) -> int | float | bool:
        code = _SCALARS.get(kind)
        if code is None:
            raise self._wrong("has a damaged header")
        value: int | float | bool = struct.unpack("<" + code, self._take(struct.calcsize(code)))[0]
        return value

    def _number(self, code: Literal["I", "Q"]) -> int:
        value: int = struct.unpack("<" + code, self._take(struct.calcsize("<" + code)))[0]
        return value

    def _count(self, code: Literal["I", "Q"], cap: int) -> int:
        value = self._number(code)
        if value > cap:
            raise self._wrong("has a damaged header")
        return value

    def _string(self, cap: int) -> str:
        return self._take(self._count("Q", cap)).decode("utf-8", "replace")

    def _take(self, length: int) -> bytes:
        self._need(length)
        start, self._at = self._at, self._at + length
        return bytes(self._bytes[start : self._at])

    def _need(self, length: int) -> None:
        end = self._at + length
        while len(self._bytes) < end:
            if end > MAX_HEADER:
                raise self._wrong("has a header too large to be true")
            block = self._file.read(max(1024 * 1024, end - len(self._bytes)))
            if not block:
                raise self._wrong(f"is cut off inside its header, after {self._size:,} bytes")
            self._bytes += block

    def _wrong(self, what: str) -> ModelUnavailableError:
        return ModelUnavailableError(
            f"The model file {self._path.name} {what}.", hint="Download it again, or choose another model."
        )


_U64 = struct.Struct("<Q")


def _integer(keys: dict[str, _Value], key: str) -> int | None:
    value = keys.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(keys: dict[str, _Value], key: str) -> str | None:
    value = keys.get(key)
    return value if isinstance(value, str) else None


def _content(keys: dict[str, _Value], architecture: str, *, empty: bool) -> Content:
    """What the file says that it is; older converters say it by the architecture or a key of adapters alone."""
    stated = _text(keys, "general.type")
    if architecture == "clip" or stated == "mmproj":
        return "projector"
    if stated == "adapter" or "adapter.type" in keys:
        return "adapter"
    if stated == "imatrix":
        return "importance"
    # The first part of a split model may hold no tensors: its header alone is as large as a small file.
    return "vocabulary" if empty and (_integer(keys, "split.count") or 1) < 2 else "model"
