"""Models of the families that people run, with random weights or one thing to say: a real tokenizer out of llama.cpp's
vocabulary files, the real chat template, and a body of the family's architecture, as small as can be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.models.family_table import FOLDER, Family
from tests.models.gguf_parts import Array, byte_characters
from tests.models.raw_gguf import Metadata, read_metadata, write_gguf

HEADS = 2
FEED_FORWARD = 32
GAIN = 40.0
ALWAYS_CONTROL = (b"</s>",)
"""llama.cpp takes it for a control token whatever the file says, Gemma's excepted."""
NORMAL, UNKNOWN, CONTROL, USER_DEFINED = 1, 2, 3, 4


class FamilyVocabulary:
    """The tokens of a family: texts as bytes, and their types."""

    def __init__(self, family: Family) -> None:
        path = FOLDER / f"ggml-vocab-{family.vocabulary}.gguf"
        metadata = {key: value for key, value in read_metadata(path).items() if key.startswith("tokenizer.ggml.")}
        self.metadata = metadata
        self.tokens = metadata["tokenizer.ggml.tokens"].strings()
        self.types = metadata["tokenizer.ggml.token_type"].numbers("i")
        missing = max([-1, *family.named, *family.texts]) + 1 - len(self.tokens)
        self.tokens += [f"[FREE{number}]".encode() for number in range(missing)]
        self.types += [CONTROL] * max(0, missing)
        for kind, named in ((CONTROL, family.named), (USER_DEFINED, family.texts)):
            for number, text in named.items():
                self.tokens[number], self.types[number] = text.encode(), kind
        if metadata["tokenizer.ggml.model"].string() != "gemma4":
            self.types = [CONTROL if t in ALWAYS_CONTROL else k for t, k in zip(self.tokens, self.types, strict=True)]
        # Of several tokens with one text the first is meant, which is the ordinary one.
        self._numbers = {token: number for number, token in reversed(list(enumerate(self.tokens)))}
        metadata["tokenizer.ggml.tokens"] = metadata["tokenizer.ggml.tokens"].of_strings(self.tokens)
        metadata["tokenizer.ggml.token_type"] = metadata["tokenizer.ggml.token_type"].of_numbers("i", self.types)
        if "tokenizer.ggml.scores" in metadata and missing > 0:
            scores = metadata["tokenizer.ggml.scores"].numbers("f") + [0.0] * missing
            metadata["tokenizer.ggml.scores"] = metadata["tokenizer.ggml.scores"].of_numbers("f", scores)
        self.byte_level = metadata["tokenizer.ggml.model"].string() == "gpt2"
        metadata["tokenizer.ggml.eos_token_id"] = Metadata.count(self.number(family.end))
        if family.bos is not None:
            metadata["tokenizer.ggml.bos_token_id"] = Metadata.count(self.number(family.bos))
        self.bos = self.tokens[metadata["tokenizer.ggml.bos_token_id"].number()].decode()

    def number(self, text: str) -> int:
        """The token that is spelled like this in the vocabulary."""
        return self._numbers[text.encode()]

    @property
    def specials(self) -> list[str]:
        """The texts that no message may forge."""
        kinds = {UNKNOWN, CONTROL}
        return [token.decode() for token, kind in zip(self.tokens, self.types, strict=True) if kind in kinds]

    def script(self, text: str) -> list[int]:
        """Tokens that spell a text, each of them once: the marks in it, and between them the longest that fit."""
        kinds = zip(self.tokens, self.types, strict=True)
        marks = [token.decode() for token, kind in kinds if kind in {CONTROL, USER_DEFINED} and token in text.encode()]
        parts = re.split(f"({'|'.join(map(re.escape, marks))})", text) if marks else [text]
        numbers: list[int] = []
        for part in filter(None, parts):
            numbers += [self.number(part)] if part in marks else self._pieces(part, numbers)
        return numbers

    def _pieces(self, text: str, taken: Sequence[int]) -> list[int]:
        numbers: list[int] = []
        while text:
            for length in range(len(text), 0, -1):
                number = self._numbers.get(self._spelled(text[:length]))
                if number is not None and number not in {*taken, *numbers}:
                    break
            else:
                raise ValueError(f"no token is left for {text[:20]!r}")
            numbers.append(number)
            text = text[length:]
        return numbers

    def _spelled(self, text: str) -> bytes:
        if not self.byte_level:
            return text.replace(" ", "▁").encode()
        stand_ins = byte_characters()
        return "".join(stand_ins[byte] for byte in text.encode()).encode()


