"""How much memory a model takes: weights, key-value cache, compute buffers and the process around them.

The sizes follow what llama.cpp allocates (`llama-context.cpp`, `llama-kv-cache.cpp`, `ggml-cpu.c`) and were fitted to
the buffers that it tells of; `./scripts/bench memory` compares them with the memory of real processes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from sidecar.llama.gguf import GgufModel
from sidecar.llama.settings import KvType as KvType
from sidecar.llama.settings import Mode
from sidecar.llama.shape import Shape

_MIB = 2**20
_CELL_BYTES: dict[KvType, Fraction] = {"f16": Fraction(2), "q8_0": Fraction(34, 32), "q4_0": Fraction(18, 32)}
"""Bytes a number: ggml-common.h, blocks of 32 numbers with a scale of 16 bits."""
_CELL_NOTES = 80
"""Bytes a cell in which llama.cpp keeps its position and conversations: 0.8 MB on 8,192 cells, measured."""
_CELL_STEP = 256
"""llama.cpp rounds the length of its context up to it."""
_PROCESS = 50 * _MIB
"""Python with what the worker imports 46 MB, and llama.cpp's own state 4 MB: Linux, measured."""
_GPU_PROCESS = 256 * _MIB
"""Beside it in a build for graphics processors: their run-time libraries. Not measured here."""
_TOKEN_NOTES = 180
_MERGE_NOTES = 110
"""Bytes a token, and a merge, in the tables of llama.cpp's vocabulary: 37 MB for 128,000 of both, measured."""
_F32 = 4
_PART = re.compile(r"-(\d{5})-of-(\d{5})(?=\.gguf$)")
_REPACKED = {
    "AVX2": (2, 12, 20, 39),
    "AVX512": (10,),
    "DOTPROD": (2, 8, 12, 13, 14, 20, 39),
    "I8MM": (2, 8, 12, 13, 14),
}
"""Instructions → ggml types of the matrices that are laid out anew for them."""
_UNGATED = frozenset({"bert", "jina-bert-v3", "nomic-bert-moe", "gpt2", "starcoder", "falcon", "bloom", "mpt"})
"""Architectures whose feed-forward networks have two matrices, not three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryNeeds:
    """Bytes by purpose, of both kinds of memory together; `on_gpu` is the part that lies in graphics memory."""

    weights: int
    kv_cache: int
    """With the states of recurrent layers."""
    compute: int
    process: int
    on_gpu: int = 0
    mapped: int = 0
    """Bytes of the weights that are read where the file is mapped. Linux counts them as available all the same."""
    dropped: int = 0
    """Bytes of the file that stay mapped although the processor's own copy of them is used: they are seen in the size
    of the process, but the system drops them when memory is short, so they are not in `total`.
    """

    @property
    def total(self) -> int:
        return self.weights + self.kv_cache + self.compute + self.process

    @property
    def in_ram(self) -> int:
        """The part that lies in main memory."""
        return self.total - self.on_gpu


def memory_needs(
    model: GgufModel,
    *,
    mode: Mode,
    cells: int,
    batch: int,
    sequences: int,
    kv_type: KvType,
    flash_attention: bool,
    gpu_layers: int,
    outputs: int | None = None,
    instructions: Collection[str] = (),
) -> MemoryNeeds:
    """What a model takes once it is loaded and has answered. `cells` are the tokens that the key-value cache holds,
    `batch` those evaluated by one call, `sequences` those that may be in one call, `outputs` the rows of logits of a
    call; `None` means one a sequence. `instructions` are those of the processor, by the names of `Machine`.
    """
    shape = shape_of(model)
    cells = -(-cells // _CELL_STEP) * _CELL_STEP
    weights = weight_bytes(model)
    cache = kv_bytes(model, cells=cells, kv_type=kv_type, sequences=sequences)
    rows = min(batch, outputs or sequences) if mode == "chat" else batch
    graph = _graph_bytes(model, shape, cells=cells, batch=batch, rows=rows, mode=mode, flash=flash_attention)
    beside = _work_bytes(model, shape, cells=cells, batch=batch, flash=flash_attention)
    beside += _output_bytes(model, rows=max(rows, sequences), mode=mode)
    beside += cells * _CELL_NOTES if keeps_cache(model) else 0
    share = _gpu_share(model, gpu_layers)
    weights_on_gpu = int(_movable(model, shape, weights) * share)
    doubled = _token_table(model) if share == 1 and shape.tied else 0
    on_gpu = weights_on_gpu + doubled + int(cache * share) + graph if share else 0
    process = _PROCESS + (_GPU_PROCESS if share else 0)
    process += model.vocabulary_size * _TOKEN_NOTES + shape.merges * _MERGE_NOTES
    dropped = int(_repacked(model, shape, instructions) * (1 - share))
    return MemoryNeeds(
        weights=weights + doubled,
        kv_cache=cache,
        compute=graph + beside,
        process=process,
        on_gpu=on_gpu,
        mapped=max(0, weights - weights_on_gpu - dropped),
        dropped=dropped,
    )


def weight_bytes(model: GgufModel) -> int:
    """Bytes of the model's files. Parts that are not there are taken to be as large as this one."""
    found = _PART.search(model.path.name)
    if model.part_count < 2 or found is None:
        return model.file_size * model.part_count
    names = [_PART.sub(f"-{part:05}-of-{found[2]}", model.path.name) for part in range(1, model.part_count + 1)]
    return sum(_size(model.path.with_name(name), otherwise=model.file_size) for name in names)


