from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from sidecar.vault.files import recognise_kind

OUTLINE = "title:: Boiler\n\n- Serviced in May\n\t- by Anna\n\t  and Tom\n- next:: 2025\n"
PROSE = "# Boiler\n\nServiced in May.\n\n- by Anna\n"
ID = "0123456789abcdef0123456789abcdef"


def make(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        pytest.param({}, "folder", id="an empty folder"),
        pytest.param({"docs/index.md": PROSE, "README.md": PROSE}, "folder", id="a tree of documentation"),
        pytest.param({".obsidian/app.json": "{}", "Note.md": PROSE}, "obsidian", id="opened in Obsidian"),
        pytest.param({"logseq/config.edn": "{}", "pages/x.md": OUTLINE}, "logseq", id="opened in Logseq"),
        pytest.param({"logseq/config.edn": "{}"}, "logseq", id="a graph without pages"),
        pytest.param({f"Home {ID}.md": PROSE, f"Home {ID}/x.png": ""}, "notion", id="exported from Notion"),
        pytest.param(
            {f"Export-1/Home {ID}.md": PROSE, ".DS_Store": ""}, "notion", id="an export in a folder of its own"
        ),
        pytest.param({f"Work/Home {ID}.md": PROSE, "Work.md": PROSE}, "folder", id="an export among other notes"),
        pytest.param({f"Note {ID}.md": PROSE, ".obsidian/app.json": ""}, "obsidian", id="an export kept in Obsidian"),
        pytest.param(
            {
                ".obsidian/app.json": "{}",
                "logseq/config.edn": "{}",
                "pages/Boiler.md": OUTLINE,
                "journals/2025_01_31.md": "- one\n- two",
                "README.md": PROSE,
            },
            "logseq",
            id="a graph opened in Obsidian",
        ),
        pytest.param(
            {
                ".obsidian/app.json": "{}",
                "logseq/config.edn": "{}",
                "logseq/bak/a.md": OUTLINE,
                "logseq/bak/b.md": OUTLINE,
                "logseq/bak/c.md": OUTLINE,
                "pages/contents.md": OUTLINE,
                "journals/2025_01_31.md": "-",
                "Home/Boiler.md": PROSE,
                "Home/Roof.md": PROSE,
                "Ideas.md": "Some idea.\n- with a list",
            },
            "obsidian",
            id="a vault once opened in Logseq",
        ),
        pytest.param({".obsidian/app.json": "{}", "logseq/config.edn": "{}"}, "obsidian", id="both, and no notes yet"),
        pytest.param(
            {
                ".obsidian/app.json": "{}",
                "logseq/config.edn": "{}",
                "pages/a.md": "",
                "pages/b.md": "- " + "x" * 70_000,
            },
            "obsidian",
            id="both, and nothing that could be told from",
        ),
    ],
)
def test_the_kind_of_a_vault_is_told_from_what_lies_in_it(tmp_path: Path, files: Mapping[str, str], kind: str) -> None:
    make(tmp_path, files)
    assert recognise_kind(tmp_path) == kind


def test_a_file_or_nothing_at_all_is_a_plain_folder(tmp_path: Path) -> None:
    (tmp_path / "export.zip").touch()
    assert recognise_kind(tmp_path / "export.zip") == "folder"
    assert recognise_kind(tmp_path / "gone") == "folder"
