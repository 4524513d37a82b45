"""Every open vault as a store of files: pages of them, single ones by their id, and what is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import apsw

from sidecar.errors import RequestError
from sidecar.index.listing import (
    FileRecord,
    FileStatus,
    FileTotals,
    file_at,
    file_text,
    file_totals,
    files_page,
)
from sidecar.index.records import ChunkRecord, chunks_of
from sidecar.runtime.configured import names_of, refuse_closed
from sidecar.runtime.file_ids import FileIds
from sidecar.runtime.vaults import OpenVault
from sidecar.runtime.vector_store import parse_file_id, vault_mark


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file with the vault that it lies in."""

    vault: str
    file: FileRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesPage:
    """Files in order, and whether there are more in the direction that was asked for."""

    files: Sequence[StoredFile]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesWanted:
    """What a page is to hold. `after` and `before` are ids of files; newest first unless `ascending`."""

    limit: int
    ascending: bool = False
    after: str | None = None
    before: str | None = None
    status: FileStatus | None = None


class Stores:
    """The vaults' files. What it keeps in memory belongs to no request: where the ids of each vault lead."""

    def __init__(self, vaults: Mapping[str, OpenVault]) -> None:
        """`vaults` may change: see `Vaults`."""
        self._vaults = vaults
        names = names_of(vaults)
        self._ids = {name: FileIds() for name in names}
        self._names = {vault_mark(name): name for name in names}

    async def totals(self, vault: OpenVault) -> FileTotals:
        """Counts and sizes of a vault's files. Reads a row of each."""
        return await vault.read(file_totals)

    async def page(self, vault: OpenVault, wanted: FilesWanted) -> FilesPage:
        """A page of one vault's files. Raises RequestError for a cursor that leads nowhere."""
        cursors = {"after": wanted.after, "before": wanted.before}
        marks = {param: self._mark(vault, given, param=param) for param, given in cursors.items() if given}
        return await vault.read(lambda connection: self._page(connection, vault.name, wanted, marks))

    async def page_of_all(self, wanted: FilesWanted) -> FilesPage:
        """A page of all open vaults' files, one vault behind the other. Raises RequestError, as `page`, and VaultError
        where the page before ended in a vault that has been closed since.
        """
        files: list[StoredFile] = []
        vaults, after = dict(self._vaults), wanted.after
        names = list(vaults)
        first = names[0] if after is None and names else self._vault_of(after)
        if after is not None and first is None:
            raise _no_cursor("after")
        # Without any open one, an empty page would have a client that keeps a copy of it drop everything.
        refuse_closed(self._vaults, lambda name: name == first or not names)
        for name in names[names.index(first) :] if first is not None else ():
            rest = FilesWanted(limit=wanted.limit + 1 - len(files), ascending=wanted.ascending, after=after)
            files += (await self.page(vaults[name], rest)).files
            after = None
            if len(files) > wanted.limit:
                break
        shown = files[: wanted.limit]
        for stored in shown[-1:]:
            await self._remember(vaults[stored.vault], stored)
        return FilesPage(files=shown, has_more=len(files) > wanted.limit)

    async def file(self, file_id: str, *, vault: OpenVault | None = None) -> StoredFile | None:
        """The file of an id, in a vault or in any; `None` when there is none (any longer). Raises VaultError when its
        vault cannot be opened now.
        """
        parsed = parse_file_id(file_id)
        name = self._names.get(parsed[0]) if parsed else None
        if parsed is None or name is None or (vault is not None and vault.name != name):
            return None
        mark = parsed[1]
        refuse_closed(self._vaults, name.__eq__)

        def read(connection: apsw.Connection) -> FileRecord | None:
            found = self._ids[name].find(connection, mark)
            return None if found is None else file_at(connection, found[0])

        file = await self._vaults[name].read(read)
        return None if file is None else StoredFile(vault=name, file=file)

    async def text(self, stored: StoredFile) -> list[str]:
        """The text of a file as the index holds it, piece by piece: comments and what is withheld are not in it."""
        refuse_closed(self._vaults, stored.vault.__eq__)
        return await self._vaults[stored.vault].read(lambda connection: file_text(connection, stored.file.note.path))

    async def pieces(self, vault: str, path: str) -> list[ChunkRecord]:
        """The pieces of a note, in order; none when vault or note is not there (any longer)."""
        opened = self._vaults.get(vault)
        return [] if opened is None else await opened.read(lambda connection: chunks_of(connection, path))

    def vault_of_mark(self, mark: str) -> str | None:
        """The name of the vault that these digits of a file's id stand for."""
        return self._names.get(mark)

    def _vault_of(self, file_id: str | None) -> str | None:
        parsed = parse_file_id(file_id) if file_id else None
        return self._names.get(parsed[0]) if parsed else None

    def _mark(self, vault: OpenVault, file_id: str, *, param: str) -> int:
        parsed = parse_file_id(file_id)
        if parsed is None or parsed[0] != vault_mark(vault.name):
            raise _no_cursor(param)
        return parsed[1]

    def _page(
        self, connection: apsw.Connection, vault: str, wanted: FilesWanted, marks: Mapping[str, int]
    ) -> FilesPage:
        rows = {param: self._ids[vault].place(connection, mark) for param, mark in marks.items()}
        if lost := [param for param, row in rows.items() if row is None]:
            raise _no_cursor(lost[0])
        after, before = rows.get("after"), rows.get("before")
        files = files_page(
            connection,
            limit=wanted.limit + 1,
            descending=not wanted.ascending,
            after=after,
            before=before,
            status=wanted.status,
        )
        more = len(files) > wanted.limit
        # Backwards, the one too many stands in front.
        shown = files[1:] if more and after is None and before is not None else files[: wanted.limit]
        for end in (shown[:1], shown[-1:]):
            for file in end:
                self._ids[vault].remember(connection, file.note.path, file.note.id)
        return FilesPage(files=[StoredFile(vault=vault, file=file) for file in shown], has_more=more)

    async def _remember(self, vault: OpenVault, stored: StoredFile) -> None:
        note = stored.file.note
        await vault.read(partial(self._ids[stored.vault].remember, path=note.path, row=note.id))


def _no_cursor(param: str) -> RequestError:
    return RequestError(
        f"There is no file with the id in '{param}'.",
        param=param,
        code="invalid_value",
        hint="Give the id of a file on the page before.",
    )
