from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from sidecar.vault.exclusions import Exclusions
from sidecar.vault.files import Excluded, Scan, VaultFile, read_file, scan, scan_at


def make(root: Path, paths: Iterable[str]) -> None:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")


def names(found: Scan) -> list[str]:
    return [file.path for file in found.files]


def rules(found: Scan) -> dict[str, str]:
    return {excluded.path: excluded.rule for excluded in found.excluded}


def test_notes_are_found_in_order_with_size_and_time(tmp_path: Path) -> None:
    make(tmp_path, ["b/Note.md", "a.markdown", "B.MD", "image.png", "notes.txt", "b/c/d/e.md"])
    found = scan(tmp_path, Exclusions())
    status = (tmp_path / "a.markdown").stat()
    assert names(found) == ["B.MD", "a.markdown", "b/Note.md", "b/c/d/e.md"]
    assert found.files[1] == VaultFile(
        path="a.markdown", size=1, mtime_ns=status.st_mtime_ns, ctime_ns=status.st_ctime_ns
    )
    assert rules(found) == {"image.png": "unsupported", "notes.txt": "unsupported"}
    assert (found.problems, found.complete) == ((), True)


def test_which_formats_are_read_is_for_the_reader_to_say(tmp_path: Path) -> None:
    make(tmp_path, ["a.md", "b.canvas", "c.pdf", "Old/d.pdf", "e"])

    def unread(path: str) -> str | None:
        return {"pdf": "needs-pdf", "e": "unsupported"}.get(path.rpartition(".")[2])

    found = scan(tmp_path, Exclusions.build(globs=["Old"], unread=unread))
    assert names(found) == ["a.md", "b.canvas"]
    assert rules(found) == {"Old/d.pdf": "glob: Old", "c.pdf": "needs-pdf", "e": "unsupported"}


def test_every_file_that_is_not_hidden_is_listed_once(tmp_path: Path) -> None:
    make(
        tmp_path, ["a.md", "b", "c.d/e.tar.gz", "f.icloud", "LICENSE", "g.md/h.md", ".git/x", ".i", "x/node_modules/y"]
    )
    make(tmp_path, ["Twice.md", ".Twice.md.icloud"])
    found = scan(tmp_path, Exclusions())
    listed = [*names(found), *rules(found)]
    assert sorted(listed) == ["LICENSE", "Twice.md", "a.md", "b", "c.d/e.tar.gz", "f.icloud", "g.md/h.md"]
    assert names(found) == ["Twice.md", "a.md", "g.md/h.md"]


def test_a_table_that_notion_exports_twice_is_read_once(tmp_path: Path) -> None:
    make(tmp_path, ["Tasks 1a.csv", "Tasks 1a_all.csv", "Sub/Tasks 1a.csv"])
    exclusions = Exclusions.build(table_twins=True, unread=lambda path: None)
    twin = Excluded(path="Tasks 1a.csv", rule="notion-twin")
    assert scan(tmp_path, exclusions).excluded == (twin,)
    assert scan(tmp_path, exclusions, below=twin.path).excluded == (twin,)
    assert scan(tmp_path, Exclusions(unread=lambda path: None)).excluded == ()


def test_an_empty_vault_is_a_complete_scan_of_nothing(tmp_path: Path) -> None:
    assert scan(tmp_path, Exclusions()) == Scan()


def test_excluded_notes_are_listed_and_hidden_folders_are_not(tmp_path: Path) -> None:
    make(
        tmp_path,
        [
            "Templates/a.md",
            "Templates/sub/b.md",
            "Templates/c.png",
            "Private/d.md",
            ".obsidian/e.md",
            ".trash/f.md",
            ".g.md",
            "node_modules/h.md",
            "Note.md",
            "Note.sync-conflict-20240131-101530-ABCDEFG.md",
        ],
    )
    found = scan(tmp_path, Exclusions.build(user_ignore_filters=["Templates/"], globs=["Private/**"]))
    assert names(found) == ["Note.md"]
    assert rules(found) == {
        "Note.sync-conflict-20240131-101530-ABCDEFG.md": "sync-conflict",
        "Private/d.md": "glob: Private/**",
        "Templates/a.md": "obsidian: Templates/",
        "Templates/c.png": "obsidian: Templates/",
        "Templates/sub/b.md": "obsidian: Templates/",
    }


