from __future__ import annotations

import pytest

from sidecar.index.store import FileState, LedgerEntry, NoteStatus
from sidecar.notes.note import Problem
from sidecar.runtime.ledger import ledger_facts, why_facts
from sidecar.runtime.status_words import LEDGER_LISTS

INVALID = Problem(code="frontmatter-invalid", message="Not valid YAML.", line=2)
REPAIRED = Problem(code="encoding-repaired", message="It was read as Mac Roman.")


def entry(path: str, status: NoteStatus, reason: str | None = None, *problems: Problem) -> LedgerEntry:
    file = FileState(size=1, mtime_ns=1, content_hash=None)
    return LedgerEntry(path=path, status=status, reason=reason, file=file, problems=problems)


LEDGER = {
    each.path: each
    for each in (
        entry("b.md", "indexed", None, INVALID, INVALID, REPAIRED),
        entry("a.md", "indexed", None, INVALID),
        entry("Work/Boiler.md", "indexed"),
        entry("Home/Boiler.md", "excluded", "templates: Home"),
        entry("y.png", "excluded", "unsupported"),
        entry("x.png", "excluded", "unsupported"),
        entry("z.md", "failed", "It cannot be read."),
    )
}


def test_files_are_counted_by_rule_and_notes_by_problem_most_first() -> None:
    facts = ledger_facts(LEDGER.values())
    assert list(facts["excluded_by_rule"].items()) == [("unsupported", 2), ("templates: Home", 1)]
    assert list(facts["problems_by_code"].items()) == [("frontmatter-invalid", 2), ("encoding-repaired", 1)]
    assert facts.keys() == {"excluded_by_rule", "problems_by_code"}


def test_files_are_listed_by_path_when_asked_for() -> None:
    facts = ledger_facts(LEDGER.values(), lists=LEDGER_LISTS)
    assert facts["excluded_files"] == [
        {"path": "Home/Boiler.md", "rule": "templates: Home"},
        {"path": "x.png", "rule": "unsupported"},
        {"path": "y.png", "rule": "unsupported"},
    ]
    assert facts["failed_files"] == [{"path": "z.md", "reason": "It cannot be read."}]
    assert [(note["path"], len(note["problems"])) for note in facts["problem_notes"]] == [("a.md", 1), ("b.md", 3)]


def test_an_empty_ledger_has_no_counts() -> None:
    assert ledger_facts([]) == {"excluded_by_rule": {}, "problems_by_code": {}}


@pytest.mark.parametrize(
    ("typed", "path", "status", "explained"),
    [
        ("a", "a.md", "indexed", False),
        ("Work\\Boiler", "Work/Boiler.md", "indexed", False),
        ("Home/Boiler.md", "Home/Boiler.md", "excluded", True),
        ("z.md", "z.md", "failed", False),
    ],
)
def test_a_file_is_told_with_what_became_of_it(typed: str, path: str, status: str, *, explained: bool) -> None:
    answer = why_facts(LEDGER, typed)
    assert (answer["path"], answer["status"], answer["candidates"]) == (path, status, [])
    assert (answer["explanation"] is not None) is explained


def test_a_name_of_several_files_has_them_as_candidates() -> None:
    answer = why_facts(LEDGER, "Boiler")
    assert (answer["path"], answer["status"]) == ("Boiler", "unknown")
    assert answer["candidates"] == ["Home/Boiler.md", "Work/Boiler.md"]


def test_a_name_of_no_file_is_unknown() -> None:
    answer = why_facts(LEDGER, "Nowhere")
    assert (answer["status"], answer["candidates"], answer["problems"]) == ("unknown", [], [])
    assert "no such file" in answer["reason"]
