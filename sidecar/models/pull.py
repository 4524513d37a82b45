"""What a pull fetches and where to: a model of the catalogue or of the hub as its files, and fetching them all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from sidecar.errors import ConfigError, ModelUnavailableError
from sidecar.models.catalogue import CatalogueModel
from sidecar.models.disk import check_room, free_space
from sidecar.models.download import Download, Progress, resumable
from sidecar.models.found import split_name
from sidecar.models.hub import Hub, HubFile, HubListing
from sidecar.models.part import held
from sidecar.models.reference import HubReference
from sidecar.models.source import Source, read_source, write_source

_MAX_PARTS = 1000
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A model that a repository has, by its first file. `size` is that of all its files, in bytes."""

    file: str
    parts: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """One file to fetch. `reference` names the commit, so that all files of a model are of the same one."""

    reference: HubReference
    target: Path
    hub: HubFile
    sha256: str | None
    """The checksum of the catalogue."""
    here: int
    """Bytes that are there from an earlier pull."""
    complete: bool
    """Whether the file is there, and is the one of the hub."""
    replaces: bool
    """Whether another file is there that this one takes the place of."""

    @property
    def left(self) -> int:
        """Bytes still to fetch, as far as it is known."""
        return 0 if self.complete else max(0, (self.hub.size or 0) - self.here)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullPlan:
    """The files of one model, the one to load first."""

    repo: str
    files: tuple[PlannedFile, ...]
    licence: str | None

    @property
    def model(self) -> Path:
        return self.files[0].target

    @property
    def size(self) -> int:
        """Of all files, in bytes, as far as the hub tells it."""
        return sum(file.hub.size or 0 for file in self.files)

    @property
    def left(self) -> int:
        return sum(file.left for file in self.files)

    @property
    def complete(self) -> bool:
        return all(file.complete for file in self.files)


OnFile: TypeAlias = Callable[[PlannedFile, Progress], None]


def offers(hub: Hub, reference: HubReference) -> tuple[Offer, ...]:
    """Ask which models a repository has: those with the named quantisation, else all. The smallest first.

    Projectors and importance matrices are left out, by their names. Raises ModelUnavailableError.
    """
    found: dict[str, list[HubListing]] = {}
    for entry in hub.listing(reference):
        folder, _, name = entry.path.rpartition("/")
        if "mmproj" in name.lower() or "imatrix" in name.lower():
            continue
        split = split_name(name)
        found.setdefault(f"{folder}/{split.stem}/{split.count}" if split else entry.path, []).append(entry)
    offered = [
        Offer(file=parts[0].path, parts=len(parts), size=sum(part.size for part in parts)) for parts in found.values()
    ]
    wanted = reference.quantisation
    named = [offer for offer in offered if wanted is None or _has_word(offer.file, wanted)]
    return tuple(sorted(named, key=lambda offer: (offer.size, offer.file)))


def _has_word(file: str, word: str) -> bool:
    """Whether a quantisation stands in a path as a word: `Q4_K` is not `Q4_K_M`."""
    _, found, after = file.lower().rpartition(word.lower())
    before = file[: len(file) - len(after) - len(word)]
    return bool(found) and not after[:1].isalnum() and after[:1] != "_" and not before[-1:].isalnum()


def plan_pull(hub: Hub, reference: HubReference, folder: Path, *, known: CatalogueModel | None = None) -> PullPlan:
    """Ask the hub for everything about the files of a model. `folder` is Sidecar's own; `known` is from the catalogue.

    Raises ModelUnavailableError when a file cannot be had, or is another than the catalogue describes.
    """
    files = [_planned(hub, each, folder) for each in _all_parts(reference)[:1]]
    commit = files[0].hub.commit
    pinned = reference if commit is None else replace(reference, revision=commit)
    if known is not None and known.sha256 is not None:
        _check_known(known, files[0])
        files[0] = replace(files[0], sha256=known.sha256)
    files += [_planned(hub, each, folder) for each in _all_parts(pinned)[1:]]
    files[0] = replace(files[0], reference=_all_parts(pinned)[0])
    licence = known.licence if known is not None else hub.licence(reference)
    return PullPlan(repo=reference.repo, files=tuple(files), licence=licence)


