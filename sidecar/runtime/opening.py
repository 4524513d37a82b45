"""A vault is opened: its folder (or archive), the index that fits, the index that answers meanwhile, its settings."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Callable, Container, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sidecar.chunking import CHUNKING_VERSION
from sidecar.embedding.measure import TextLimit
from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import SidecarError, VaultError
from sidecar.index import shelf
from sidecar.index.schema import fingerprint
from sidecar.index.staying import follow_places
from sidecar.indexer.pacing import Pacing
from sidecar.notes import READING_VERSION
from sidecar.own_files import OwnFiles
from sidecar.rerank.model import RerankModel
from sidecar.runtime.presence import emptied, is_empty
from sidecar.runtime.reading import Reading, load_reading
from sidecar.runtime.vault_indexes import VaultIndexes
from sidecar.runtime.vaults import OpenVault
from sidecar.vault.archive import is_archive, unpack_archive
from sidecar.vault.files import check_vault, recognise_kind
from sidecar.vault.settings import VaultKind, VaultSettings
from sidecar.vault.staying import StayingPlaces

log = logging.getLogger(__name__)


async def open_vault(
    path: Path,
    *,
    name: str,
    data_dir: Path,
    embedding: EmbeddingModel | None,
    embedding_name: str,
    reopen_embedding: Callable[[str], EmbeddingModel | None],
    exclude: Sequence[str],
    local_only: Sequence[str] = (),
    kind: VaultKind | None = None,
    include_templates: bool = False,
    rebuild: bool = False,
    pacing: Pacing | None = None,
    rerank: RerankModel | None = None,
    even_away: bool = False,
    on_damaged: Callable[[Path], None] = lambda _: None,
    own_files: OwnFiles | None = None,
) -> OpenVault:
    """Open a vault, which is a folder or a zipped export, and its index. Raises VaultError or IndexUnavailableError.

    `reopen_embedding` opens the model that an older index was made with, by its name in the settings; `kind` is
    recognised when not given; `local_only` are globs of what stays on this machine, and `pacing` says how fast to
    index. `even_away` opens a vault that cannot be read when notes of it are in an index: they can be searched.
    `on_damaged` is called on the event loop with the path of an index file in which damage shows; `own_files` are the
    program's as they were when it started, those of now unless given.
    """
    place = await asyncio.to_thread(_find_place, path, data_dir, even_away=even_away)
    if rebuild:
        await asyncio.to_thread(shelf.remove_others, place.index, place.index / "none")
        await asyncio.to_thread(shelf.remove_asides, place.index)
    before = _asides(place.index)
    async with AsyncExitStack() as undo:
        indexes = await _open_indexes(place.index, embedding, reopen_embedding, on_damaged, undo)
        places = StayingPlaces.build(local_only)
        for index in indexes.targets():
            await index.write(partial(follow_places, places=places))
        absence = await _absence(place, indexes)
        told = await indexes.last_reading()
        chosen = kind or (told.kind if absence is not None else None)

        def load(before: VaultSettings, *, away: bool = False) -> Reading:
            return load_reading(
                place.read,
                (chosen if away else kind) or recognise_kind(place.read),
                before=before,
                exclude=exclude,
                include_templates=include_templates,
                away=away,
            )

        vault = OpenVault(
            name=name,
            path=place.read,
            given=place.given,
            indexes=indexes,
            reading=await asyncio.to_thread(load, told.settings, away=absence is not None),
            load=load,
            places=places,
            embedding_name=embedding_name,
            text_limit=await _text_limit(embedding),
            pacing=pacing,
            rerank=rerank,
            absence=absence,
            own_files=own_files,
        )
        for aside in sorted(_asides(place.index) - before)[-1:]:
            vault.tell_rebuilding(f"The index was damaged and is being built anew. The old file is kept as {aside}.")
        undo.pop_all()
        return vault


def _asides(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("index-*.db.damaged-*")}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a vault is."""

    given: Path
    """What was named."""
    read: Path
    """The folder that is read: of an archive, the one that it is unpacked into."""
    index: Path
    """The folder of its index."""
    error: VaultError | None = None
    """What keeps the vault from being read."""


