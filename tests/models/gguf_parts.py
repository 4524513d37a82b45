"""What the generated GGUF files share: the byte vocabulary of GPT-2's tokenizer, and writing a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import gguf
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Table: TypeAlias = Callable[[gguf.GGUFWriter, str, Array], None]
"""How a matrix is stored."""


def byte_characters() -> list[str]:
    """GPT-2's printable stand-in for each of the 256 bytes, in order of the bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    stand_ins = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(stand_ins)) for byte in range(256)]


def add_byte_tokenizer(
    writer: gguf.GGUFWriter,
    *,
    merges: list[tuple[str, str]],
    controls: list[str],
    bos: str,
    eos: str,
    pad: str,
    pre_tokenizer: str = "gpt-2",
) -> int:
    """Add a byte-level BPE tokenizer: tokens 0 to 255 are the bytes, then the merges, then the control tokens.

    llama.cpp refuses a BPE vocabulary without any merge. Gives back the size of the vocabulary."""
    tokens = [*byte_characters(), *(left + right for left, right in merges), *controls]
    ordinary = len(tokens) - len(controls)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre_tokenizer)
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * ordinary + [gguf.TokenType.CONTROL] * len(controls))
    writer.add_token_merges([f"{left} {right}" for left, right in merges])
    writer.add_bos_token_id(tokens.index(bos))
    writer.add_eos_token_id(tokens.index(eos))
    writer.add_pad_token_id(tokens.index(pad))
    writer.add_add_bos_token(False)
    return len(tokens)


def write(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def half(writer: gguf.GGUFWriter, name: str, values: Array) -> None:
    writer.add_tensor(name, values.astype(np.float16))


def single(writer: gguf.GGUFWriter, name: str, values: Array) -> None:
    writer.add_tensor(name, values.astype(np.float32))


def eight_bits(writer: gguf.GGUFWriter, name: str, values: Array) -> None:
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor(name, gguf.quants.quantize(values.astype(np.float32), kind), raw_dtype=kind)


def brain_floats(writer: gguf.GGUFWriter, name: str, values: Array) -> None:
    kind = gguf.GGMLQuantizationType.BF16
    writer.add_tensor(name, gguf.quants.quantize(values.astype(np.float32), kind), raw_dtype=kind)


def open_writer(path: Path, architecture: str) -> gguf.GGUFWriter:
    return gguf.GGUFWriter(str(path), architecture)
