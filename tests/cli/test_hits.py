"""How hits say in a terminal why they were found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.cli.hits import show_hits
from sidecar.cli.why_line import why_line
from tests.cli.test_status import run
from tests.serving import serve

NOTES = {
    "Boiler.md": "The boiler hums, see [[Valve]].",
    "Valve.md": "A valve that turns.",
    "Repairs.md": "Hums of a boiler were repaired.",
}


def lane(name: str, rank: int | None = None, detail: str | None = None) -> dict[str, Any]:
    return {"lane": name, "rank": rank, "detail": detail}


@pytest.mark.parametrize(
    ("lanes", "line"),
    [
        (
            [
                lane("words", 3, "boiler, repair"),
                lane("vectors", 1),
                lane("names", detail="Boiler"),
                lane("dates", detail="2024-03-12"),
                lane("graph", detail="Heating.md"),
            ],
            'words 3rd (boiler, repair) · meaning 1st (0.71) · named "Boiler" · of 2024-03-12 · linked from Heating.md',
        ),
        ([lane("words", 11, "a"), lane("rerank", 2)], "words 11th (a) · rerank 2nd"),
        ([lane("words", 112, "a\x00\nb")], "words 112th (a\\x00 b)"),
        ([lane("days", detail="2024-03-01..2024-03-31")], "mentions 2024-03-01..2024-03-31"),
        ([lane("phrases", detail="{x}"), lane("filters")], 'says "{x}" · fits the filters'),
        ([lane("shared links", detail="Hub"), lane("tags", detail="#a")], "both linked with Hub · both #a"),
        ([], ""),
    ],
)
def test_lanes_are_told_in_one_line(lanes: list[dict[str, Any]], line: str) -> None:
    assert why_line({"similarity": 0.71, "lanes": lanes}) == line


def test_a_clipped_page_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hit = {
        "title": "Boi\x1b[31mler",
        "heading_path": ["He\u202ead"],
        "path": "a\nb.md",
        "uri": "obsidian://open?vault=Notes",
        "score": 0.5,
        "span": {"start_line": 1, "end_line": 2},
        "text": "It hums \x1b]0;title\x07 loudly.",
    }
    show_hits([hit], none="")
    shown = capsys.readouterr().out
    assert shown.splitlines() == [
        "Boi\\x1b[31mler > He\\u202ead  0.50",
        "  a\\nb.md:1-2",
        "  It hums \\x1b]0;title\\x07 loudly.",
    ]


def test_an_answer_cannot_steer_the_terminal(tmp_path: Path) -> None:
    vault = tmp_path / "Notes"
    vault.mkdir()
    (vault / "Boiler.md").write_text("# Boiler\n\nThe boiler code is 4471\x1b]0;title\x07 today.\n", encoding="utf-8")
    said = run("ask", "What is the boiler code?", "--vault", vault, "--data-dir", tmp_path / "data")
    assert "4471" in said
    assert not {"\x1b", "\x07"} & set(said)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("Notes")
    for path, text in NOTES.items():
        (root / path).write_text(text, encoding="utf-8")
    return root


def test_related_notes_are_the_same_from_a_running_server_and_without_one(vault: Path, tmp_path: Path) -> None:
    alone = ["--vault", str(vault), "--data-dir", str(tmp_path / "alone")]
    with serve(vault, data_dir=tmp_path / "served") as server:
        server.ready()
        for place in (alone, ["--data-dir", str(tmp_path / "served")]):
            found = json.loads(run("related", "boiler", *place, "--json"))["results"]
            assert {each["path"]: (each["linked"], each["links_to"], each["linked_from"]) for each in found} == {
                "Valve.md": (True, True, False),
                "Repairs.md": (False, False, False),
            }
            assert "the note links to it" in run("related", vault / "Boiler.md", *place, "--limit", "5")
            assert "words 1st (repaired)" in run("search", "repaired", *place, "--explain", "--limit", "1")
            assert "own filters: path:Else" in run("why", "Valve", "turns path:Else", *place)


def test_a_note_that_is_not_there_has_no_related_ones(vault: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no indexed note"):
        run("related", "Nowhere", "--vault", vault, "--data-dir", tmp_path)
