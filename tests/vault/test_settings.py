from __future__ import annotations

import json
import os
from pathlib import Path
from typing import get_args

import pytest

from sidecar.vault.settings import VaultKind, VaultSettings, load_obsidian_settings, load_vault_settings


def write(root: Path, name: str, content: object) -> None:
    file = root / ".obsidian" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def test_a_folder_without_settings_has_the_defaults(tmp_path: Path) -> None:
    assert load_obsidian_settings(tmp_path) == VaultSettings()


def test_settings_are_read_from_obsidians_files(tmp_path: Path) -> None:
    write(tmp_path, "app.json", {"userIgnoreFilters": ["Templates/", 3], "attachmentFolderPath": "./Files"})
    write(tmp_path, "daily-notes.json", {"folder": "Journal/", "format": "YYYY/MM/DD"})
    write(tmp_path, "templates.json", {"folder": "Templates"})
    assert load_obsidian_settings(tmp_path) == VaultSettings(
        user_ignore_filters=("Templates/",),
        attachment_folder="./Files",
        daily_folder="Journal",
        daily_format="YYYY/MM/DD",
        templates_folders=("Templates",),
    )


def test_null_and_root_count_as_not_set(tmp_path: Path) -> None:
    write(tmp_path, "app.json", {"userIgnoreFilters": None, "attachmentFolderPath": "/"})
    write(tmp_path, "daily-notes.json", {"folder": "", "format": ""})
    assert load_obsidian_settings(tmp_path) == VaultSettings()


@pytest.mark.parametrize("content", ["{", "[]", "\x00", "[" * 200_000, "1" * (2 * 1024 * 1024)])
def test_broken_settings_are_a_problem_and_say_that_they_are_not_whole(tmp_path: Path, content: str) -> None:
    write(tmp_path, "app.json", content)
    write(tmp_path, "templates.json", {"folder": "Templates"})
    settings = load_obsidian_settings(tmp_path)
    assert settings.problems == ("Obsidian's settings in .obsidian/app.json cannot be read.",)
    assert not settings.complete
    assert settings.templates_folders == ("Templates",)


@pytest.mark.parametrize("name", ["templates.json", "plugins/templater-obsidian/data.json"])
def test_settings_that_decide_what_is_excluded_must_be_whole(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, "{")
    assert not load_obsidian_settings(tmp_path).complete


@pytest.mark.parametrize(
    "name", ["daily-notes.json", "types.json", "core-plugins.json", "plugins/periodic-notes/data.json"]
)
def test_other_settings_that_are_broken_are_a_problem_but_keep_no_exclusion_back(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, "{")
    settings = load_obsidian_settings(tmp_path)
    assert settings.problems == (f"Obsidian's settings in .obsidian/{name} cannot be read.",)
    assert settings.complete


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


def test_folders_of_templates_are_those_of_both_plugins(tmp_path: Path) -> None:
    write(tmp_path, "templates.json", {"folder": "Vorlagen/"})
    write(
        tmp_path, "plugins/templater-obsidian/data.json", {"templates_folder": "Meta/Templater", "command_timeout": 5}
    )
    assert load_obsidian_settings(tmp_path).templates_folders == ("Vorlagen", "Meta/Templater")
    write(tmp_path, "plugins/templater-obsidian/data.json", {"templates_folder": "/Vorlagen"})
    assert load_obsidian_settings(tmp_path).templates_folders == ("Vorlagen",)


@pytest.mark.parametrize("folder", ["", "/", None, 3, ["Templates"]])
def test_the_vault_itself_is_no_folder_of_templates(tmp_path: Path, folder: object) -> None:
    write(tmp_path, "templates.json", {"folder": folder})
    write(tmp_path, "plugins/templater-obsidian/data.json", {"templates_folder": folder})
    assert load_obsidian_settings(tmp_path).templates_folders == ()


def test_templates_stay_templates_when_their_plugin_is_switched_off(tmp_path: Path) -> None:
    write(tmp_path, "templates.json", {"folder": "Templates"})
    write(tmp_path, "core-plugins.json", {"templates": False})
    assert load_obsidian_settings(tmp_path).templates_folders == ("Templates",)


