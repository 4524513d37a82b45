"""Vaults that cannot be opened at the start, and indexes that are damaged, deleted or replaced while they serve."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Server, environment, serve, until

Record = Callable[[str, object], None]
Harm = Callable[[Path], None]


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    return _filled(tmp_path / "Garden", "gardenq")


def _filled(folder: Path, word: str) -> Path:
    folder.mkdir(parents=True)
    for number in range(20):
        (folder / f"Note {number}.md").write_text(f"# {word} {number}\n\nHere is {word} {number}.", encoding="utf-8")
    return folder


def _vault(server: Server, name: str) -> dict[str, Any]:
    return next(vault for vault in server.status()["vaults"] if vault["name"] == name)


def _models(server: Server) -> list[str]:
    return [model.id for model in server.official.models.list()]


def _stores(server: Server) -> list[str]:
    return [store["id"] for store in server.client.get("/v1/vector_stores").json()["data"]]


@pytest.mark.promise(12)
def test_a_vault_that_is_not_there_keeps_no_other_one_from_being_served(garden: Path, tmp_path: Path) -> None:
    away = tmp_path / "Away"
    with serve(away, garden, "--embedding-model", "none", data_dir=tmp_path / "data", wait=False) as server:
        until(lambda: server.status()["ready"])
        closed, opened = server.status()["vaults"]
        assert closed.keys() == opened.keys()
        assert (closed["name"], closed["ready"], closed["phase"]) == ("Away", False, "closed")
        assert "does not exist" in closed["problems"][0]
        for method, path, options in (
            ("POST", "/vault/search", {"json": {"query": "gardenq", "vault": "Away"}}),
            ("GET", "/vault/notes/a.md", {"params": {"vault": "Away"}}),
            ("POST", "/vault/sync", {"json": {"vault": "Away"}}),
            ("GET", "/v1/vector_stores/vs_Away", {}),
            ("POST", "/v1/chat/completions", {"json": _question("Away/extractive")}),
            (
                "POST",
                "/v1/responses",
                {"json": {"model": "vault", "input": "gardenq", "tools": [_file_search("Away")]}},
            ),
        ):
            answer = server.client.request(method, path, **options)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "vault_unavailable"), path
            assert "every 2 s" in answer.json()["error"]["message"]
        told = server.client.post("/vault/search", json={"query": "gardenq"}).json()
        assert told["results"]
        assert "Away" in told["problems"][0]
        assert "Away/extractive" not in _models(server)
        assert _stores(server) == ["vs_Garden"]
        assert server.client.get("/readyz").status_code == 200
        _filled(away, "awayq")
        until(lambda: _vault(server, "Away")["indexed"] == 20)
        assert server.found("awayq", vault="Away")
        assert "Away/extractive" in _models(server)
        assert _stores(server) == ["vs_Away", "vs_Garden"]
        assert "problems" not in server.client.post("/vault/search", json={"query": "awayq"}).json()
        (away / "Later.md").write_text("A laterq came.", encoding="utf-8")
        until(lambda: server.found("laterq", vault="Away") == ["Later.md"])


def _question(model: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "gardenq"}]}


def _file_search(vault: str) -> dict[str, Any]:
    return {"type": "file_search", "vector_store_ids": [f"vs_{vault}"]}


@pytest.mark.promise(12)
def test_an_archive_that_is_broken_is_opened_once_it_is_whole(garden: Path, tmp_path: Path) -> None:
    archive = tmp_path / "Export.zip"
    archive.write_bytes(b"PK\x03\x04 and then nothing")
    with serve(archive, garden, "--embedding-model", "none", data_dir=tmp_path / "data", wait=False) as server:
        assert "damaged or no zip file" in _vault(server, "Export")["problems"][0]
        code = "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').writestr('Page.md', 'An exportq.')"
        subprocess.run([sys.executable, "-c", code, archive], check=True)
        until(lambda: _vault(server, "Export")["indexed"] == 1)
        assert server.found("exportq", vault="Export") == ["Page.md"]


def test_a_path_that_never_was_a_vault_is_a_mistake(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sidecar", "serve", "--port", "0", "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(
        [*command, str(tmp_path / "Gardn")], capture_output=True, text=True, env=environment(), check=False, timeout=60
    )
    assert done.returncode == 1
    assert "does not exist" in done.stderr


def _overwritten(index: Path) -> None:
    """Other bytes in the middle of the file, which stays the same file, and nothing in its log."""
    with contextlib.suppress(FileNotFoundError):
        log = index.with_name(index.name + "-wal")
        with log.open("r+b") as opened:
            opened.truncate(0)
    size = index.stat().st_size
    with index.open("r+b") as opened:
        opened.seek(4096)
        opened.write(b"\xa5" * (size - 4096))


def _deleted(index: Path) -> None:
    for file in index.parent.glob("index-*"):
        file.unlink()


def _replaced(index: Path) -> None:
    other = index.with_name("other")
    other.write_bytes(b"no index at all" * 1000)
    other.replace(index)


_HARMS = {"overwritten": _overwritten, "deleted": _deleted, "replaced": _replaced}


@pytest.mark.promise(10)
def test_an_index_that_is_lost_while_it_serves_is_built_anew_from_the_notes(
    garden: Path, tmp_path: Path, record_property: Record
) -> None:
    with serve(garden, "--embedding-model", "none", data_dir=tmp_path / "data") as server:
        (index,) = (tmp_path / "data" / "vaults").glob("*/index-*.db")
        for number, (harm, lose) in enumerate(_HARMS.items()):
            lose(index)
            answers = _ask_until_whole(server, number, tmp_path / "data" / "serve.log")
            assert answers <= {200, 503}, harm
            assert server.process.poll() is None
            assert len(server.found("gardenq", limit=20)) == 20, harm
            assert bool(list(index.parent.glob("*.damaged-*"))) is (harm != "deleted")
            (garden / f"Later {number}.md").write_text(f"A later{number}q came.", encoding="utf-8")
            until(lambda number=number: server.best(f"later{number}q") == f"Later {number}.md")  # type: ignore[misc]  # mypy cannot infer a lambda's default
    record_property("ways_to_lose_an_index", len(_HARMS))
    with serve(garden, "--embedding-model", "none", data_dir=tmp_path / "data") as server:
        assert server.best("later1q") == "Later 1.md"


def _ask_until_whole(server: Server, before: int, log: Path) -> set[int]:
    """Search until the index, lost once more often than `before`, is whole again; the status codes of the answers."""
    codes = set()

    def whole() -> bool:
        codes.add(server.client.post("/vault/search", json={"query": "gardenq"}).status_code)
        # Before the status, which may still be that of the index before.
        lost = log.read_text(encoding="utf-8").count("sidecar.runtime.keeper")
        status = _vault(server, "Garden")
        return lost > before and status["indexed"] == 20 + before and status["ready"] and not status["rebuilding"]

    until(whole, seconds=60)
    assert _vault(server, "Garden")["problems"] == []
    return codes
