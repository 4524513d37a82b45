"""Where a fetched file is from: a small record beside it, so that it can be named, checked and fetched anew."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

_MAX_RECORD = 64 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file on the hub. `commit` and `sha256` are in hexadecimal, `size` is in bytes."""

    repo: str
    file: str
    commit: str | None
    size: int
    sha256: str | None
    licence: str | None


def source_file(model: Path) -> Path:
    """Where the record of a model file lies."""
    return model.with_name(f".{model.name}.source.json")


def read_source(model: Path) -> Source | None:
    """Read the record of a model file; `None` when there is none, or it is broken, or of a file of another size."""
    try:
        file = source_file(model)
        if file.stat().st_size > _MAX_RECORD:
            return None
        content = json.loads(file.read_text(encoding="utf-8"))
        size = model.stat().st_size
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    texts = {key: content.get(key) for key in ("repo", "file", "commit", "sha256", "licence")}
    if not all(value is None or isinstance(value, str) for value in texts.values()) or content.get("size") != size:
        return None
    if not texts["repo"] or not texts["file"]:
        return None
    if texts["sha256"] is not None and not _SHA256.fullmatch(texts["sha256"]):
        return None
    return Source(
        repo=texts["repo"],
        file=texts["file"],
        commit=texts["commit"],
        size=size,
        sha256=texts["sha256"],
        licence=texts["licence"],
    )


def write_source(model: Path, source: Source) -> None:
    """Keep where a model file is from. Raises OSError."""
    source_file(model).write_text(json.dumps(asdict(source), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
