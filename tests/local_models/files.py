"""Small model files of every sort, and the folders of other programs with them in."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import gguf
import numpy as np


def write_model(
    path: Path,
    *,
    architecture: str = "llama",
    name: str = "Tiny",
    keys: dict[str, str | int] | None = None,
    width: int = 32,
    tensors: int = 2,
) -> Path:
    """Write a file with a header as a real one has it, and `tensors` matrices of `width` squared."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_name(name)
    writer.add_context_length(4096)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    for key, value in (keys or {}).items():
        if isinstance(value, str):
            writer.add_string(key, value)
        else:
            writer.add_uint32(key, value)
    random = np.random.default_rng(0)
    for number in range(tensors):
        weights = random.standard_normal((width, width)).astype(np.float16)
        writer.add_tensor(f"blk.{number}.attn_q.weight", weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_split(folder: Path, stem: str, count: int, *, missing: tuple[int, ...] = ()) -> tuple[Path, ...]:
    """Write a model as `count` files, as llama.cpp's splitter does: only the first says what it is."""
    paths = []
    for number in range(1, count + 1):
        path = folder / f"{stem}-{number:05}-of-{count:05}.gguf"
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = gguf.GGUFWriter(str(path), "llama")
        if number > 1:
            writer.kv_data[0].clear()
        writer.add_uint16("split.no", number - 1)
        writer.add_uint16("split.count", count)
        writer.add_int32("split.tensors.count", count)
        writer.add_tensor(f"blk.{number - 1}.attn_q.weight", np.zeros((16, 16), dtype=np.float16))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        paths.append(path)
    for number in missing:
        paths[number - 1].unlink()
    return tuple(paths)


def add_to_ollama(
    store: Path, name: tuple[str, str, str, str], weights: bytes, layers: dict[str, bytes] | None = None
) -> Path:
    """Put a model into a store of Ollama under HOST, NAMESPACE, MODEL and TAG; gives the blob of its weights."""
    blobs = store / "blobs"
    blobs.mkdir(parents=True, exist_ok=True)
    entries = []
    for kind, content in {"model": weights, **(layers or {})}.items():
        digest = hashlib.sha256(content).hexdigest()
        (blobs / f"sha256-{digest}").write_bytes(content)
        media = f"application/vnd.ollama.image.{kind}"
        entries.append({"mediaType": media, "digest": f"sha256:{digest}", "size": len(content)})
    manifest = store.joinpath("manifests", *name)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": entries}), encoding="utf-8")
    return blobs / f"sha256-{hashlib.sha256(weights).hexdigest()}"


def add_to_hugging_face(cache: Path, repo: str, file: str, content: bytes, *, commit: str, main: bool = True) -> Path:
    """Put a file into a cache of the Hugging Face libraries: a blob, and the snapshot's link to it."""
    folder = cache / f"models--{repo.replace('/', '--')}"
    blob = folder / "blobs" / hashlib.sha256(content).hexdigest()
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    link = folder / "snapshots" / commit / file
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(blob)
    if main:
        (folder / "refs").mkdir(exist_ok=True)
        (folder / "refs" / "main").write_text(commit, encoding="utf-8")
    return link
