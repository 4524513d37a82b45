"""What `sidecar status` and `sidecar why` say of a vault with a file of each sort."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.cli.status import by_meaning, held_up
from tests.serving import environment, serve, until

FILES = {
    ".obsidian/templates.json": '{"folder": "Templates"}',
    "Home.md": "Everything begins here.",
    "Home/Boiler.md": "The boiler at home.",
    "Work/Boiler.md": "---\na: [b\n---\nThe boiler at work.",
    "Templates/Daily.md": "# {{title}}",
    "Diary.md": "---\nprivate: true\n---\nSecret.",
    "Note (conflicted copy 2024-01-31).md": "Twice.",
    **{f"Files/{number}.docx": "x" for number in range(30)},
}


def run(*arguments: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "sidecar", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment() | {"PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=60,
        check=False,
        cwd=cwd,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("Notes")
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module", params=["server", "alone"])
def place(request: pytest.FixtureRequest, vault: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Flags under which a command asks a running server, or opens the index itself."""
    data = tmp_path_factory.mktemp("data")
    if request.param == "alone":
        run("index", vault, "--data-dir", data)
        yield ["--vault", str(vault), "--data-dir", str(data)]
        return
    with serve(vault, data_dir=data) as server:
        server.ready()
        yield ["--data-dir", str(data)]


def test_counts_add_up_to_the_files_on_disk(place: list[str]) -> None:
    (vault,) = json.loads(run("status", "--json", *place))["vaults"]
    assert vault["files"] == len(FILES) - 1
    assert vault["kind"] == "obsidian"
    assert sum(vault["excluded_by_rule"].values()) == vault["excluded"] == len(vault["excluded_files"])
    assert vault["problems_by_code"] == {"frontmatter-invalid": 1}
    assert [note["path"] for note in vault["problem_notes"]] == ["Work/Boiler.md"]
    assert vault["failed_files"] == []


def test_excluded_files_are_listed_by_rule_with_what_to_do_and_long_lists_end(place: list[str]) -> None:
    told = run("status", "--excluded", *place)
    assert "templates: Templates, 1 file\n" in told
    assert "include_templates = true" in told
    assert "      Templates/Daily.md" in told
    assert "unsupported, 30 files" in told
    assert "and 10 more" in told


def test_lists_that_are_empty_say_so(place: list[str]) -> None:
    assert "no file failed" in run("status", "--failed", *place)
    assert "Work/Boiler.md: " in run("status", "--problems", *place)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("Home.md", "Home.md: indexed"),
        ("home", "Home.md: indexed"),
        ("Daily", "Templates/Daily.md: excluded (templates: Templates)"),
        ("Work\\Boiler", "Work/Boiler.md: indexed"),
        ("Files/3.docx", "Files/3.docx: excluded (unsupported)"),
        ("Diary", "Take that out of the note"),
        ("Boiler", "Which one is meant?\n    Home/Boiler.md\n    Work/Boiler.md"),
        ("Nowhere", "Nowhere: unknown (no such file"),
    ],
)
def test_why_takes_a_file_by_what_people_type(place: list[str], typed: str, says: str) -> None:
    assert says in run("why", typed, *place)


def test_why_takes_a_path_from_where_the_user_stands(place: list[str], vault: Path) -> None:
    assert "Work/Boiler.md: indexed" in run("why", "Boiler.md", *place, cwd=vault / "Work")
    assert "Home/Boiler.md: indexed" in run("why", vault / "Home" / "Boiler.md", *place)


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (
            {"chunks": 60_000, "chunks_without_vector": 58_800},
            "search by meaning: 1,200 of 60,000 pieces have a vector; words find them all",
        ),
        ({"chunks": 9, "chunks_without_vector": 0}, None),
        ({"chunks": 9, "chunks_without_vector": 9, "phase": "closed"}, None),
        ({"chunks": 9}, None),
    ],
)
def test_it_is_said_how_many_pieces_meaning_can_find_yet(told: dict[str, Any], line: str | None) -> None:
    assert by_meaning({"phase": "embedding", **told}) == line


def test_a_vault_without_files_has_no_notes_yet(tmp_path: Path) -> None:
    (tmp_path / "Empty").mkdir()
    assert "no notes yet" in run("status", "--vault", tmp_path / "Empty", "--data-dir", tmp_path / "data")


def test_a_file_that_comes_or_goes_while_the_server_runs_is_in_the_ledger_or_not(tmp_path: Path) -> None:
    root = tmp_path / "Living"
    root.mkdir()
    with serve(root, data_dir=tmp_path / "data") as server:
        server.ready()
        (root / "report.docx").touch()
        until(lambda: server.status()["vaults"][0]["excluded_by_rule"] == {"unsupported": 1})
        (root / "report.docx").unlink()
        until(lambda: server.status()["vaults"][0]["files"] == 0)


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ({"paused": "on battery", "slowed": None, "pending": 1}, ["paused: on battery; 1 new file to be read."]),
        ({"paused": "on battery", "slowed": None, "pending": 0}, ["paused: on battery."]),
        ({"paused": None, "slowed": "on battery", "pending": 2}, ["slowly: on battery; 2 new files to be read"]),
        ({"paused": None, "slowed": None, "pending": 2}, []),
        ({"pending": 2}, []),
    ],
)
def test_what_keeps_the_indexing_is_told(told: dict[str, Any], lines: list[str]) -> None:
    found = list(held_up(told))
    assert len(found) == len(lines)
    assert all(line.startswith(begin) for line, begin in zip(found, lines, strict=True))
