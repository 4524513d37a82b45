from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Config
from sidecar.errors import AlreadyRunningError, ConfigError
from sidecar.runtime.doctor import examine, failed
from sidecar.runtime.doctor_checks import size


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    root = (tmp_path / "Notes").resolve()
    (root / ".obsidian").mkdir(parents=True)
    (root / ".obsidian" / "templates.json").write_text('{"folder": "Templates"}', encoding="utf-8")
    for name in ("a.md", "b.md", "c.png"):
        (root / name).touch()
    return root


def config(tmp_path: Path, *vaults: Path, **options: Any) -> Config:
    return Config(data_dir=tmp_path / "data", vaults=vaults, **options)


def status(vault: Path, **facts: Any) -> Mapping[str, Any]:
    """What a server tells of this vault when the index agrees with the disk."""
    told = {
        "name": vault.name,
        "path": str(vault),
        "files": 3,
        "indexed": 2,
        "excluded": 1,
        "failed": 0,
        "pending": 0,
        "chunks": 2,
        "embedding": {"model": "builtin", "dimensions": 256},
        "problems": [],
    }
    return {"vaults": [told | facts], "notices": []}


def texts(section: Mapping[str, Any], level: str) -> list[str]:
    return [check["text"] for check in section["checks"] if check["level"] == level]


def test_a_vault_that_is_well_has_no_warning(tmp_path: Path, vault: Path) -> None:
    facts = examine(config(tmp_path, vault), status=status(vault))
    (section,) = facts["vaults"]
    assert texts(section, "warning") == texts(section, "error") == []
    assert "3 files: 2 indexed, 1 excluded" in texts(section, "ok")
    assert "Obsidian vault, recognised" in texts(section, "ok")
    assert "templates: Templates (not read)" in texts(section, "note")
    assert not failed(facts)


def test_looking_makes_nothing(tmp_path: Path, vault: Path) -> None:
    facts = examine(config(tmp_path, vault), status=None)
    assert not (tmp_path / "data").exists()
    assert "not indexed yet" in texts(facts["vaults"][0], "warning")
    assert not failed(facts)


def test_files_that_the_index_does_not_know_are_told(tmp_path: Path, vault: Path) -> None:
    (vault / "new.md").touch()
    (section,) = examine(config(tmp_path, vault), status=status(vault))["vaults"]
    assert texts(section, "warning") == ["4 files on disk, but the index knows 3"]


def test_an_empty_vault_has_no_notes_yet(tmp_path: Path) -> None:
    (tmp_path / "Empty").mkdir()
    empty = (tmp_path / "Empty").resolve()
    (section,) = examine(config(tmp_path, empty), status=status(empty, files=0, indexed=0, excluded=0))["vaults"]
    assert "no notes yet" in texts(section, "note")
    assert texts(section, "warning") == []


def test_problems_come_with_examples_and_excluded_files_with_their_rules(tmp_path: Path, vault: Path) -> None:
    problem = {"code": "frontmatter-invalid", "message": "x", "line": 1}
    told = status(
        vault,
        excluded_by_rule={f"glob: {number}": 1 for number in range(12)},
        problems_by_code={"frontmatter-invalid": 2},
        problem_notes=[{"path": name, "problems": [problem]} for name in ("a.md", "b.md")],
        links={"resolved": 1200, "unresolved": 3},
        problems=["The vault is looked at every 2 s."],
        failed=1,
    )
    (section,) = examine(config(tmp_path, vault), status=told)["vaults"]
    assert texts(section, "warning") == [
        "1 file could not be read",
        "frontmatter-invalid: 2 notes, such as a.md, b.md",
        "The vault is looked at every 2 s.",
    ]
    assert "links: 1,200 lead somewhere, 3 to no file" in texts(section, "note")
    assert "1 excluded by glob: 7" in texts(section, "note")
    assert any("and 4 more rules" in text for text in texts(section, "note"))


def test_a_kind_that_was_set_is_told_with_what_it_looks_like(tmp_path: Path, vault: Path) -> None:
    (section,) = examine(config(tmp_path, vault, kinds={"Notes": "folder"}), status=None)["vaults"]
    assert (section["kind"], section["recognised"], section["kind_set"]) == ("folder", "obsidian", True)
    assert "without the setting it would be taken for: Obsidian vault" in texts(section, "note")


def test_a_vault_that_cannot_be_read_is_an_error_and_the_others_are_still_looked_at(
    tmp_path: Path, vault: Path
) -> None:
    facts = examine(config(tmp_path, tmp_path / "gone", vault), status=status(vault))
    gone, well = facts["vaults"]
    assert "does not exist" in texts(gone, "error")[0]
    assert gone["checks"][0]["hint"]
    assert well["readable"]
    assert failed(facts)


def test_without_any_vault_it_fails_with_what_to_do(tmp_path: Path) -> None:
    facts = examine(config(tmp_path), status=None, problem=ConfigError("No vault was named.", hint="Name one."))
    assert texts(facts, "error") == ["No vault was named."]
    assert failed(facts)


def test_an_index_that_another_program_holds_is_a_warning(tmp_path: Path, vault: Path) -> None:
    facts = examine(config(tmp_path, vault), status=None, problem=AlreadyRunningError("Another Sidecar runs."))
    assert texts(facts, "warning") == ["the index was not looked into: Another Sidecar runs."]
    assert not failed(facts)


def test_a_vault_that_the_running_server_does_not_have_is_told(tmp_path: Path, vault: Path) -> None:
    (tmp_path / "Other").mkdir()
    facts = examine(config(tmp_path, tmp_path / "Other"), status=status(vault), url="http://127.0.0.1:1")
    other, served = facts["vaults"]
    assert "the running server does not have it" in texts(other, "warning")
    assert texts(served, "warning") == []


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (2048, "2 KiB"), (3 * 2**20, "3 MiB"), (5 * 2**40, "5120.0 GiB")],
)
def test_sizes_are_said_as_people_do(count: int, said: str) -> None:
    assert size(count) == said
