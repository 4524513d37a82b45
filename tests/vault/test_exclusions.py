from __future__ import annotations

import time
import unicodedata

import pytest

from sidecar.vault.exclusions import Exclusions
from sidecar.vault.patterns import MAX_SUBJECT, compile_filter


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        (".obsidian", "hidden"),
        (".obsidian/plugins/x/README.md", "hidden"),
        (".trash/Old.md", "hidden"),
        ("Notes/.draft.md", "hidden"),
        ("site/node_modules/pkg/README.md", "node_modules"),
        ("Note.sync-conflict-20240131-101530-ABCDEFG.md", "sync-conflict"),
        ("Note (Anna's conflicted copy 2024-01-31).md", "sync-conflict"),
        ("Note (conflicted copy 2024-01-31 101530).md", "sync-conflict"),
        ("Note (Conflicted copy iPhone 202401311015).md", "sync-conflict"),
        ("Note (Case Conflict).md", "sync-conflict"),
        ("Note (SFConflict anna@example.org 2024-01-31-10-15-30).md", "sync-conflict"),
        ("Note_DiskStation_Jan-31-101530-2024_Conflict.md", "sync-conflict"),
        ("Note-DESKTOP-AB12CD3.md", "sync-conflict"),
        ("Note.md", None),
        ("Folder/Season 2.md", None),
        ("Report (1).md", None),
        ("my-laptop-charger.md", None),
        ("The Conflict.md", None),
        ("On node_modules.md", None),
        ("A conflicted copy of myself.md", None),
        ("...and justice.md", "hidden"),
        ("Ein Tag. Noch einer.md", None),
        ("Meeting notes (Conflicted copy MyMacBook2 202411281430).md", "sync-conflict"),
        ("image.png", "unsupported"),
        ("Old (conflicted copy 2024-01-31).png", "sync-conflict"),
        ("README", "unsupported"),
        ("Note.MarkDown", None),
    ],
)
def test_built_in_rules(path: str, rule: str | None) -> None:
    assert Exclusions().rule_for(path) == rule


@pytest.mark.parametrize(
    ("text", "path", "excluded"),
    [
        ("Templates/", "Templates/Daily.md", True),
        ("Templates/", "Templates", True),
        ("Templates/", "templates/daily.md", True),
        ("Templates/", "Templates2/Daily.md", False),
        ("Templates/", "Work/Templates/Daily.md", False),
        ("Templ", "Templates/Daily.md", True),
        ("README.md", "README.md", True),
        ("README.md", "docs/README.md", False),
        ("a+b (c)/", "a+b (c)/x.md", True),
        ("Caf\u00e9/", "Cafe\u0301/x.md", True),
        ("Cafe\u0301/", "Caf\u00e9/x.md", True),
        ("/drafts/", "Work/Drafts/x.md", True),
        (r"/^Daily\/\d{4}-\d{2}-\d{2}\.md$/", "Daily/2024-01-31.md", True),
        (r"/^Daily\/\d{4}-\d{2}-\d{2}\.md$/", "Daily/2024-01-31 b.md", False),
        (r"/.*\.excalidraw\.md/", "x/y.excalidraw.md", True),
        (r"/.*\.excalidraw\.md/", "x/y.md", False),
        ("/^(?!Public/).*$/", "Secret/x.md", True),
        ("/^(?!Public/).*$/", "Public/x.md", False),
        ("/^(Archive|Old|Attic)\\//", "Attic/x.md", True),
        ("/^(Archive|Old|Attic)\\//", "Work/x.md", False),
        ("/.*secret.*|.*private.*/", "x/My Private.md", True),
        ("/(?<folder>Old)s?\\//", "Olds/x.md", True),
        ("/[[x]y/", "[y.md", True),
        ("/", "a/b.md", False),
    ],
)
def test_obsidian_filters_exclude_what_obsidian_would(text: str, path: str, *, excluded: bool) -> None:
    exclusions = Exclusions.build(user_ignore_filters=[text])
    assert exclusions.problems == ()
    assert exclusions.place_rule_for(path) == (f"obsidian: {text}" if excluded else None)


