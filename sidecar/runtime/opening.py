"""A vault is opened: its folder (or archive), the index that fits, the index that answers meanwhile, its settings."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Callable, Container, Sequence
from functools import partial
from pathlib import Path

from sidecar.chunking import CHUNKING_VERSION
from sidecar.embedding.measure import TextLimit
from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import SidecarError
from sidecar.index import shelf
from sidecar.index.schema import fingerprint, read_meta
from sidecar.index.staying import follow_places
from sidecar.notes import READING_VERSION
from sidecar.rerank.model import RerankModel
from sidecar.runtime.reading import SETTINGS_KEY, Reading, load_reading
from sidecar.runtime.vaults import OpenVault
from sidecar.vault.archive import is_archive, unpack_archive
from sidecar.vault.files import check_vault, recognise_kind
from sidecar.vault.settings import VaultKind, VaultSettings, settings_told
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
    rerank: RerankModel | None = None,
) -> OpenVault:
    """Open a vault, which is a folder or a zipped export, and its index. Raises VaultError or IndexUnavailableError.

    `reopen_embedding` opens the model that an older index was made with, by its name in the settings; `kind` is
    recognised when not given; `local_only` are globs of what stays on this machine.
    """
    given, path, folder = await asyncio.to_thread(_opened_folder, path, data_dir)
    if rebuild:
        await asyncio.to_thread(shelf.remove_others, folder, folder / "none")
    reading = f"{READING_VERSION}/{CHUNKING_VERSION}"
    wanted = fingerprint(reading=reading, embedding=embedding.fingerprint if embedding else "none")
    database = await shelf.open_index(folder, wanted)
    previous = None
    if not await shelf.is_complete(database) and (found := await shelf.open_previous(folder, wanted)) is not None:
        old, old_name = found
        previous = (old, _reopened(old_name, reopen_embedding, made=old.path.name, reading=reading))
    places = StayingPlaces.build(local_only)
    for index in (database, *(() if previous is None else (previous[0],))):
        await index.write(partial(follow_places, places=places))
    before = settings_told(await database.read(lambda connection: read_meta(connection, SETTINGS_KEY)))

    def load(before: VaultSettings) -> Reading:
        return load_reading(
            path, kind or recognise_kind(path), before=before, exclude=exclude, include_templates=include_templates
        )

    return OpenVault(
        name=name,
        path=path,
        given=given,
        database=database,
        previous=previous,
        reading=await asyncio.to_thread(load, before),
        load=load,
        places=places,
        embedding=embedding,
        embedding_name=embedding_name,
        text_limit=await _text_limit(embedding),
        rerank=rerank,
    )


def _opened_folder(path: Path, data_dir: Path) -> tuple[Path, Path, Path]:
    """What was named, the folder that is read (of an archive, where it is unpacked), and the index's folder."""
    given = path.resolve()
    folder = index_folder(data_dir, given)
    return given, check_vault(unpack_archive(given, folder / "unpacked") if is_archive(given) else path), folder


async def _text_limit(embedding: EmbeddingModel | None) -> TextLimit | None:
    if embedding is None:
        return None
    try:
        return await embedding.text_limit()
    except SidecarError as error:
        log.info("the embedding model does not tell how long a text may be: %s", error.message)
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
        log.info("the embedding model of the index so far cannot be used: %s", error.message)
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
