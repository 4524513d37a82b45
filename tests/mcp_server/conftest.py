"""A running server with a vault, and two clients of it: one whose model runs elsewhere, one whose model runs here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mcp_server.notes import NOTES
from tests.mcp_server.talking import Talk, talking, write_notes
from tests.serving import Server, serve


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("mcp")
    vault = write_notes(folder / "Notes", NOTES)
    settings = folder / "data" / "config.toml"
    settings.parent.mkdir()
    settings.write_text('local_only = ["Journal/**"]\n', encoding="utf-8")
    with serve(vault, "--config", settings, data_dir=folder / "data") as server:
        yield server


@pytest.fixture(scope="session")
def away(served: Server) -> Iterator[Talk]:
    with talking(data_dir=served.data_dir) as talk:
        yield talk


@pytest.fixture(scope="session")
def here(served: Server) -> Iterator[Talk]:
    with talking("--client-is-local", data_dir=served.data_dir) as talk:
        yield talk


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return write_notes(tmp_path / "Small", {"Numbat.md": "# Numbat\n\nThe numbat eats termites.\n"})
