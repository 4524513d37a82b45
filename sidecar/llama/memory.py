"""How much memory a model takes: weights, key-value cache, compute buffers and the process around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sidecar.llama.gguf import GgufModel
from sidecar.llama.settings import Mode

KvType: TypeAlias = Literal["f16", "q8_0", "q4_0"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryNeeds:
    """Bytes by purpose, of both kinds of memory together; `on_gpu` is the part that lies in graphics memory."""

    weights: int
    kv_cache: int
    compute: int
    process: int
    on_gpu: int = 0

    @property
    def total(self) -> int:
        return self.weights + self.kv_cache + self.compute + self.process


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
) -> MemoryNeeds:
    """What a model takes once it is loaded and has answered. `cells` are the tokens that the key-value cache holds,
    `batch` those evaluated by one call, `sequences` those that may be in one call.
    """
    return MemoryNeeds(weights=model.file_size, kv_cache=model.kv_bytes_per_token * cells, compute=0, process=0)
