"""What is done to an index once it is whole and nothing waits: how far its vectors are to be trusted is measured, and
its word lists are put into one piece.
"""

from __future__ import annotations

from functools import partial

from sidecar.index.database import Database
from sidecar.index.lexical import merge_some
from sidecar.retrieval.retriever import Retriever
from sidecar.retrieval.trust import store_trust, trust_is_due
from sidecar.runtime.vault_indexes import VaultIndexes

_TRUST_SECONDS = 60.0


async def keep_trust(indexes: VaultIndexes, retriever: Retriever) -> None:
    """Measure how far the vectors are to be trusted, where that has not been done for an index of this size. Raises
    SidecarError when the model or the index fails.
    """
    index = indexes.serving()
    away = indexes.embedding is not None and not indexes.embedding.on_this_machine
    if index is not indexes.wanted or not await index.read(partial(trust_is_due, away=away)):
        return
    weights = await retriever.measure_trust(index, seconds=_TRUST_SECONDS)
    if weights is not None:
        await index.write(lambda connection: store_trust(connection, weights))
    await _merge(index)


async def _merge(index: Database) -> None:
    # In pieces: whoever saves a note meanwhile must not wait for all of it.
    more = await index.write(partial(merge_some, first=True))
    while more:
        more = await index.write(partial(merge_some, first=False))
