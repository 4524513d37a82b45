"""Removing models: only from Sidecar's own folder, all files of a model, and what is left of pulls that did not end."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sidecar.errors import ConfigError, ModelUnavailableError
from sidecar.models.found import GGUF, FoundModel
from sidecar.models.part import DAMAGED, PART, held, state_of
from sidecar.models.source import source_file
from sidecar.models.walking import files_ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """What a pull left behind. `target` is the file that it was to become; `size` is in bytes."""

    path: Path
    target: Path
    size: int
    kind: Literal["unfinished", "damaged"]
    reference: str
    """What to pull to go on, or to fetch it anew."""


def leftovers(folder: Path) -> tuple[Leftover, ...]:
    """Find what pulls into Sidecar's own folder left behind, by path."""
    return tuple(_leftover(folder, path) for path in files_ending(folder, (GGUF + PART, GGUF + DAMAGED)))


def _leftover(folder: Path, path: Path) -> Leftover:
    ending = PART if path.name.endswith(PART) else DAMAGED
    target = path.with_name(path.name[: -len(ending)])
    size = 0
    with suppress(OSError):
        size = path.stat().st_size
    return Leftover(
        path=path,
        target=target,
        size=size,
        kind="unfinished" if ending == PART else "damaged",
        reference="hf:" + "/".join(target.relative_to(folder).parts),
    )


def called(name: str, left: tuple[Leftover, ...]) -> tuple[Leftover, ...]:
    """Those of the leftovers that a name means: that of the file or of its target, or the reference."""
    wanted = name.removeprefix("hf:").lower().removesuffix(PART).removesuffix(DAMAGED).removesuffix(GGUF)
    return tuple(
        each
        for each in left
        if wanted in {each.target.stem.lower(), each.reference.removeprefix("hf:").lower().removesuffix(GGUF)}
    )


def not_ours(model: FoundModel) -> ConfigError | None:
    """Say whose a model is and how that program removes it; `None` for one in Sidecar's own folder."""
    name = model.ollama.names[0] if model.ollama else model.name
    repo = "/".join(model.path.relative_to(model.folder).parts[0].split("--")[1:])
    match model.owner:
        case "sidecar":
            return None
        case "ollama":
            return ConfigError(f"{model.name} is Ollama's.", hint=f"Remove it with `ollama rm {name}`.")
        case "lm_studio":
            hint = f"Delete it there, under My Models, or delete the file {model.path}."
            return ConfigError(f"{model.name} is LM Studio's.", hint=hint)
        case "hugging_face":
            hint = f"Remove it with `hf cache rm model/{repo}`."
            return ConfigError(f"{model.name} lies in the cache of the Hugging Face libraries.", hint=hint)


def remove_model(model: FoundModel) -> int:
    """Delete all files of a model and give how many bytes that freed. A link is deleted, never what it leads to.

    Raises ModelUnavailableError when a file cannot be deleted, or is being fetched at this moment.
    """
    freed = 0
    for part in model.parts:
        freed += 0 if part.is_symlink() else part.stat().st_size
        with held(part):
            _delete(part, source_file(part))
        _tidy(part.parent, model.folder)
    return freed


def remove_leftover(left: Leftover, folder: Path) -> int:
    """Delete what a pull left behind and give how many bytes that freed. Raises ModelUnavailableError."""
    with held(left.target):
        _delete(left.path, *([state_of(left.target)] if left.kind == "unfinished" else []))
    _tidy(left.path.parent, folder)
    return left.size


def _delete(*files: Path) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise ModelUnavailableError(
                f"{file} cannot be deleted: {error.strerror or error}.", hint="Is a program using it?"
            ) from error


def _tidy(folder: Path, root: Path) -> None:
    """Remove the folders that are empty now, but not the root."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
