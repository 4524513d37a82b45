from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from sidecar.vault.registry import obsidian_config_path, registered_vaults


def write_list(folder: Path, vaults: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "obsidian.json").write_text(json.dumps({"vaults": vaults}), encoding="utf-8")
    return folder


def test_vaults_come_most_recently_used_first_and_vanished_ones_not_at_all(tmp_path: Path) -> None:
    for name in ("Old", "New", "Never"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    folder = write_list(
        tmp_path / "config",
        {
            "a1": {"path": str(tmp_path / "Old"), "ts": 1_600_000_000_000},
            "b2": {"path": str(tmp_path / "New"), "ts": 1_700_000_000_000, "open": True},
            "c3": {"path": str(tmp_path / "Never")},
            "d4": {"path": str(tmp_path / "Gone"), "ts": 1_800_000_000_000},
            "e5": {"path": str(tmp_path / "file"), "ts": 1_800_000_000_000},
        },
    )
    vaults = registered_vaults([folder])
    assert [(v.name, v.id, v.open) for v in vaults] == [
        ("New", "b2", True),
        ("Old", "a1", False),
        ("Never", "c3", False),
    ]
    assert vaults[0].path == (tmp_path / "New").resolve()
    assert vaults[0].last_opened == dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)
    assert vaults[2].last_opened is None


def test_a_vault_in_two_lists_counts_once_with_its_latest_use(tmp_path: Path) -> None:
    (tmp_path / "V").mkdir()
    older = write_list(tmp_path / "one", {"a": {"path": str(tmp_path / "V"), "ts": 1}})
    newer = write_list(tmp_path / "two", {"b": {"path": str(tmp_path / "V"), "ts": 2}})
    assert [v.id for v in registered_vaults([older, newer])] == ["b"]


@pytest.mark.parametrize(
    "vaults",
    [
        None,
        [],
        {"a": None},
        {"a": {"path": 3}},
        {"a": {"path": ""}},
        {"a": {"path": "\0"}},
        {"a": {"path": "relative"}},
    ],
)
def test_a_list_with_nonsense_in_it_is_empty(tmp_path: Path, vaults: object) -> None:
    assert registered_vaults([write_list(tmp_path, vaults)]) == ()


@pytest.mark.parametrize("stamp", [10**30, "soon", True, None])
def test_a_time_that_is_none_is_left_out(tmp_path: Path, stamp: object) -> None:
    folder = write_list(tmp_path, {"a": {"path": str(tmp_path), "ts": stamp}})
    assert registered_vaults([folder])[0].last_opened is None


def test_missing_and_broken_lists_are_empty(tmp_path: Path) -> None:
    (tmp_path / "obsidian.json").write_text("{", encoding="utf-8")
    assert registered_vaults([tmp_path, tmp_path / "nowhere"]) == ()


def test_each_system_has_its_folders(tmp_path: Path) -> None:
    linux = obsidian_config_path(platform="linux", home=tmp_path, environ={})
    assert linux == (
        tmp_path / ".config/obsidian",
        tmp_path / ".var/app/md.obsidian.Obsidian/config/obsidian",
        tmp_path / "snap/obsidian/current/.config/obsidian",
    )
    moved = obsidian_config_path(platform="linux", home=tmp_path, environ={"XDG_CONFIG_HOME": str(tmp_path / "cfg")})
    assert moved[0] == tmp_path / "cfg/obsidian"
    mac = obsidian_config_path(platform="darwin", home=tmp_path, environ={})
    assert mac == (tmp_path / "Library/Application Support/obsidian",)
    windows = obsidian_config_path(platform="win32", home=tmp_path, environ={"APPDATA": str(tmp_path / "Roaming")})
    assert windows == (tmp_path / "Roaming/obsidian",)
    assert obsidian_config_path(platform="win32", home=tmp_path, environ={}) == (tmp_path / "AppData/Roaming/obsidian",)
