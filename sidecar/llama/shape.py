"""The shape of a model as far as memory and speed depend on it: heads, widths, experts, states, read from its header.

Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md and llama.cpp's `llama-arch.cpp`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_MAX_LAYERS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """0 and empty mean that the header does not say."""

    kv_heads: tuple[int, ...] = ()
    """Key-value heads a layer; 0 for a layer that keeps no keys and values."""
    heads: int = 0
    """Query heads of the layer that has most."""
    key_length: int = 0
    value_length: int = 0
    """Numbers a head and token in the cache; the values of some models lie within the keys and count 0."""
    feed_forward: int = 0
    """Width of the widest feed-forward network; of a mixture of experts, of those that one token passes together."""
    state_bytes: int = 0
    """What one sequence takes in all recurrent layers together, however long it is."""
    experts: int = 0
    experts_used: int = 0
    merges: int = 0
    """Of the tokenizer."""
    layer_bytes: Mapping[int, int] = field(default_factory=dict)
    """Bytes of the matrices in the layers by their ggml type."""
    expert_bytes: int = 0
    """Bytes of the matrices of experts, within those of the layers."""
    outside_bytes: int = 0
    """Bytes of the tensors outside the layers."""
    tied: bool = False
    """Whether the table of tokens makes the logits too."""

    @property
    def kv_bytes_per_token(self) -> int:
        """What one token costs in the key-value cache at 16 bits."""
        return sum(self.kv_heads) * (self.key_length + self.value_length) * 2


def read_shape(keys: Mapping[str, object], architecture: str) -> Shape:
    """Read what the metadata says; the bytes of the tensors are added by whoever reads their table."""
    read = _Keys(keys, architecture)
    layers = min(read.whole("block_count"), _MAX_LAYERS)
    heads = read.each("attention.head_count", layers, missing=1)
    most = max(heads, default=0)
    head_size = read.whole("embedding_length") // most if most else 0
    # Multi-head latent attention keeps one compressed vector a token, and reads the values out of it.
    latent = read.whole("attention.kv_lora_rank") > 0 and read.whole("attention.key_length_mla") > 0
    merges = keys.get("tokenizer.ggml.merges")
    used = read.whole("expert_used_count")
    return Shape(
        kv_heads=_kv_heads(read, layers, heads),
        heads=most,
        key_length=read.whole("attention.key_length") or head_size,
        value_length=0 if latent else read.whole("attention.value_length") or head_size,
        feed_forward=max(
            max(read.each("feed_forward_length", layers, missing=0), default=0),
            used * read.whole("expert_feed_forward_length"),
        ),
        state_bytes=_state_bytes(read, layers),
        experts=read.whole("expert_count"),
        experts_used=used,
        merges=int(getattr(merges, "length", 0)),
    )


class _Keys:
    """The metadata of one architecture; nothing in it is believed to be a number."""

    def __init__(self, keys: Mapping[str, object], architecture: str) -> None:
        self._keys = keys
        self._architecture = architecture

    def whole(self, name: str) -> int:
        value = self._keys.get(f"{self._architecture}.{name}")
        return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0

    def has(self, name: str) -> bool:
        return f"{self._architecture}.{name}" in self._keys

    def each(self, name: str, layers: int, *, missing: int) -> tuple[int, ...]:
        """One number a layer, from one for all or an array."""
        value = self._keys.get(f"{self._architecture}.{name}")
        if isinstance(value, tuple):
            found = [int(n) if isinstance(n, int | float) and n > 0 and n == n // 1 else 0 for n in value[:layers]]
            return (*found, *[0] * (layers - len(found)))
        return (self.whole(name) if self.has(name) else missing,) * layers


def _kv_heads(read: _Keys, layers: int, heads: tuple[int, ...]) -> tuple[int, ...]:
    every = read.each("attention.head_count_kv", layers, missing=0) if read.has("attention.head_count_kv") else heads
    if interval := read.whole("full_attention_interval"):
        # Qwen3-Next and its kin: the layers between are recurrent.
        every = tuple(n if (at + 1) % interval == 0 else 0 for at, n in enumerate(every))
    if shared := read.whole("attention.shared_kv_layers"):
        every = (*every[: max(0, layers - shared)], *[0] * min(shared, layers))
    return every


def _state_bytes(read: _Keys, layers: int) -> int:
    """Bytes that one sequence takes in the recurrent layers, numbers of 32 bits: `n_embd_r` and `n_embd_s` of
    llama.cpp's `llama-hparams.cpp`.
    """
    width = read.whole("embedding_length")
    heads = read.each("attention.head_count_kv", layers, missing=0)
    recurrent = sum(n == 0 for n in _kv_heads(read, layers, heads))
    if read.whole("wkv.head_size"):
        return recurrent * (width * read.whole("wkv.head_size") + 2 * width) * 4
    if cache := read.whole("shortconv.l_cache"):
        return recurrent * width * (cache - 1) * 4
    inner, state = read.whole("ssm.inner_size"), read.whole("ssm.state_size")
    if not inner:
        return 0
    convolved = max(0, read.whole("ssm.conv_kernel") - 1) * (inner + 2 * read.whole("ssm.group_count") * state)
    return recurrent * (convolved + state * inner) * 4