def fetch(
    hub: Hub,
    plan: PullPlan,
    *,
    on_progress: OnFile,
    free: Callable[[Path], int | None] = free_space,
    wait: Callable[[float], None] = time.sleep,
) -> Path:
    """Fetch all files of a plan that are not there and give the one to load.

    `free` tells the free bytes of a folder, `wait` waits seconds. Raises ModelUnavailableError.
    """
    check_room(plan.model.parent, needed=plan.left, free=free(plan.model.parent))
    for file in plan.files:
        if not file.complete:
            _fetch(hub, plan, file, on_progress=on_progress, wait=wait)
    return plan.model


def _fetch(hub: Hub, plan: PullPlan, file: PlannedFile, *, on_progress: OnFile, wait: Callable[[float], None]) -> None:
    with held(file.target):
        # Another command may have fetched it since the plan was made.
        if _is_there(file.target, file.hub):
            return
        download = Download(
            hub,
            file.reference,
            file.target,
            sha256=file.sha256,
            on_progress=lambda progress: on_progress(file, progress),
            wait=wait,
        )
        fetched = download.run()
        _remember(plan, file, fetched)


def _remember(plan: PullPlan, file: PlannedFile, fetched: HubFile) -> None:
    source = Source(
        repo=plan.repo,
        file=file.reference.file or "",
        commit=fetched.commit,
        size=file.target.stat().st_size,
        sha256=fetched.sha256 or file.sha256,
        licence=plan.licence,
    )
    try:
        write_source(file.target, source)
    except OSError:
        # The model is there and whole; only its origin is not known later.
        return


def _all_parts(reference: HubReference) -> tuple[HubReference, ...]:
    """Every part of a split model, whichever was named, and the file alone otherwise."""
    folder, slash, name = (reference.file or "").rpartition("/")
    split = split_name(name)
    if split is None:
        return (reference,)
    if split.count > _MAX_PARTS:
        raise ConfigError(f"{name} says that it is one of {split.count:,} parts.", hint="Check how it is written.")
    names = (split.name_of(number) for number in range(1, split.count + 1))
    return tuple(replace(reference, file=f"{folder}{slash}{part}") for part in names)


def _planned(hub: Hub, reference: HubReference, folder: Path) -> PlannedFile:
    target = folder.joinpath(*reference.repo.split("/"), *(reference.file or "").split("/"))
    found = hub.locate(reference)
    complete = _is_there(target, found)
    return PlannedFile(
        reference=reference,
        target=target,
        hub=found,
        sha256=None,
        here=0 if complete else resumable(target, found),
        complete=complete,
        replaces=not complete and target.exists(),
    )


def _check_known(known: CatalogueModel, file: PlannedFile) -> None:
    if file.hub.sha256 not in {None, known.sha256}:
        raise ModelUnavailableError(
            f"{known.repo} now has another file than the one that the catalogue knows as {known.name}.",
            hint=f"`sidecar models pull hf:{known.repo}/{known.file}` fetches it nevertheless.",
        )


def _is_there(target: Path, file: HubFile) -> bool:
    """Whether the file lies in its place already. One that Sidecar did not fetch is read whole for that."""
    try:
        size = target.stat().st_size
        source = read_source(target)
        if file.size not in {None, size}:
            return False
        if file.sha256 is not None:
            return (source.sha256 if source is not None and source.sha256 else _sha256(target)) == file.sha256
        return source is not None and source.commit is not None and source.commit == file.commit
    except OSError:
        return False


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def catalogued(name: str, catalogue: Mapping[str, CatalogueModel]) -> CatalogueModel | None:
    """Give the model of the catalogue that is called so, in whatever case."""
    return catalogue.get(name) or catalogue.get(name.lower())


def closest(names: Iterable[str], offered: Sequence[Offer]) -> Offer | None:
    """Give the offer that has the first of the quantisations that any has."""
    return next((offer for name in names for offer in offered if _has_word(offer.file, name)), None)