OWN = {"folder": "Journal", "format": "YYYY/MM/DD"}
PERIODIC = {"folder": "Daily", "format": "DD-MM-YYYY", "enabled": True}


@pytest.mark.parametrize(
    ("core_plugins", "own", "periodic", "folder", "format_"),
    [
        (None, None, None, None, "YYYY-MM-DD"),
        (None, OWN, None, "Journal", "YYYY/MM/DD"),
        (None, OWN, PERIODIC, "Journal", "YYYY/MM/DD"),
        (None, None, PERIODIC, "Daily", "DD-MM-YYYY"),
        (None, {"template": "x"}, PERIODIC, "Daily", "DD-MM-YYYY"),
        ({"daily-notes": True}, OWN, PERIODIC, "Journal", "YYYY/MM/DD"),
        ({"daily-notes": False}, OWN, PERIODIC, "Daily", "DD-MM-YYYY"),
        (["daily-notes", "templates"], OWN, PERIODIC, "Journal", "YYYY/MM/DD"),
        (["templates"], OWN, PERIODIC, "Daily", "DD-MM-YYYY"),
        (["templates"], OWN, {"folder": "Daily"}, "Daily", "YYYY-MM-DD"),
        (["templates"], OWN, {"enabled": True}, None, "YYYY-MM-DD"),
        (["templates"], OWN, None, "Journal", "YYYY/MM/DD"),
        (["templates"], OWN, PERIODIC | {"enabled": False}, "Journal", "YYYY/MM/DD"),
        (["templates"], OWN, "broken", "Journal", "YYYY/MM/DD"),
    ],
)
def test_daily_notes_are_those_of_the_plugin_that_makes_them(
    tmp_path: Path, core_plugins: object, own: object, periodic: object, folder: str | None, format_: str
) -> None:
    for name, content in (
        ("core-plugins.json", core_plugins),
        ("daily-notes.json", own),
        ("plugins/periodic-notes/data.json", periodic and {"daily": periodic, "weekly": {"folder": "Weekly"}}),
    ):
        if content is not None:
            write(tmp_path, name, content)
    settings = load_obsidian_settings(tmp_path)
    assert (settings.daily_folder, settings.daily_format) == (folder, format_)
    assert settings.problems == ()


def test_types_of_properties_are_read(tmp_path: Path) -> None:
    write(tmp_path, "types.json", {"types": {"aliases": "aliases", "due": "date", "rating": "number", "x": 3}})
    assert load_obsidian_settings(tmp_path).property_types == {"aliases": "aliases", "due": "date", "rating": "number"}


def test_a_graphs_settings_are_logseqs(tmp_path: Path) -> None:
    (tmp_path / "logseq").mkdir()
    (tmp_path / "logseq" / "config.edn").write_text(
        '{:journals-directory "Tage" :journal/file-name-format "yyyy-MM-dd" :hidden ["/archived"]}', encoding="utf-8"
    )
    write(tmp_path, "daily-notes.json", {"folder": "Journal"})
    settings = load_vault_settings(tmp_path, "logseq")
    assert (settings.daily_folder, settings.daily_format) == ("Tage", "YYYY-MM-DD")
    assert settings.hidden == ("logseq/", "archived")
    assert (settings.journal_titles, settings.file_names) == ("MMM Do, YYYY", "legacy")
    obsidian = load_vault_settings(tmp_path, "obsidian")
    assert (obsidian.daily_folder, obsidian.hidden, obsidian.journal_titles) == ("Journal", (), None)


def test_a_graph_without_whole_settings_still_hides_logseqs_own_folder(tmp_path: Path) -> None:
    (tmp_path / "logseq").mkdir()
    (tmp_path / "logseq" / "config.edn").write_text("{:hidden [", encoding="utf-8")
    settings = load_vault_settings(tmp_path, "logseq")
    assert settings.hidden == ("logseq/",)
    assert not settings.complete
    assert settings.problems


def test_obsidians_exclusions_hold_in_every_kind_of_vault(tmp_path: Path) -> None:
    write(tmp_path, "app.json", {"userIgnoreFilters": ["Private/"]})
    for kind in get_args(VaultKind):
        settings = load_vault_settings(tmp_path, kind)
        assert (settings.kind, settings.user_ignore_filters) == (kind, ("Private/",))