def _find_place(path: Path, data_dir: Path, *, even_away: bool) -> _Place:
    given = path.resolve()
    folder = index_folder(data_dir, given)
    unpacked = folder / "unpacked"
    try:
        read = check_vault(unpack_archive(given, unpacked) if is_archive(given) else path)
    except VaultError as error:
        if not even_away or not any(folder.glob("index-*.db")):
            raise
        # What was unpacked before can be read as long as the archive cannot.
        archived = given.suffix.lower() == ".zip" and unpacked.is_dir()
        return _Place(given=given, read=unpacked if archived else given, index=folder, error=error)
    return _Place(given=given, read=read, index=folder)


async def _open_indexes(
    folder: Path,
    embedding: EmbeddingModel | None,
    reopen: Callable[[str], EmbeddingModel | None],
    on_damaged: Callable[[Path], None],
    undo: AsyncExitStack,
) -> VaultIndexes:
    reading = f"{READING_VERSION}/{CHUNKING_VERSION}"
    wanted = fingerprint(reading=reading, embedding=embedding.fingerprint if embedding else "none")
    path = folder / wanted.file_name
    database = await shelf.open_index(folder, wanted, on_damaged=lambda: on_damaged(path))
    undo.push_async_callback(database.aclose)
    if await shelf.is_complete(database):
        return VaultIndexes(database, embedding=embedding)
    found = await shelf.open_previous(folder, wanted, on_damaged=lambda: on_damaged(old.path))
    if found is None:
        return VaultIndexes(database, embedding=embedding)
    old, old_name = found
    undo.push_async_callback(old.aclose)
    model = _reopened(old_name, reopen, made=old.path.name, reading=reading)
    if model is not None:
        undo.push_async_callback(model.aclose)
    return VaultIndexes(database, embedding=embedding, previous=(old, model))


async def _absence(place: _Place, indexes: VaultIndexes) -> VaultError | None:
    """What keeps a vault from being read that is opened nevertheless. Raises it where nothing of it is in the index:
    there a search would find nothing, as if the vault were empty.
    """
    empty = await asyncio.to_thread(is_empty, place.read)
    if place.error is None and not empty:
        return None
    known = await indexes.hold_notes()
    if place.error is not None and not known:
        raise place.error
    return place.error or (emptied(place.read) if known else None)


async def _text_limit(embedding: EmbeddingModel | None) -> TextLimit | None:
    if embedding is None:
        return None
    try:
        return await embedding.text_limit()
    except SidecarError as error:
        log.info("the embedding model does not tell how long a text may be: %s", error.logged)
        return TextLimit()


def _reopened(
    name: str, reopen: Callable[[str], EmbeddingModel | None], *, made: str, reading: str
) -> EmbeddingModel | None:
    """The model that an older index file, called `made`, was made with; `None` when it is no longer there or is now
    another one of that name. Words then serve until the new index is whole.
    """
    try:
        model = reopen(name)
        same = model is not None and fingerprint(reading=reading, embedding=model.fingerprint).file_name == made
    except SidecarError as error:
        log.info("the embedding model of the index so far cannot be used: %s", error.logged)
        return None
    return model if same else None


def index_folder(data_dir: Path, vault: Path) -> Path:
    """Where a vault's index lives: readable, and distinct for vaults of one name."""
    slug = re.sub(r"[^\w.-]+", "-", vault.name).strip("-.")[:40] or "vault"
    digest = hashlib.blake2b(str(vault).encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
    return data_dir / "vaults" / f"{slug}-{digest}"


def free_name(path: Path, taken: Container[str]) -> str:
    """The folder's or archive's name, as Obsidian names vaults; numbered when two vaults share it."""
    own = (path.stem if path.suffix.lower() == ".zip" else path.name) or "vault"
    name, number = own, 2
    while name in taken:
        name = f"{own} {number}"
        number += 1
    return name
