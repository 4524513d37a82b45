"""`sidecar eval` as a person at a terminal, or a script, runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.serving import DEMO_VAULT, environment, serve

QUESTIONS: list[dict[str, Any]] = [
    {"question": "What is the gate code for the cabin?", "expected": ["Cabin#Getting in"], "tags": ["codes"]},
    {"question": "Quanto custa o condomínio?", "expected": ["[[Condomínio]]"], "language": "pt", "not": ["Boiler"]},
    {"question": "xylograph zeppelin quokka", "expected": ["Home"]},
    {"question": "xylograph zeppelin quokka", "expected": [], "language": "none"},
]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sidecar", "eval", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment(), timeout=120, check=False
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> list[str | Path]:
    """Flags for the demonstration vault, searched by words alone, so that what no note says is found nowhere."""
    return ["--vault", DEMO_VAULT, "--embedding-model", "none", "--data-dir", tmp_path_factory.mktemp("data")]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("questions") / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, QUESTIONS)), encoding="utf-8")
    return path


def test_in_a_pipe_figures_are_lines_with_tabs(file: Path, place: list[str | Path]) -> None:
    done = run(file, *place, "--limit", "5")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "demo: 4 questions, no embedding, words alone"
    rows = [line.split("\t") for line in lines if "\t" in line]
    assert rows[0][1:5] == ["questions", "nDCG@5", "Recall@5", "MRR@5"]
    assert {row[0]: row[1] for row in rows[1:]} == {"all": "3", "en": "2", "pt": "1", "none": "0", "#codes": "1"}
    assert rows[1][2:6] == ["66.7"] * 4
    assert "Should find nothing: 1 of 1" in done.stdout
    assert "Should not come: 0 of 1" in done.stdout
    assert "1 question failed; --failures lists them." in done.stdout
    assert "\x1b" not in done.stdout


def test_failures_say_where_the_expected_note_came(file: Path, place: list[str | Path]) -> None:
    told = run(file, *place, "--failures").stdout
    assert "line 3: xylograph zeppelin quokka" in told
    assert "expected: Home.md" in told
    assert "not among the first 200 hits; by words alone not found; words matched: none" in told
    assert "found first: nothing" in told


def test_json_holds_every_question_and_an_ablation_every_part(file: Path, place: list[str | Path]) -> None:
    done = run(file, *place, "--json", "--ablation")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["vault"], found["embedding"], found["limit"]) == ("demo", None, 10)
    assert [result["rank"] for result in found["results"]] == [1, 1, None, None]
    assert found["results"][0]["found"][0] == "Places/Cabin.md#Getting in"
    names = {each["name"]: each for each in found["ablation"]}
    assert (names["without words"]["worse"], names["without words"]["ndcg"]) == (2, 0.0)
    assert "without vectors" not in names


def test_results_are_kept_and_compared_with(file: Path, place: list[str | Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    assert run(file, *place, "--save", kept).returncode == 0
    results = json.loads(kept.read_text(encoding="utf-8"))
    results["results"][0] |= {"score": 0.5, "rank": 3}
    kept.write_text(json.dumps(results), encoding="utf-8")
    told = run(file, *place, "--compare", kept).stdout
    assert "Better:\n  50.0 → 100.0, rank 3 → 1: What is the gate code" in told
    assert "1 better, 0 worse" in told
    comparison = json.loads(run(file, *place, "--compare", kept, "--json").stdout)["comparison"]
    assert (comparison["common"], len(comparison["better"]), comparison["worse"]) == (3, 1, [])
    assert "--limit 10" in run(file, *place, "--compare", kept, "--limit", "3").stderr


@pytest.mark.parametrize(
    ("lines", "flags", "said"),
    [
        ("nonsense", [], "questions.jsonl, line 1: is not JSON"),
        ('{"question": "a", "expected": ["Cabn"]}', [], "is 'Cabin' meant?"),
        ('{"question": "a", "expected": ["Private/Diary"]}', [], "no indexed note is called 'Private/Diary'"),
        ('{"question": "a", "expected": ["Cabin"]}', ["--compare", "none.json"], "No such file"),
        ('{"question": "a", "expected": ["Cabin"]}', ["--save", "none/kept.json"], "cannot be kept"),
    ],
)
def test_what_the_user_can_put_right_is_said_with_a_hint(
    place: list[str | Path], tmp_path: Path, lines: str, flags: list[str], said: str
) -> None:
    (tmp_path / "questions.jsonl").write_text(lines, encoding="utf-8")
    done = run(tmp_path / "questions.jsonl", *place, *flags)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Hint:" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_file_and_a_limit_of_none_are_usage_errors(file: Path) -> None:
    assert run().returncode == 2
    assert run(file, "--limit", "0").returncode == 2


def test_names_and_questions_cannot_steer_the_terminal(place: list[str | Path], tmp_path: Path) -> None:
    record = {"question": "\x1b[31mxylograph", "expected": ["Home"], "tags": ["\x1b[2J"], "language": "\x1b]0;"}
    (tmp_path / "questions.jsonl").write_text(json.dumps(record), encoding="utf-8")
    done = run(tmp_path / "questions.jsonl", *place, "--failures")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "xylograph" in done.stdout


def test_beside_a_running_server_a_copy_of_its_index_is_asked(file: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serve(DEMO_VAULT, "--embedding-model", "none", data_dir=data) as server:
        server.ready()
        before = {path: path.stat().st_mtime_ns for path in data.rglob("index-*.db")}
        places: tuple[list[str | Path], ...] = ([], ["--vault", DEMO_VAULT])
        for here in places:
            done = run(file, "--data-dir", data, "--embedding-model", "none", *here, "--json")
            assert done.returncode == 0, done.stderr
            assert [result["rank"] for result in json.loads(done.stdout)["results"]] == [1, 1, None, None]
        assert server.best("gate code for the cabin") == "Places/Cabin.md"
        assert {path: path.stat().st_mtime_ns for path in data.rglob("index-*.db")} == before
