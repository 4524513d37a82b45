"""The index files of one open vault: the one that is wanted, and a whole one that answers until that one is whole."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from sidecar.embedding.model import EmbeddingModel
from sidecar.index import records, shelf
from sidecar.index.database import Database
from sidecar.index.schema import read_meta
from sidecar.runtime.reading import KIND_KEY, SETTINGS_KEY, LastReading, kind_told
from sidecar.vault.settings import settings_told

log = logging.getLogger(__name__)


class VaultIndexes:
    """The indexes of one vault, while it is open; whoever made it closes it."""

    def __init__(
        self,
        wanted: Database,
        *,
        embedding: EmbeddingModel | None,
        previous: tuple[Database, EmbeddingModel | None] | None = None,
    ) -> None:
        """`embedding` is the model of the index that is wanted, and stays its owner's; `previous` is the one that
        answers meanwhile, with its model, and is closed here.
        """
        self.wanted = wanted
        self.embedding = embedding
        self._previous = previous
        # Whether no other index of this vault is left on the disk.
        self._alone = False
        self._file = _file_at(wanted.path)

    @property
    def folder(self) -> Path:
        """Where the files are: the vault's own folder in the data folder."""
        return self.wanted.path.parent

    @property
    def being_replaced(self) -> bool:
        """Whether an older index still answers."""
        return self._previous is not None

    def targets(self) -> tuple[Database, ...]:
        """Those that are written to, the wanted one first."""
        return (self.wanted,) if self._previous is None else (self.wanted, self._previous[0])

    def serving(self) -> Database:
        """The one that answers."""
        return self.wanted if self._previous is None else self._previous[0]

    def serving_embedding(self) -> EmbeddingModel | None:
        """The model of the one that answers; `None` when it has no vectors, or its model is there no more."""
        return self.embedding if self._previous is None else self._previous[1]

    async def hold_notes(self) -> bool:
        """Whether any of them knows a note. Raises IndexUnavailableError."""
        return any([await index.read(records.indexed_count) for index in self.targets()])

    async def last_reading(self) -> LastReading:
        """The settings that were last read whole, as the first index that has any tells them."""
        for index in self.targets():
            settings, kind = await index.read(lambda c: (read_meta(c, SETTINGS_KEY), read_meta(c, KIND_KEY)))
            if settings is not None:
                return LastReading(settings=settings_told(settings), kind=kind_told(kind))
        return LastReading(settings=settings_told(None), kind=None)

    async def is_complete(self) -> bool:
        """Whether the wanted index has once held everything. Raises IndexUnavailableError."""
        return await shelf.is_complete(self.wanted)

    def is_gone(self) -> bool:
        """Whether the wanted index's file has been deleted or replaced by another one. Asks the disk."""
        try:
            return self._file is not None and _file_at(self.wanted.path) != self._file
        except OSError:
            # Whoever may not look has lost nothing: the file is still open.
            return False

    async def switch(self) -> None:
        """Answer from the wanted index, which is whole, and delete all others, which nobody keeps true any longer."""
        if self._alone:
            return
        await self._close_previous()
        gone = await asyncio.to_thread(shelf.remove_others, self.folder, self.wanted.path)
        self._alone = True
        if gone:
            log.info("%s: answering from the new index, removed %d old ones", self.folder.name, len(gone))

    async def aclose(self) -> None:
        """Close them. Idempotent."""
        await self.wanted.aclose()
        await self._close_previous()

    async def _close_previous(self) -> None:
        if self._previous is None:
            return
        (old, model), self._previous = self._previous, None
        await old.aclose()
        if model is not None:
            await model.aclose()


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file stands at a path, whatever it holds; `None` for none. Raises OSError when that cannot be told."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