def test_links_are_listed_and_not_followed(tmp_path: Path) -> None:
    vault, outside = tmp_path / "vault", tmp_path / "outside"
    make(vault, ["Note.md", "Sub/Other.md"])
    make(outside, ["Secret.md"])
    (vault / "loop").symlink_to(vault)
    (vault / "Sub" / "up").symlink_to("..")
    (vault / "same.md").symlink_to("Note.md")
    (vault / "out").symlink_to(outside)
    (vault / "out.md").symlink_to(outside / "Secret.md")
    (vault / "picture.png").symlink_to(outside / "Secret.md")
    (vault / "self.md").symlink_to("self.md")
    found = scan(vault, Exclusions())
    assert names(found) == ["Note.md", "Sub/Other.md"]
    assert rules(found) == {
        "Sub/up": "link-inside-vault",
        "loop": "link-inside-vault",
        "out": "outside-vault",
        "out.md": "outside-vault",
        "picture.png": "outside-vault",
        "same.md": "link-inside-vault",
        "self.md": "link-inside-vault",
    }
    assert found.complete


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_what_is_no_regular_file_is_excluded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.md")
        found = scan(tmp_path, Exclusions())
    assert rules(found) == {"pipe": "not-a-file", "pipe.md": "not-a-file", "socket.md": "not-a-file"}


def test_a_file_that_icloud_has_evicted_is_listed_under_its_own_name(tmp_path: Path) -> None:
    make(tmp_path, ["Sub/.Note.md.icloud", "Sub/.image.png.icloud", "Old/.x.md.icloud", ".x/.Note.md.icloud"])
    exclusions = Exclusions.build(globs=["Old"])
    assert rules(scan(tmp_path, exclusions)) == {
        "Old/x.md": "glob: Old",
        "Sub/Note.md": "not-downloaded",
        "Sub/image.png": "not-downloaded",
    }
    assert rules(scan(tmp_path, exclusions, below="Sub/Note.md")) == {"Sub/Note.md": "not-downloaded"}


@pytest.mark.skipif(os.name == "nt", reason="Windows does not have such names")
def test_names_that_cannot_be_used_are_listed_as_such_each_by_itself(tmp_path: Path) -> None:
    make(tmp_path, ["a\\b.md", "Note.md", "c\\d/x.md", "c\\d/y.png"])
    try:
        for name in (b"/\xff.md", b"/\xfe.md"):
            Path(os.fsdecode(os.fsencode(tmp_path) + name)).touch()
    except OSError:
        pytest.skip("this file system only has names in UTF-8")
    found = scan(tmp_path, Exclusions())
    assert names(found) == ["Note.md"]
    unusable = dict.fromkeys(["a\\b.md", "c\\d/x.md", "c\\d/y.png", "\\xfe.md", "\\xff.md"], "unusable-name")
    assert rules(found) == unusable
    assert rules(scan(tmp_path, Exclusions(), below="c\\d")) == {
        "c\\d/x.md": "unusable-name",
        "c\\d/y.png": "unusable-name",
    }


def test_a_folder_that_cannot_be_read_makes_the_scan_incomplete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, ["Note.md", "Locked/Secret.md", "Open/Other.md"])
    real = os.scandir

    def refuse_one(path: Path) -> object:  # root may read everything, so rights alone would not show it
        if path.name == "Locked":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse_one)
    found = scan(tmp_path, Exclusions())
    assert names(found) == ["Note.md", "Open/Other.md"]
    assert not found.complete
    assert found.problems == ("Locked cannot be read: Permission denied.",)


@pytest.mark.parametrize("below", ["", "Sub", "Note.md"])
def test_a_vault_that_is_gone_is_never_a_complete_scan(tmp_path: Path, below: str) -> None:
    found = scan(tmp_path / "gone", Exclusions(), below=below)
    assert not found.complete
    assert found.problems == ("The vault's folder is not there.",)


def test_a_vault_that_became_a_file_is_never_a_complete_scan(tmp_path: Path) -> None:
    (tmp_path / "vault").touch()
    assert not scan(tmp_path / "vault", Exclusions()).complete


def test_a_folder_can_be_scanned_alone(tmp_path: Path) -> None:
    make(tmp_path, ["Sub/a.md", "Sub/deep/b.md", "Subway/c.md", "d.md"])
    assert names(scan(tmp_path, Exclusions(), below="Sub")) == ["Sub/a.md", "Sub/deep/b.md"]