def kv_bytes(model: GgufModel, *, cells: int, kv_type: KvType, sequences: int) -> int:
    """Bytes of the keys and values of `cells` tokens, and of the states of the recurrent layers."""
    if not keeps_cache(model):
        return 0
    return int(model.kv_bytes_per_token * cells * _CELL_BYTES[kv_type] / 2) + shape_of(model).state_bytes * sequences


def bytes_per_token(model: GgufModel, *, context: int, kv_type: KvType = "f16") -> int:
    """Bytes read from memory for one more token after `context` others: the weights that it passes, and the cache.

    Of a mixture of experts only those used count, of the table of tokens one row.
    """
    shape = shape_of(model)
    weights = weight_bytes(model) - model.header_size - (0 if shape.tied else _token_table(model))
    if shape.experts:
        weights -= shape.expert_bytes - shape.expert_bytes * min(shape.experts, shape.experts_used) // shape.experts
    return max(0, weights) + kv_bytes(model, cells=context, kv_type=kv_type, sequences=1)


def keeps_cache(model: GgufModel) -> bool:
    """Whether the model keeps keys and values between calls: an encoder does not."""
    return model.causal_attention


def shape_of(model: GgufModel) -> Shape:
    """The model's shape; what its header does not say is taken as it usually is."""
    shape, width = model.shape, model.embedding_length or 4096
    if shape.heads and shape.feed_forward and shape.key_length:
        return shape
    heads = shape.heads or max(1, width // 128)
    return Shape(
        kv_heads=shape.kv_heads,
        heads=heads,
        key_length=shape.key_length or max(1, width // heads),
        value_length=shape.value_length,
        feed_forward=shape.feed_forward or 4 * width,
        state_bytes=shape.state_bytes,
        experts=shape.experts,
        experts_used=shape.experts_used,
        merges=shape.merges,
        layer_bytes=shape.layer_bytes,
        expert_bytes=shape.expert_bytes,
        outside_bytes=shape.outside_bytes,
        tied=shape.tied,
    )


def _graph_bytes(model: GgufModel, shape: Shape, *, cells: int, batch: int, rows: int, mode: Mode, flash: bool) -> int:
    """The compute buffer: what is alive at once in the widest place of a layer, and the mask of attention."""
    width = model.embedding_length or 4096
    seen = cells if keeps_cache(model) else batch
    two = model.architecture in _UNGATED
    feed = 3 * width + shape.feed_forward if two else (4 + shape.experts_used) * width + 3 * shape.feed_forward
    wide = shape.heads * shape.key_length
    attend = 3 * width + 2 * wide + 2 * max(shape.kv_heads, default=shape.heads) * shape.key_length
    if flash:
        return batch * (max(feed, attend) * _F32 + 2 * seen)
    return batch * _F32 * max(feed + seen, attend + (shape.heads + 1) * seen)


def _work_bytes(model: GgufModel, shape: Shape, *, cells: int, batch: int, flash: bool) -> int:
    """The processor's scratch: the input of the widest product turned into the type of its matrix."""
    scores = 0 if flash or not keeps_cache(model) else shape.heads * cells
    return batch * 2 * max(shape.feed_forward, scores)


def _output_bytes(model: GgufModel, *, rows: int, mode: Mode) -> int:
    """Where results are copied to. llama.cpp keeps a row of logits for every token that a pooled model reads, though
    it has none: 2,048 tokens of a vocabulary of 250,000 take 2 GB.
    """
    return rows * _F32 * (model.vocabulary_size + (0 if mode == "chat" else model.embedding_length or 4096))


def _gpu_share(model: GgufModel, gpu_layers: int) -> Fraction:
    """The part of the layers on the graphics processor. llama.cpp counts the output as one more layer."""
    layers = (model.block_count or 1) + 1
    return Fraction(layers if gpu_layers < 0 else min(gpu_layers, layers), layers)


def _movable(model: GgufModel, shape: Shape, weights: int) -> int:
    """Bytes of the weights that a graphics processor can have: the table of tokens stays in main memory."""
    return max(0, weights - model.header_size - _token_table(model))


def _token_table(model: GgufModel) -> int:
    table = model.tensors.get("token_embd.weight")
    return table.size if table is not None else 0


def _repacked(model: GgufModel, shape: Shape, instructions: Collection[str]) -> int:
    """Bytes of the matrices that llama.cpp lays out anew for the processor (`ggml-cpu/repack.cpp`)."""
    kinds = {kind for name, those in _REPACKED.items() if name in instructions for kind in those}
    output = model.tensors.get("output.weight")
    outside = output.size if output is not None and output.kind in kinds else 0
    return outside + sum(stored for kind, stored in shape.layer_bytes.items() if kind in kinds)


def _size(path: Path, *, otherwise: int) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return otherwise