def build(path: Path, family: Family, *, script: str | None = None, context_length: int = 8192) -> Path:
    """Write the model: with random weights, or one that says `script` and ends, whatever it is asked."""
    vocabulary = FamilyVocabulary(family)
    chain = [] if script is None else [*vocabulary.script(script), vocabulary.number(family.end)]
    width = 32 * -(-(len(chain) + 1) // 32)
    metadata = {**_body(family.architecture, width, context_length), **vocabulary.metadata}
    metadata["tokenizer.chat_template"] = Metadata.text(family.chat_template())
    size = len(vocabulary.tokens)
    random = np.random.default_rng(0)
    embeddings = random.standard_normal((size, width)).astype(np.float16)
    output = (random.standard_normal((size, width)) * width**-0.5).astype(np.float16)
    if chain:
        embeddings, output = _said(chain, size, width)
    tensors = {
        "token_embd.weight": embeddings,
        "output_norm.weight": np.ones(width, np.float32),
        "output.weight": output,
    }
    tensors |= _block(family.architecture, width, random, silent=bool(chain))
    write_gguf(path, metadata, tensors)
    return path


def _said(chain: Sequence[int], size: int, width: int) -> tuple[Array, Array]:
    """The embedding of a token is a direction of its own, and the output of the next one looks for it."""
    embeddings, output = np.zeros((size, width), np.float16), np.zeros((size, width), np.float16)
    embeddings[:, 0] = 1.0
    for place, token in enumerate(chain[:-1], start=1):
        embeddings[token] = 0.0
        embeddings[token, place] = 1.0
    for place, token in enumerate(chain):
        output[token, place] = GAIN / np.sqrt(width)
    return embeddings, output


def _body(architecture: str, width: int, context_length: int) -> dict[str, Metadata]:
    counts = {
        "context_length": context_length,
        "embedding_length": width,
        "block_count": 1,
        "feed_forward_length": FEED_FORWARD,
        "attention.head_count": HEADS,
        "attention.head_count_kv": HEADS,
        "rope.dimension_count": width // HEADS,
        "attention.key_length": width // HEADS,
        "attention.value_length": width // HEADS,
    }
    return {
        "general.architecture": Metadata.text(architecture),
        "general.name": Metadata.text("family"),
        **{f"{architecture}.{key}": Metadata.count(value) for key, value in counts.items()},
        f"{architecture}.attention.layer_norm_rms_epsilon": Metadata.real(1e-6),
    }


def _block(architecture: str, width: int, random: np.random.Generator, *, silent: bool) -> dict[str, Array]:
    def matrix(rows: int, columns: int) -> Array:
        values = random.standard_normal((rows, columns)) * columns**-0.5
        drawn: Array = (values * (not silent)).astype(np.float16)
        return drawn

    ones = np.ones(width, np.float32)
    tensors: dict[str, Array] = {"attn_norm": ones, "ffn_norm": ones, "attn_output": matrix(width, width)}
    if architecture == "phi3":
        tensors |= {"attn_qkv": matrix(3 * width, width), "ffn_up": matrix(2 * FEED_FORWARD, width)}
    else:
        tensors |= {f"attn_{part}": matrix(width, width) for part in "qkv"}
        tensors |= {f"ffn_{part}": matrix(FEED_FORWARD, width) for part in ("gate", "up")}
    if architecture == "qwen3":
        tensors |= {f"attn_{part}_norm": np.ones(width // HEADS, np.float32) for part in "qk"}
    tensors["ffn_down"] = matrix(width, FEED_FORWARD)
    block = {f"blk.0.{name}.weight": values for name, values in tensors.items()}
    if architecture == "qwen2":
        block |= {f"blk.0.attn_{part}.bias": np.zeros(width, np.float32) for part in "qkv"}
    return block