def test_a_file_can_be_scanned_alone(tmp_path: Path) -> None:
    make(tmp_path, ["Sub/a.md", "Sub/a.md.md", "b.md", "Templates/c.md"])
    exclusions = Exclusions.build(user_ignore_filters=["Templates/"])
    assert names(scan(tmp_path, exclusions, below="Sub/a.md")) == ["Sub/a.md"]
    assert names(scan(tmp_path, exclusions, below="b.md")) == ["b.md"]
    assert scan(tmp_path, exclusions, below="Templates/c.md").excluded == (
        Excluded(path="Templates/c.md", rule="obsidian: Templates/"),
    )


def test_several_places_are_scanned_as_one(tmp_path: Path) -> None:
    make(tmp_path, ["a.md", "b.md", "c.png", "Sub/d.md", "Sub/deep/e.md", "Other/f.md"])
    found = scan_at(tmp_path, Exclusions(), ["a.md", "c.png", "gone.md", "Sub", "Sub/deep", "Sub/d.md", ".obsidian"])
    assert names(found) == ["Sub/d.md", "Sub/deep/e.md", "a.md"]
    assert rules(found) == {"c.png": "unsupported"}
    assert scan_at(tmp_path, Exclusions(), []) == Scan()
    assert scan_at(tmp_path, Exclusions(), ["a.md", ""]) == scan(tmp_path, Exclusions())


def test_a_folder_is_listed_once_however_many_of_its_files_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, [f"Sub/{number}.md" for number in range(50)])
    listed: list[Path] = []
    real = os.scandir

    def count(path: Path) -> object:
        listed.append(path)
        return real(path)

    monkeypatch.setattr(os, "scandir", count)
    assert len(scan_at(tmp_path, Exclusions(), [f"Sub/{number}.md" for number in range(50)]).files) == 50
    assert len(listed) == 1


@pytest.mark.parametrize(
    "below",
    ["gone.md", "gone/folder", "a.md/x.md", ".obsidian", "../outside", "..\\x/../../outside", "/tmp\\..", "a//b"],
)
def test_what_is_not_there_or_not_the_vaults_scans_to_nothing(tmp_path: Path, below: str) -> None:
    vault = tmp_path / "vault"
    make(vault, ["a.md", ".obsidian/x.md"])
    make(tmp_path, ["outside/y.md"])
    assert scan(vault, Exclusions(), below=below) == Scan()


def test_an_absolute_path_scans_to_nothing(tmp_path: Path) -> None:
    make(tmp_path / "vault", ["a.md"])
    make(tmp_path, ["outside/y.md"])
    assert scan(tmp_path / "vault", Exclusions(), below=str(tmp_path / "outside")) == Scan()


def test_behind_a_link_nothing_is_scanned(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    make(vault, ["Sub/a.md"])
    make(tmp_path, ["outside/y.md"])
    (vault / "inner").symlink_to("Sub")
    (vault / "outer").symlink_to(tmp_path / "outside")
    assert scan(vault, Exclusions(), below="inner/a.md") == Scan()
    assert scan(vault, Exclusions(), below="outer/y.md") == Scan()
    assert rules(scan(vault, Exclusions(), below="outer")) == {"outer": "outside-vault"}


def test_folders_deeper_than_the_stack_are_walked(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(300 if os.name != "nt" else 20):
        folder /= "d"
        folder.mkdir()
    (folder / "deep.md").touch()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(250)
    try:
        found = scan(tmp_path, Exclusions())
    finally:
        sys.setrecursionlimit(limit)
    assert len(found.files) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows refuses such times")
@pytest.mark.parametrize("seconds", [-(2**31), 0, 4_102_444_800, 13_569_465_600, 2**33])
def test_times_of_any_year_fit_the_index(tmp_path: Path, seconds: int) -> None:
    make(tmp_path, ["Note.md"])
    os.utime(tmp_path / "Note.md", ns=(0, seconds * 10**9))
    (found,) = scan(tmp_path, Exclusions()).files
    assert abs(found.mtime_ns) < 2**63
    assert found.mtime_ns == read_file(tmp_path, "Note.md", max_bytes=10).mtime_ns
