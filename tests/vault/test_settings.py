from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sidecar.vault.settings import ObsidianSettings, load_obsidian_settings


def write(root: Path, name: str, content: object) -> None:
    (root / ".obsidian").mkdir(exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (root / ".obsidian" / name).write_text(text, encoding="utf-8")


def test_a_folder_without_settings_has_the_defaults(tmp_path: Path) -> None:
    assert load_obsidian_settings(tmp_path) == ObsidianSettings()


def test_settings_are_read_from_obsidians_files(tmp_path: Path) -> None:
    write(tmp_path, "app.json", {"userIgnoreFilters": ["Templates/", 3], "attachmentFolderPath": "./Files"})
    write(tmp_path, "daily-notes.json", {"folder": "Journal/", "format": "YYYY/MM/DD"})
    write(tmp_path, "templates.json", {"folder": "Templates"})
    assert load_obsidian_settings(tmp_path) == ObsidianSettings(
        user_ignore_filters=("Templates/",),
        attachment_folder="./Files",
        daily_folder="Journal",
        daily_format="YYYY/MM/DD",
        templates_folder="Templates",
    )


def test_null_and_root_count_as_not_set(tmp_path: Path) -> None:
    write(tmp_path, "app.json", {"userIgnoreFilters": None, "attachmentFolderPath": "/"})
    write(tmp_path, "daily-notes.json", {"folder": "", "format": ""})
    assert load_obsidian_settings(tmp_path) == ObsidianSettings()


@pytest.mark.parametrize("content", ["{", "[]", "\x00", "[" * 200_000, "1" * (2 * 1024 * 1024)])
def test_broken_settings_are_a_problem_and_say_that_they_are_not_whole(tmp_path: Path, content: str) -> None:
    write(tmp_path, "app.json", content)
    write(tmp_path, "templates.json", {"folder": "Templates"})
    settings = load_obsidian_settings(tmp_path)
    assert settings.problems == ("Obsidian's settings in .obsidian/app.json cannot be read.",)
    assert not settings.complete
    assert settings.templates_folder == "Templates"


@pytest.mark.parametrize("filters", [5, "Secret/", {"a": 1}, True])
def test_excluded_files_that_are_no_list_are_a_problem_not_an_empty_list(tmp_path: Path, filters: object) -> None:
    write(tmp_path, "app.json", {"userIgnoreFilters": filters})
    settings = load_obsidian_settings(tmp_path)
    assert settings.problems == ("Obsidian's excluded files in .obsidian/app.json are not a list.",)
    assert not settings.complete


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_in_place_of_settings_does_not_block(tmp_path: Path) -> None:
    (tmp_path / ".obsidian").mkdir()
    os.mkfifo(tmp_path / ".obsidian" / "app.json")
    assert not load_obsidian_settings(tmp_path).complete
