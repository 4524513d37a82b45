"""Stored responses follow the notes that they drew on: when one is deleted or withheld, the answers made from it go.

What runs here: one task. It looks whenever a vault's index has settled and whenever a response has been kept, and asks
the index what became of the files; so what was deleted while the program was off is found too. A note that moved is
followed by the hash of its bytes. Nothing is believed gone that the indexer does not believe gone: while a vault is
away, is not gone through yet, has folders that cannot be read, or has lost notes that were held, its answers stay. An
edited note changes nothing: the answer is of its day. The task also deletes damaged files of responses that were set
aside: when a note was forgotten, and when they are old.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial

from sidecar.errors import IndexUnavailableError
from sidecar.index.whereabouts import whereabouts
from sidecar.runtime.stored_responses import StoredResponses
from sidecar.runtime.vaults import OpenVault

log = logging.getLogger(__name__)

_RETRY_SECONDS = 2.0
_ASIDES_SECONDS = 600.0


class Following:
    """Empties stored responses whose notes are gone, for as long as `run` runs."""

    def __init__(
        self,
        stored: StoredResponses,
        *,
        retry_seconds: float = _RETRY_SECONDS,
        asides_seconds: float = _ASIDES_SECONDS,
    ) -> None:
        self._stored = stored
        self._retry_seconds = retry_seconds
        self._asides_seconds = asides_seconds
        self._vaults: dict[str, OpenVault] = {}
        self._due: set[str] = set()
        self._forgotten = False
        self._told: str | None = None
        self._wake = asyncio.Event()
        stored.on_saved = self._look_at_all

    def follow(self, vault: OpenVault) -> None:
        """Look at this vault whenever it has settled, instead of one that was opened at the same path."""
        self._stored.identify(vault.name, vault.identity)
        vault.on_settled = partial(self._look, vault)
        vault.on_forgotten = self._forget_asides

    async def run(self) -> None:
        """Look at what is due until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._asides_seconds):
                    await self._wake.wait()
            self._wake.clear()
            due, self._due = self._due, set()
            forgotten, self._forgotten = self._forgotten, False
            try:
                await self._stored.remove_asides(old=not forgotten)
                for identity in sorted(due):
                    await self._look_into(self._vaults[identity])
            except IndexUnavailableError as error:
                # Once for each cause: a disk stays full for hours.
                if error.logged != self._told:
                    log.warning("answers from deleted notes are not removed yet: %s", error.logged)
                self._told = error.logged
                self._due |= due
                await asyncio.sleep(self._retry_seconds)
                self._wake.set()
            except Exception:  # the top of a background task: it must go on
                log.exception("looking for answers from deleted notes failed")
            else:
                self._told = None if due else self._told

    def _look(self, vault: OpenVault) -> None:
        self._vaults[vault.identity] = vault
        self._due.add(vault.identity)
        self._wake.set()

    def _forget_asides(self) -> None:
        self._forgotten = True
        self._wake.set()

    def _look_at_all(self) -> None:
        self._due |= self._vaults.keys()
        self._wake.set()

    async def _look_into(self, vault: OpenVault) -> None:
        known = await self._stored.drawn_on(vault.identity)
        if not known or not _settled(vault):
            return
        try:
            if await vault.lost_notes():
                return
            found = await vault.read(partial(whereabouts, known=known))
        except IndexUnavailableError:
            # It is closed or being built anew, and says so when it has settled.
            return
        seen = {path: each for path, each in found.here.items() if each is not None and each != known[path]}
        if seen or found.moved or found.gone:
            emptied = await self._stored.follow(vault.identity, seen=seen, moved=found.moved, gone=found.gone)
            if emptied:
                log.info("%d stored responses were emptied: notes that they drew on are gone", emptied)


def _settled(vault: OpenVault) -> bool:
    """Whether what the index does not have is not there."""
    progress = vault.indexer.progress
    # Embedding takes hours with a slow model, and changes nothing of what notes there are.
    still = progress.passes > 0 and progress.phase in ("idle", "embedding")
    return still and not progress.problems and vault.absence is None
