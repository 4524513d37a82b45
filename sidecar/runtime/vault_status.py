"""The status of a vault, as `GET /vault/status` tells it: of one that is open, and of one that is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from sidecar.embedding.model import EmbeddingModel
from sidecar.errors import VaultError
from sidecar.index import records, vectors
from sidecar.index.graph import link_counts, unresolved
from sidecar.indexer.progress import Progress
from sidecar.runtime.ledger import ledger_facts, unresolved_facts
from sidecar.runtime.status_words import CLOSED
from sidecar.runtime.vault_indexes import VaultIndexes
from sidecar.vault.settings import VaultKind, VaultSettings

_CONFIRM = (
    "If they were deleted on purpose, say so: `sidecar index --accept-removals`, or POST /vault/sync with"
    " accept_removals."
)


async def open_status(
    name: str,
    path: Path,
    *,
    settings: VaultSettings,
    indexes: VaultIndexes,
    progress: Progress,
    rebuilding: Callable[[], bool],
    problems: Callable[[], Sequence[str]],
    lists: Container[str] = (),
) -> Mapping[str, Any]:
    """Counts of the wanted index, how far it is, and what is wrong; `lists` (`LEDGER_LISTS`) names the files as well.
    `rebuilding` and `problems` are asked last, together with whether it is ready. Raises IndexUnavailableError.
    """
    index, model = indexes.wanted, indexes.embedding
    counts = await index.read(records.counts)
    links = await index.read(link_counts)
    notable = await index.read(records.notable)
    missing = await index.read(unresolved) if "unresolved" in lists else None
    dimensions = await index.read(vectors.dimensions)
    listed = await asyncio.to_thread(ledger_facts, notable.values(), lists=lists)
    return {
        "name": name,
        "path": str(path),
        "kind": settings.kind,
        "files": counts.indexed + counts.excluded + counts.failed + progress.unknown,
        "indexed": counts.indexed,
        "excluded": counts.excluded,
        "failed": counts.failed,
        "local": counts.local,
        "pending": progress.unknown,
        "chunks": counts.chunks,
        "chunks_without_vector": _waiting_for_vectors(counts, model),
        "embedding": {"model": model.name if model else None, "dimensions": dimensions},
        "links": {"resolved": links.resolved, "unresolved": links.unresolved},
        **listed,
        **({} if missing is None else unresolved_facts(missing)),
        "phase": progress.phase,
        "paused": progress.paused,
        "slowed": progress.slowed,
        "ready": progress.ready,
        "rebuilding": rebuilding(),
        "problems": list(problems()),
    }


def problems_told(
    first: Sequence[str | None], *, absence: VaultError | None, beside: Sequence[str | None], held: int, lost: int
) -> list[str]:
    """What is wrong with an open vault, in sentences: what comes `first`; that it is away, or else what is `beside`;
    how many vanished notes are `held`, and how many of them are `lost` with an index. `None` says nothing.
    """
    told = [*first]
    if absence is not None:
        # What follows from its being away is not worth saying again.
        hint = absence.hint or ""
        told.append(f"{absence.message} Search answers from what is known of it; nothing is forgotten. {hint}")
    else:
        told += beside
    if held:
        told.append(f"{held} notes vanished from the vault at once and are still searchable. {_CONFIRM}")
    if lost:
        told.append(
            f"{lost} notes that had vanished are no longer searchable since the index was built anew; they come back"
            f" with their files. {_CONFIRM}"
        )
    return [problem.strip() for problem in told if problem]


def _waiting_for_vectors(counts: records.Counts, model: EmbeddingModel | None) -> int:
    """How many chunks the embedding model is still to be given. One elsewhere is never given some."""
    if model is None:
        return 0
    return counts.unembedded - (0 if model.on_this_machine else counts.unembedded_local)


def closed_status(
    name: str, path: Path, *, kind: VaultKind | None, problem: str, lists: Container[str] = ()
) -> Mapping[str, Any]:
    """As `OpenVault.status`, of a vault that nothing can be asked of. `kind` is the configured one; what cannot be
    looked into is taken for a folder.
    """
    counts = ("files", "indexed", "excluded", "failed", "local", "pending", "chunks", "chunks_without_vector")
    return {
        "name": name,
        "path": str(path),
        "kind": kind or "folder",
        **dict.fromkeys(counts, 0),
        "embedding": {"model": None, "dimensions": None},
        "links": {"resolved": 0, "unresolved": 0},
        **ledger_facts((), lists=lists),
        **(unresolved_facts(()) if "unresolved" in lists else {}),
        "phase": CLOSED,
        "paused": None,
        "slowed": None,
        "ready": False,
        "rebuilding": False,
        "problems": [problem],
    }