@pytest.mark.parametrize(
    ("glob", "path", "excluded"),
    [
        ("Journal/**", "Journal/2024/x.md", True),
        ("Journal/**", "Journal", True),
        ("Journal/**", "Work/Journal/x.md", False),
        ("journal/**", "Journal/x.md", True),
        ("Journal", "Journal/x.md", True),
        ("Journal/", "Work/Journal/x.md", True),
        ("/Journal", "Journal/x.md", True),
        ("/Journal", "Work/Journal/x.md", False),
        ("/Journal/2024", "Journal/2024/x.md", True),
        ("*.excalidraw.md", "a/b/c.excalidraw.md", True),
        ("*.excalidraw.md", "a/b/c.md", False),
        ("Work/*.md", "Work/x.md", True),
        ("Work/*.md", "Work/sub/x.md", False),
        ("Work/**/x.md", "Work/x.md", True),
        ("Work/**/x.md", "Work/a/b/x.md", True),
        ("**/drafts/*", "a/b/drafts/x.md", True),
        ("20[0-2]?", "a/2021/x.md", True),
        ("20[!0-2]?", "a/2021/x.md", False),
        ("Work\\Private", "Work/Private/x.md", True),
        ("a.c", "abc/x.md", False),
    ],
)
def test_globs_exclude_what_they_name(glob: str, path: str, *, excluded: bool) -> None:
    exclusions = Exclusions.build(globs=[glob])
    assert exclusions.problems == ()
    assert exclusions.place_rule_for(path) == (f"glob: {glob}" if excluded else None)


@pytest.mark.parametrize(
    "text",
    [
        "/(/",
        "/[z-a]/",
        "/(a+)+$/",
        "/^(a|aa)+$/",
        "/((a*)b)*c/",
        "/a.*b.*c.*d/",
        "/a?a?a?a?a?aaaaa/",
        "/(a|b)(a|b)(a|b)(a|b)x/",
        r"/(a)\1/",
        "/" + "a" * 300 + "/",
        "x" * 300,
    ],
)
def test_a_filter_that_cannot_be_used_is_a_problem_and_excludes_nothing(text: str) -> None:
    exclusions = Exclusions.build(user_ignore_filters=[text, "Kept/"])
    assert len(exclusions.problems) == 1
    assert text[:80] in exclusions.problems[0]
    assert exclusions.rule_for("Note.md") is None
    assert exclusions.rule_for("Kept/x.md") == "obsidian: Kept/"


@pytest.mark.parametrize("glob", ["", "/", "!Public/**", "*" * 20])
def test_a_glob_that_cannot_be_used_is_a_problem(glob: str) -> None:
    assert len(Exclusions.build(globs=[glob]).problems) == 1


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("Templates/Daily.md", "templates: Templates"),
        ("templates/sub/x.canvas", "templates: Templates"),
        ("Templates", "templates: Templates"),
        ("Templates.md", None),
        ("Work/Templates/Daily.md", None),
        ("Vorlagen/Täglich/x.md", "templates: Vorlagen/Ta\u0308glich"),
        ("Vorlagen/x.md", None),
    ],
)
def test_a_folder_of_templates_is_excluded_with_all_in_it(path: str, rule: str | None) -> None:
    exclusions = Exclusions.build(templates_folders=["Templates", "Vorlagen/Ta\u0308glich"])
    assert exclusions.place_rule_for(path) == rule


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("logseq/bak/x.md", "logseq: logseq/"),
        ("archived/x.md", "logseq: /archived"),
        ("archived-too.md", "logseq: /archived"),
        ("README.md", "logseq: README.md"),
        ("pages/README.md", None),
        ("logseq-tips.md", None),
    ],
)
def test_what_logseq_hides_begins_with_one_of_its_paths(path: str, rule: str | None) -> None:
    exclusions = Exclusions.build(hidden=["logseq/", "/archived", "README.md", "/", ""])
    assert exclusions.place_rule_for(path) == rule


def test_what_the_user_set_comes_before_the_format() -> None:
    exclusions = Exclusions.build(globs=["*.png"], templates_folders=["Templates"])
    assert exclusions.rule_for("x.png") == "glob: *.png"
    assert exclusions.rule_for("Templates/x.pdf") == "templates: Templates"
    assert exclusions.rule_for("x.pdf") == "unsupported"


def test_a_folder_is_asked_for_its_place_alone() -> None:
    assert Exclusions().place_rule_for("Photos") is None
    assert Exclusions().place_rule_for("Photos.old") is None


def test_the_costliest_filter_that_is_let_through_still_ends_soon() -> None:
    pattern = compile_filter("/x.*x.*z/")
    began = time.process_time()
    assert pattern.search("x" * MAX_SUBJECT) is None
    assert time.process_time() - began < 5


def test_an_expression_excludes_a_path_too_long_to_try_it_on() -> None:
    exclusions = Exclusions.build(user_ignore_filters=["/secret/"])
    assert exclusions.rule_for("a/" * MAX_SUBJECT + "x.md") == "obsidian: /secret/"


def test_the_form_of_unicode_does_not_matter_to_globs() -> None:
    exclusions = Exclusions.build(globs=[unicodedata.normalize("NFD", "Tagebücher")])
    assert exclusions.rule_for("Tagebücher/x.md") is not None
