"""Whole vaults are indexed for real, and what the index says of them is compared with the files on the disk.

The vaults of the test suite always; larger ones, written by others, where they lie beside the repository.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.config import Config
from sidecar.index import graph, records
from sidecar.index.database import Database
from sidecar.runtime.opening import index_folder
from sidecar.runtime.runtime import open_runtime

_OWN = Path(__file__).parents[1] / "vaults"
_OTHERS = Path(__file__).parents[3] / "shared" / "data" / "vaults"


def _vaults() -> list[Path]:
    folders = [_OWN, *([_OTHERS] if _OTHERS.is_dir() else [])]
    return sorted(path for folder in folders for path in folder.iterdir() if path.is_dir())


def _files(vault: Path) -> Iterator[str]:
    for folder, names, files in os.walk(vault):
        names[:] = [name for name in names if not name.startswith(".") and name != "node_modules"]
        yield from ((Path(folder) / name).relative_to(vault).as_posix() for name in files if not name.startswith("."))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _names(path: str) -> Iterator[str]:
    """Every way to end a link to this file: from any folder on, with a note's extension and without."""
    parts = _plain(path).split("/")
    for start in range(len(parts)):
        name = "/".join(parts[start:])
        yield from (name, name.removesuffix(".md"))


@pytest.mark.anyio
@pytest.mark.parametrize("vault", [pytest.param(path, id=path.name) for path in _vaults()])
async def test_the_ledger_adds_up_and_every_link_is_resolved_or_leads_to_nothing(vault: Path, tmp_path: Path) -> None:
    on_disk = set(_files(vault))
    async with open_runtime(Config(vaults=(vault,), data_dir=tmp_path, embedding_model="none")) as runtime:
        opened = runtime.vault(None)
        await opened.index(accept_removals=False)
        status = await opened.status(lists=("excluded", "failed"))
    assert status["files"] == status["indexed"] + status["excluded"] + status["failed"] == len(on_disk)
    assert status["failed"] == 0, status["failed_files"]
    assert sum(status["excluded_by_rule"].values()) == status["excluded"]

    (file,) = index_folder(tmp_path, vault.resolve()).glob("index-*.db")
    database = Database(file, read_only=True)
    try:
        ledger = await database.read(records.ledger)
        links = await database.read(lambda c: [link for path in ledger for link in graph.outgoing(c, path)])
        missing = await database.read(graph.unresolved)
    finally:
        await database.aclose()
    assert set(ledger) == on_disk
    assert all(link.path is None or link.path.partition("#")[0] in on_disk for link in links)
    known = {name for path in on_disk for name in _names(path)}
    for each in missing:
        target = _plain(each.target.split("#")[0].split("^")[0].strip().lstrip("./"))
        assert target not in known or not target, f"{each.target} in {each.sources[0]} could be resolved"
