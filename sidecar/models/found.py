"""The model files on this machine: what each is called, whose it is, which files make it up.

Here only names and sizes are looked at, so that finding a model by its name costs nothing; what a file says about
itself is read in `description`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sidecar.models.catalogue import CatalogueModel
from sidecar.models.ollama_store import OllamaModel, ollama_models
from sidecar.models.places import Owner, Place
from sidecar.models.walking import files_ending

GGUF = ".gguf"
_PART = re.compile(r"^(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})$")
_REVISION = 8
"""Characters of a commit that tell two apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundModel:
    """One model on disk. `names` are all by which it can be called, the shortest that is its own alone first."""

    names: tuple[str, ...]
    owner: Owner
    folder: Path
    """The place in which it was found."""
    path: Path
    """The file to load: the first part of several."""
    parts: tuple[Path, ...]
    """All files that there are, in order."""
    part_count: int
    """Files that there should be."""
    size: int
    """Of all parts, in bytes."""
    ollama: OllamaModel | None = None

    @property
    def name(self) -> str:
        return self.names[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitName:
    """A file's name as part `number` (from 1) of `count`. `stem` is what the parts have in common."""

    stem: str
    number: int
    count: int

    def name_of(self, number: int) -> str:
        return f"{self.stem}-{number:05}-of-{self.count:05}{GGUF}"


def split_name(name: str) -> SplitName | None:
    """Read `NAME-00001-of-00003.gguf`; `None` for any other name. Source: llama.cpp, `llama_split_path`."""
    match = _PART.match(name[: -len(GGUF)]) if name.lower().endswith(GGUF) else None
    if match is None:
        return None
    number, count = int(match["number"]), int(match["count"])
    return SplitName(stem=match["stem"], number=number, count=count) if 1 <= number <= count else None


def find_models(places: Iterable[Place], catalogue: Mapping[str, CatalogueModel]) -> tuple[FoundModel, ...]:
    """Find the models of all places, in their order, each file once whatever its names are.

    `catalogue` gives the names by which models in Sidecar's own folder were fetched.
    """
    known = {f"{model.repo}/{model.file}".lower(): name for name, model in catalogue.items()}
    found: dict[tuple[int, int], FoundModel] = {}
    for place in places:
        for model in _in_place(place, known):
            key = _identity(model.path) or (-1, len(found))
            same = found.get(key)
            if same is None:
                found[key] = model
            else:
                names = tuple(dict.fromkeys([*same.names, *model.names]))
                found[key] = replace(same, names=names, ollama=same.ollama or model.ollama)
    return _called_shortly(tuple(found.values()))


def _identity(path: Path) -> tuple[int, int] | None:
    """What is the same for all names of a file; `None` when it is not there."""
    try:
        facts = path.stat()
    except (OSError, ValueError):
        return None
    return facts.st_dev, facts.st_ino


def _called_shortly(models: tuple[FoundModel, ...]) -> tuple[FoundModel, ...]:
    """The same models, each with the first of its names that no other has in front."""
    taken: dict[str, int] = {}
    for model in models:
        for name in {name.lower() for name in model.names}:
            taken[name] = taken.get(name, 0) + 1
    return tuple(
        replace(model, names=tuple(sorted(model.names, key=lambda name: taken[name.lower()] > 1))) for model in models
    )


def _in_place(place: Place, known: Mapping[str, str]) -> Iterator[FoundModel]:
    if place.owner == "ollama":
        yield from _of_ollama(place)
    elif place.owner == "hugging_face":
        yield from _of_hugging_face(place)
    else:
        for path, parts in _grouped(files_ending(place.folder, (GGUF,))):
            names = _names(path.relative_to(place.folder).parts)
            catalogued = known.get("/".join(path.relative_to(place.folder).parts).lower())
            if catalogued is not None and place.owner == "sidecar":
                names = (catalogued, *names)
            yield _model(place, names, path, parts)


def _names(relative: tuple[str, ...]) -> tuple[str, ...]:
    """The stem, and the path with it: `Model-Q4`, `owner/repo/Model-Q4`."""
    split = split_name(relative[-1])
    stem = split.stem if split else relative[-1][: -len(GGUF)]
    return tuple(dict.fromkeys([stem, "/".join([*relative[:-1], stem])]))


def _model(place: Place, names: tuple[str, ...], path: Path, parts: tuple[Path, ...]) -> FoundModel:
    split = split_name(path.name)
    return FoundModel(
        names=names,
        owner=place.owner,
        folder=place.folder,
        path=path,
        parts=parts,
        part_count=split.count if split else 1,
        size=sum(map(_size, parts)),
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


def _grouped(files: Iterable[Path]) -> Iterator[tuple[Path, tuple[Path, ...]]]:
    """Each model's first file and all of its files: parts of a split model come as one."""
    splits: dict[tuple[Path, str, int], list[tuple[int, Path]]] = {}
    for file in files:
        split = split_name(file.name)
        if split is None:
            yield file, (file,)
        else:
            splits.setdefault((file.parent, split.stem, split.count), []).append((split.number, file))
    for numbered in splits.values():
        parts = tuple(path for _, path in sorted(numbered))
        yield parts[0], parts


def _of_hugging_face(place: Place) -> Iterator[FoundModel]:
    """`models--OWNER--REPO/snapshots/COMMIT/…`: links to blobs, or the files themselves on Windows without links."""
    for folder in _folders(place.folder):
        kind, _, repo = folder.name.partition("--")
        if kind != "models" or not repo:
            continue
        main = _text(folder / "refs" / "main")
        snapshots = _folders(folder / "snapshots")
        for snapshot in sorted(snapshots, key=lambda each: each.name != main):
            older = len(snapshots) > 1 and snapshot.name != main
            for path, parts in _grouped(files_ending(snapshot, (GGUF,))):
                names = _names((*repo.split("--"), *path.relative_to(snapshot).parts))
                if older:
                    names = tuple(f"{name}@{snapshot.name[:_REVISION]}" for name in names)
                yield _model(place, names, path, parts)


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(folder / entry.name for entry in entries if entry.is_dir())
    except OSError:
        return []


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")[:100].strip()
    except (OSError, ValueError):
        return ""


def _of_ollama(place: Place) -> Iterator[FoundModel]:
    for model in ollama_models(place.folder):
        yield FoundModel(
            names=model.names,
            owner="ollama",
            folder=place.folder,
            path=model.path,
            parts=(model.path,),
            part_count=1,
            size=_size(model.path) or model.size,
            ollama=model,
        )
