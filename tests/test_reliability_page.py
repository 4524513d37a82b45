"""The page of promises: which tests attack each, and what running them leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import reliability

ROOT = Path(__file__).resolve().parent.parent
ATTACKS = """
import pytest

@pytest.mark.promise(3)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_forms_are_refused(number, record_property):
    record_property("forms", number)
    record_property("kind", "text/plain")
    assert number < 3

@pytest.mark.promise(3)
@pytest.mark.nightly
def test_all_forms_are_refused(record_property):
    record_property("forms", 1000)

@pytest.mark.promise(5)
@pytest.mark.parametrize("size", [1, pytest.param(1000, marks=pytest.mark.nightly)])
def test_a_crowd(size, record_property):
    if size == 1:
        pytest.skip("needs a crowd")
    record_property("size", size)

def test_of_no_promise():
    pass
"""


@pytest.mark.parametrize("number", range(1, 17))
def test_every_promise_is_attacked_by_a_quick_test(number: int) -> None:
    assert [test for test in reliability.find_tests() if number in test.promises and not test.nightly]


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest in a folder of its own, with the plugin that gathers what tests of promises find."""
    (folder / "test_attacks.py").write_text(ATTACKS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.reliability.results", "-p", "no:cacheprovider", "-q"]
    options = ["--rootdir", str(folder), "-c", "/dev/null", *arguments, "test_attacks.py"]
    return subprocess.run(
        [*command, *options], cwd=folder, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True
    )


def test_nightly_tests_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    assert "2 deselected" in run(tmp_path).stdout
    assert "deselected" not in run(tmp_path, "--nightly").stdout


def test_what_tests_of_promises_found_is_kept_by_test_and_added_up_over_its_cases(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text(json.dumps({"tests/other.py::test_before": {"passed": 1}}), encoding="utf-8")
    done = run(tmp_path, "--results", str(file))
    found = json.loads(file.read_text(encoding="utf-8"))
    assert set(found) == {
        "tests/other.py::test_before",
        "test_attacks.py::test_forms_are_refused",
        "test_attacks.py::test_a_crowd",
    }, done.stdout
    forms = found["test_attacks.py::test_forms_are_refused"]
    assert (forms["passed"], forms["failed"], forms["skipped"]) == (2, 1, 0)
    assert forms["measured"] == {"forms": [1, 3], "kind": "text/plain"}
    crowd = found["test_attacks.py::test_a_crowd"]
    assert (crowd["skipped"], crowd["reasons"]) == (1, ["Skipped: needs a crowd"])


def test_a_quick_run_does_not_replace_what_the_nightly_cases_of_a_test_found(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    run(tmp_path, "--nightly", "--results", str(file))
    run(tmp_path, "--results", str(file))
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["test_attacks.py::test_a_crowd (nightly)"]["measured"] == {"size": 1000}
    assert found["test_attacks.py::test_a_crowd"]["skipped"] == 1
    assert "test_attacks.py::test_all_forms_are_refused (nightly)" in found


def test_a_mark_of_a_promise_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "test_wrong.py").write_text(ATTACKS.replace("promise(5)", "promise(99)"), encoding="utf-8")
    done = run(tmp_path, "test_wrong.py")
    assert "there is no promise 99" in done.stderr + done.stdout


def test_the_page_shows_failures_skips_and_ranges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_attacks.py").write_text(ATTACKS, encoding="utf-8")
    found = {
        "passed": 2,
        "failed": 1,
        "skipped": 0,
        "date": "2026-01-01",
        "system": "Linux",
        "measured": {"ms": [1, 2.5]},
    }
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"tests/test_attacks.py::test_forms_are_refused": found}), encoding="utf-8")
    monkeypatch.setattr(reliability, "ROOT", tmp_path)
    monkeypatch.setattr(reliability, "TESTS", tests)
    monkeypatch.setattr(reliability, "RESULTS", results)
    page = list(reliability.reliability_page())
    (three,) = [line for line in page if line.startswith("| 3 |")]
    assert three.endswith("| 2 | **1 failed**, 0 passed, 1 not run |")
    (row,) = [line for line in page if "[forms are refused]" in line]
    assert row.endswith("| quick | 2 passed, 1 failed, 2026-01-01, Linux | ms: 1 to 2.5 |")
    assert [line.split(" | ")[1] for line in page if "[a crowd]" in line] == ["quick", "nightly"]
    (one,) = [line for line in page if line.startswith("| 1 |")]
    assert "**no test**" in one
