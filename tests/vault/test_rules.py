from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from sidecar.vault import exclusions, files
from sidecar.vault.rules import explain_rule, find_file, path_in_vault

PATHS = (
    "Home.md",
    "Home.png",
    "home/Boiler.md",
    "Work/Boiler.md",
    "Work/Roof.markdown",
    "Work/roof plan.pdf",
    "Orte/Hütte.md",
    "Both.md",
    "both.md",
    "docs/index.md",
    "index.md",
    "Ideas",
    "Case.md",
    "case.md.md",
    "odd\\name.md",
)


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("Home.md", "Home.md"),
        ("Home", "Home.md"),
        ("home", "Home.md"),
        ("HOME.PNG", "Home.png"),
        ("home/Boiler", "home/Boiler.md"),
        ("Home/boiler.MD", "home/Boiler.md"),
        ("Work\\Boiler", "Work/Boiler.md"),
        (".\\Work\\Boiler.md", "Work/Boiler.md"),
        ("./Work/Boiler.md", "Work/Boiler.md"),
        ("/Work/Boiler.md", "Work/Boiler.md"),
        ("Roof", "Work/Roof.markdown"),
        ("roof plan.pdf", "Work/roof plan.pdf"),
        (unicodedata.normalize("NFD", "Hütte"), "Orte/Hütte.md"),
        ("index", "index.md"),
        ("docs/index", "docs/index.md"),
        ("Both", "Both.md"),
        ("both.md", "both.md"),
        ("Ideas", "Ideas"),
        ("CASE.md", "Case.md"),
        ("odd\\name.md", "odd\\name.md"),
    ],
)
def test_a_file_is_found_by_what_people_type(typed: str, path: str) -> None:
    assert find_file(typed, PATHS).path == path


@pytest.mark.parametrize(
    ("typed", "candidates"),
    [
        ("Boiler", ("Work/Boiler.md", "home/Boiler.md")),
        ("boiler.md", ("Work/Boiler.md", "home/Boiler.md")),
        ("BOTH", ("Both.md", "both.md")),
        ("oof", ("Work/Roof.markdown", "Work/roof plan.pdf")),
        ("Nowhere", ()),
        ("", ()),
        ("/", ()),
        ("..", ()),
    ],
)
def test_what_may_mean_several_files_lists_them(typed: str, candidates: tuple[str, ...]) -> None:
    found = find_file(typed, PATHS)
    assert found.path is None
    assert found.candidates == candidates


def test_candidates_are_not_without_end() -> None:
    assert len(find_file("x", [f"{n}/x.md" for n in range(500)]).candidates) == 20


def test_a_path_is_understood_from_where_the_user_stands(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    (vault / "Work" / "sub").mkdir(parents=True)
    (vault / "Work" / "Boiler.md").touch()
    (tmp_path / "Outside.md").touch()
    (tmp_path / "link").symlink_to(vault)
    for typed, folder in (
        ("Boiler.md", vault / "Work"),
        ("../Boiler.md", vault / "Work" / "sub"),
        ("vault/Work/Boiler.md", tmp_path),
        ("link/Work/Boiler.md", tmp_path),
        (str(vault / "Work" / "Boiler.md"), tmp_path),
        (str(tmp_path / "link" / "Work" / "Boiler.md"), Path("/")),
    ):
        assert path_in_vault(typed, vault=vault, folder=folder) == "Work/Boiler.md"
    for typed, folder in (
        ("Boiler.md", vault),
        ("Boiler", vault / "Work"),
        ("../Outside.md", vault),
        (str(tmp_path / "Outside.md"), vault),
        ("", vault),
        (".", vault),
        ("\0", vault),
        ("~no-such-user-here/x", vault),
    ):
        assert path_in_vault(typed, vault=vault, folder=folder) is None


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_in_the_vault_is_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "Outside.md").touch()
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "Link.md").symlink_to(tmp_path / "Outside.md")
    assert path_in_vault("Link.md", vault=tmp_path / "vault", folder=tmp_path / "vault") == "Link.md"


RULES = [
    exclusions.HIDDEN,
    exclusions.NODE_MODULES,
    exclusions.SYNC_CONFLICT,
    exclusions.UNSUPPORTED,
    exclusions.NOTION_TWIN,
    files.OUTSIDE_VAULT,
    files.LINK_INSIDE_VAULT,
    files.NOT_DOWNLOADED,
    files.NOT_A_FILE,
    files.UNUSABLE_NAME,
    "needs-pdf",
    "private: true",
    "sidecar: false",
    "#private",
    "obsidian: Private/",
    "glob: Journal/**",
    "templates: Templates",
    "logseq: /archived",
]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_sentence(rule: str) -> None:
    sentence = explain_rule(rule)
    assert sentence.startswith("It ")
    assert sentence.endswith(".")
    assert "by the rule" not in sentence
    detail = rule.partition(": ")[2]
    assert detail in sentence


def test_a_rule_that_nobody_knows_is_named() -> None:
    assert "`later`" in explain_rule("later")
    assert "`{}: {0}`" in explain_rule("{}: {0}")
    assert "`{x} {}`" in explain_rule("glob: {x} {}")


@pytest.mark.parametrize("typed", ["[[Boiler]]", "![[Boiler#Filters]]", "[[Boiler|the boiler]]"])
def test_a_link_as_it_stands_in_a_note_names_its_file(typed: str) -> None:
    assert find_file(typed, ["Home/Boiler.md", "Home/Roof.md"]).path == "Home/Boiler.md"
