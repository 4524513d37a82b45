from __future__ import annotations

import itertools
import json
import os
import sys
import zipfile
from pathlib import Path

import pytest

from sidecar.errors import VaultError
from sidecar.setup.counting import Count, count_notes
from sidecar.setup.finding import find_vaults
from sidecar.setup.vaults import chosen_by_numbers, completions, look_at, named_vault, names_of, typed_path
from sidecar.vault.registry import vanished_vaults
from tests.setup.made import settings, vault

HOMES = [
    ("linux", ".config/obsidian", {}),
    ("linux", "xdg/obsidian", {"XDG_CONFIG_HOME": "{home}/xdg"}),
    ("linux", ".var/app/md.obsidian.Obsidian/config/obsidian", {}),
    ("linux", "snap/obsidian/current/.config/obsidian", {}),
    ("darwin", "Library/Application Support/obsidian", {}),
    ("win32", "AppData/Roaming/obsidian", {}),
    ("win32", "Roam/obsidian", {"APPDATA": "{home}/Roam"}),
]


def listed(folder: Path, *paths: Path | str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    entries = {str(number): {"path": str(path), "ts": 1000 - number} for number, path in enumerate(paths)}
    (folder / "obsidian.json").write_text(json.dumps({"vaults": entries}), encoding="utf-8")


def made(folder: Path, *notes: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for note in notes:
        (folder / note).parent.mkdir(parents=True, exist_ok=True)
        (folder / note).write_text("four", encoding="utf-8")
    return folder


@pytest.mark.parametrize(("platform", "place", "environ"), HOMES)
def test_vaults_are_found_wherever_obsidian_keeps_its_list(
    tmp_path: Path, platform: str, place: str, environ: dict[str, str]
) -> None:
    notes = made(tmp_path / "Notas ção", ".obsidian/app.json", "a.md", "b/c.markdown", "d.txt")
    listed(tmp_path / place, notes, tmp_path / "drive" / "Old")
    told = {name: value.format(home=tmp_path) for name, value in environ.items()}
    seen, vanished = find_vaults(settings(tmp_path), platform=platform, home=tmp_path, environ=told)
    assert [(each.path, each.kind, each.count, each.origin) for each in seen] == [
        (notes, "obsidian", Count(notes=2, size=8), "obsidian")
    ]
    assert vanished == (str(tmp_path / "drive" / "Old"),)


def test_without_obsidian_none_is_found(tmp_path: Path) -> None:
    assert find_vaults(settings(tmp_path), platform="linux", home=tmp_path, environ={}) == ((), ())


def test_vaults_of_the_settings_come_first_and_once(tmp_path: Path) -> None:
    one, two = made(tmp_path / "one", "a.md"), made(tmp_path / "two")
    (tmp_path / "link").symlink_to(one)
    listed(tmp_path / ".config" / "obsidian", two, one)
    config = settings(tmp_path, f'vaults = ["{tmp_path}/link", "{tmp_path}/away"]')
    seen, _ = find_vaults(config, platform="linux", home=tmp_path, environ={})
    assert [(each.path.name, each.origin, each.problem is None) for each in seen] == [
        ("link", "settings", True),
        ("away", "settings", False),
        ("two", "obsidian", True),
    ]


def test_obsidians_own_sandbox_is_not_taken_for_a_vault(tmp_path: Path) -> None:
    place = tmp_path / ".config" / "obsidian"
    notes = made(tmp_path / "notes", "a.md")
    listed(place, made(place / "Obsidian Sandbox", "Start Here.md"), notes)
    seen, _ = find_vaults(settings(tmp_path), platform="linux", home=tmp_path, environ={})
    assert [vault.path for vault in seen] == [notes]


def test_a_vault_inside_another_is_not_read_twice_unless_it_is_hidden_from_it(tmp_path: Path) -> None:
    outer = made(tmp_path / "outer", "a.md")
    inner, innermost, hidden = outer / "work", outer / "work" / "2026", outer / ".private" / "notes"
    for folder in (inner, innermost, hidden):
        made(folder, "b.md")
    listed(tmp_path / ".config" / "obsidian", innermost, inner, outer, hidden, made(tmp_path / "outer 2", "c.md"))
    seen, _ = find_vaults(settings(tmp_path), platform="linux", home=tmp_path, environ={})
    told = {vault.path.name: vault.problem for vault in seen}
    both = f"its notes are read with those of {outer}, in which it lies"
    assert told == {"2026": both, "work": both, "outer": None, "notes": None, "outer 2": None}


def test_a_vault_with_the_data_folder_in_it_is_not_proposed_and_hides_none_that_lies_in_it(tmp_path: Path) -> None:
    home = made(tmp_path / "home", "a.md")
    notes = made(home / "notes", "b.md")
    listed(home / ".config" / "obsidian", home, notes)
    config = settings(tmp_path, f'data_dir = "{home}/.local/share/sidecar"')
    seen, _ = find_vaults(config, platform="linux", home=home, environ={})
    assert [(vault.path, "data folder" in (vault.problem or "")) for vault in seen] == [(home, True), (notes, False)]


def test_vaults_of_the_settings_are_not_questioned(tmp_path: Path) -> None:
    outer = made(tmp_path / "outer", "a.md")
    inner = made(outer / "inner", "b.md")
    config = settings(tmp_path, f'vaults = ["{outer}", "{inner}"]\ndata_dir = "{outer}/data"')
    seen, _ = find_vaults(config, platform="linux", home=tmp_path, environ={})
    assert [(vault.path, vault.problem) for vault in seen] == [(outer, None), (inner, None)]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere such names cannot be made")
def test_a_vault_whose_path_is_no_utf_8_keeps_no_other_from_being_set_up(tmp_path: Path) -> None:
    odd = made(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")), "a.md")
    (tmp_path / "link").symlink_to(odd)
    listed(tmp_path / ".config" / "obsidian", tmp_path / "link", made(tmp_path / "notes", "a.md"))
    seen, _ = find_vaults(settings(tmp_path), platform="linux", home=tmp_path, environ={})
    assert [("UTF-8" in (vault.problem or "")) for vault in seen] == [True, False]


def test_the_notes_of_hundreds_of_vaults_are_counted_for_a_few_seconds_in_all(tmp_path: Path) -> None:
    listed(tmp_path / ".config" / "obsidian", *(made(tmp_path / str(n), "a.md", "b.md") for n in range(200)))
    ticks = itertools.count(step=0.5)
    seen, _ = find_vaults(
        settings(tmp_path), platform="linux", home=tmp_path, environ={}, clock=lambda: float(next(ticks))
    )
    whole = [vault.count is not None and vault.count.whole for vault in seen]
    assert (len(whole), whole[0], whole[-1]) == (200, True, False)


@pytest.mark.parametrize("entry", [None, 3, {}, {"path": 3}, {"path": ""}, {"path": "\0"}, {"path": "relative"}])
def test_what_is_no_path_has_not_vanished(tmp_path: Path, entry: object) -> None:
    (tmp_path / "obsidian.json").write_text(json.dumps({"vaults": {"a": entry}}), encoding="utf-8")
    assert vanished_vaults([tmp_path]) == ()


def test_hidden_folders_links_and_programs_are_not_counted(tmp_path: Path) -> None:
    made(tmp_path, "a.md", "B.MD", ".trash/x.md", "node_modules/y.md", ".hidden.md", "deep/er/c.md", "p.pdf")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert count_notes(tmp_path) == Count(notes=3, size=12)


def test_counting_ends_at_a_number_of_entries_and_when_its_time_is_over(tmp_path: Path) -> None:
    made(tmp_path, *(f"{number}.md" for number in range(20)))
    few = count_notes(tmp_path, most=5)
    assert (few.notes, few.whole) == (5, False)
    ticks = itertools.count()
    late = count_notes(tmp_path, seconds=8, clock=lambda: float(next(ticks)))
    assert (late.notes, late.whole) == (8, False)


def test_a_tree_of_folders_alone_ends_too(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / str(number) / "in").mkdir(parents=True)
    assert count_notes(tmp_path, most=4) == Count(notes=0, size=0, whole=False)


def test_what_cannot_be_counted_counts_nothing(tmp_path: Path) -> None:
    assert count_notes(tmp_path / "gone") == Count(notes=0, size=0)


def test_an_archive_is_a_vault_and_a_file_is_none(tmp_path: Path) -> None:
    archive = tmp_path / "Export.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.md", "x")
    assert (look_at(archive, "named").kind, look_at(archive, "named").problem) == ("notion", None)
    (tmp_path / "a.txt").touch()
    with pytest.raises(VaultError, match="is not a folder"):
        named_vault(str(tmp_path / "a.txt"))


@pytest.mark.parametrize("typed", ["", "   ", "''", "\0", "~nobody-of-that-name/x"])
def test_what_is_no_path_is_refused(typed: str) -> None:
    with pytest.raises(VaultError):
        named_vault(typed)


def test_a_path_may_have_a_tilde_quotes_and_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    expected = tmp_path / "My notes"
    for typed in ("~/My notes", " '~/My notes' ", '"My notes"', "./My notes/"):
        assert typed_path(typed) == expected


def test_a_path_of_a_megabyte_is_refused_as_a_vault() -> None:
    with pytest.raises(VaultError):
        named_vault("/" + "x" * 2**20)


def test_vaults_of_one_name_are_numbered_as_the_server_does() -> None:
    assert names_of([Path("/a/Notes"), Path("/b/Notes"), Path("/c/Work.zip")]) == ("Notes", "Notes 2", "Work")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        *[("2", ["b"]), ("2 1", ["b", "a"]), ("1,1, 2", ["a", "b"]), ("3", None), ("0", None), ("", None)],
        *[("a", None), ("٢", None), ("9" * 5000, None), ("1 x", None)],
    ],
)
def test_vaults_are_chosen_by_their_numbers(typed: str, expected: list[str] | None) -> None:
    chosen = chosen_by_numbers(typed, [vault("/v/a"), vault("/v/b")])
    assert (None if chosen is None else [path.name for path in chosen]) == expected


def test_folders_are_completed_as_they_were_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    made(tmp_path / "My notes", "Nested/a.md")
    made(tmp_path / ".hidden")
    (tmp_path / "My file").touch()
    assert completions("~/My") == [f"~/My notes{os.sep}"]
    assert completions("~/") == [f"~/My notes{os.sep}"]
    assert completions("~/.h") == [f"~/.hidden{os.sep}"]
    assert completions(f"{tmp_path}/My notes/N") == [f"{tmp_path}/My notes/Nested{os.sep}"]
    assert completions("\0/") == completions("~nobody-of-that-name/") == completions("/no/such/") == []
