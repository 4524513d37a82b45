"""The status of a vault that is not open: every key that an open one's has, and what keeps it closed."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from sidecar.runtime.ledger import ledger_facts, unresolved_facts
from sidecar.runtime.status_words import CLOSED
from sidecar.vault.settings import VaultKind


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
