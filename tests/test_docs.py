"""The written pages: links lead somewhere, and the demonstration vault holds what its questions expect."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "tests" / "vaults" / "demo"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_of_a_page_leads_to_a_file(page: Path) -> None:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [unquote(target.partition("#")[0]) for target in _LINK.findall(text) if "://" not in target]
    missing = [target for target in targets if target and not (page.parent / target).exists()]
    assert missing == []


def test_every_decision_is_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(_LINK.findall((folder / "README.md").read_text(encoding="utf-8")))
    assert {path.name for path in folder.glob("[0-9]*.md")} == listed


def test_every_runtime_dependency_has_its_row() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["builtin"], *extras["llama"]]
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    names = [re.split(r"[<>=\[ ]", line)[0] for line in wanted]
    assert [name for name in names if f"\n| {name} |" not in page] == []


def test_the_demonstration_vault_holds_what_its_questions_expect() -> None:
    lines = (ROOT / "tests" / "vaults" / "demo-questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    assert len(questions) >= 20
    assert {question["language"] for question in questions} == {"en", "pt", "es", "it", "fr", "de", "ja"}
    for question in questions:
        note = (DEMO / question["expect_path"]).read_text(encoding="utf-8")
        assert question["expect_text"] in note, question["question"]


def test_wikilinks_of_the_demonstration_vault_lead_to_notes_and_attachments() -> None:
    names = {path.stem for path in DEMO.rglob("*.md")} | {path.name for path in DEMO.rglob("*.svg")}
    for note in DEMO.rglob("*.md"):
        if "Templates" in note.parts:
            continue
        for target in re.findall(r"\[\[([^\]|#\\]+)", note.read_text(encoding="utf-8")):
            assert target in names, f"{note.name} links to {target}"
