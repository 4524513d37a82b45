"""Ollama's store: manifests name the layers of each model, and the blobs are the layers' files.

Source: ollama/manifest/{manifest,paths,layer}.go and types/model/name.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.models.walking import files_ending

_HOST, _NAMESPACE, _TAG = "registry.ollama.ai", "library", "latest"
_DIGEST = re.compile(r"^sha256[:-]([0-9a-fA-F]{64})$")
_LAYER = "application/vnd.ollama.image."
_MAX_MANIFEST = 1024 * 1024
_MAX_LICENCE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaModel:
    """A model that has weights in a GGUF blob. `names` are Ollama's own, the shortest first."""

    names: tuple[str, ...]
    path: Path
    """Of the blob; it may be missing."""
    size: int
    """In bytes, as the manifest has it."""
    layers: frozenset[str]
    """Kinds of the other layers: `template`, `params`, `system`, `license`, `adapter`, `projector`."""
    licence: str | None
    """The first line of its licence."""


def ollama_models(folder: Path) -> Iterator[OllamaModel]:
    """Read the manifests in a models folder, by name. Broken ones and models without a GGUF blob are passed over."""
    manifests = folder / "manifests"
    for file in files_ending(manifests, ("",)):
        parts = file.relative_to(manifests).parts
        if len(parts) == 4:
            model = _model(folder, file, parts)
            if model is not None:
                yield model


def shown_names(parts: tuple[str, ...]) -> tuple[str, ...]:
    """What a model is called whose manifest lies at HOST/NAMESPACE/MODEL/TAG: as Ollama lists it, then the rest."""
    host, namespace, model, tag = parts
    prefix = [] if host == _HOST else [host]
    prefix += [] if host == _HOST and namespace == _NAMESPACE else [namespace]
    short = "/".join([*prefix, model])
    untagged = [short] if tag == _TAG else []
    return tuple(dict.fromkeys([f"{short}:{tag}", *untagged, f"{host}/{namespace}/{model}:{tag}"]))


def _model(folder: Path, file: Path, parts: tuple[str, ...]) -> OllamaModel | None:
    layers = _layers(file)
    # Reversed, so that the first of a kind stays, as it does for the weights.
    blobs = {kind: blob for layer in reversed(layers) if (blob := _blob(folder, layer)) and (kind := _kind(layer))}
    weights = next((layer for layer in layers if _kind(layer) == "model"), None)
    if weights is None or "model" not in blobs:
        return None
    size = weights.get("size")
    return OllamaModel(
        names=shown_names(parts),
        path=blobs["model"],
        size=size if isinstance(size, int) and size >= 0 else 0,
        layers=frozenset(blobs) - {"model"},
        licence=_first_line(blobs["license"]) if "license" in blobs else None,
    )


def _layers(file: Path) -> list[Mapping[str, Any]]:
    try:
        if file.stat().st_size > _MAX_MANIFEST:
            return []
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    layers = content.get("layers") if isinstance(content, dict) else None
    return [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []


def _kind(layer: Mapping[str, Any]) -> str:
    media = layer.get("mediaType")
    return media.removeprefix(_LAYER).partition(";")[0] if isinstance(media, str) and media.startswith(_LAYER) else ""


def _blob(folder: Path, layer: Mapping[str, Any]) -> Path | None:
    """The file of a layer. A digest becomes a name in the folder, so it is believed only where it is one."""
    digest = layer.get("digest")
    match = _DIGEST.match(digest) if isinstance(digest, str) else None
    return folder / "blobs" / f"sha256-{match[1].lower()}" if match else None


def _first_line(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            text = opened.read(_MAX_LICENCE).decode("utf-8", "replace")
    except OSError:
        return None
    return next((line.strip()[:60] for line in text.splitlines() if line.strip()), None)
