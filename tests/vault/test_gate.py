from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.errors import NoteMissingError, VaultError
from sidecar.vault.files import (
    check_vault,
    is_placeholder,
    name_of_placeholder,
    read_file,
    resolve_inside,
    unusable,
)

needs_fifo = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    root = tmp_path / "vault"
    (root / "Sub").mkdir(parents=True)
    (root / "Sub" / "Note.md").write_bytes(b"inside")
    (tmp_path / "secret.md").write_bytes(b"outside")
    # A sibling that shares the vault's name as a prefix: what comparing strings would let through.
    (tmp_path / "vault-2").mkdir()
    (tmp_path / "vault-2" / "secret.md").write_bytes(b"outside")
    return root


def test_a_note_is_read_with_its_size_and_time(vault: Path) -> None:
    content = read_file(vault, "Sub/Note.md", max_bytes=6)
    assert content.data == b"inside"
    assert (content.size, content.mtime_ns) == (6, (vault / "Sub" / "Note.md").stat().st_mtime_ns)


ESCAPES = [
    "",
    ".",
    "..",
    "../secret.md",
    "../vault-2/secret.md",
    "Sub/../../secret.md",
    "Sub/../Sub/Note.md",
    "Sub/./Note.md",
    "Sub//Note.md",
    "Sub/Note.md/",
    "/etc/passwd",
    "//server/share/x.md",
    "\\\\server\\share\\x.md",
    "\\\\?\\C:\\x.md",
    "Sub\\Note.md",
    "..\\secret.md",
    "C:\\Users\\x.md",
    "C:/Users/x.md",
    "C:",
    "Sub/Note.md\0.png",
    "Sub/\udcff.md",
]


@pytest.mark.parametrize("path", ESCAPES)
@pytest.mark.parametrize("windows", [False, True])
def test_paths_that_are_not_the_vaults_are_refused_everywhere(path: str, windows: bool) -> None:
    assert unusable(path, windows=windows) is not None


@pytest.mark.parametrize("path", ESCAPES)
def test_nothing_is_read_through_such_a_path(vault: Path, path: str) -> None:
    with pytest.raises(VaultError):
        read_file(vault, path, max_bytes=100)


@pytest.mark.parametrize(
    "path",
    [
        "CON",
        "con.md",
        "Sub/NUL.txt",
        "aux .md",
        "COM1.md",
        "LPT¹",
        "CONIN$",
        "Note.md:stream",
        "C:Note.md",
        "Note.md.",
        "Note.md ",
        "Sub /Note.md",
    ],
)
def test_second_names_of_files_on_windows_are_refused_there_alone(path: str) -> None:
    assert unusable(path, windows=True) is not None
    assert unusable(path, windows=False) is None


@pytest.mark.parametrize("path", ["Conrad.md", "console/x.md", "COM10.md", "Ä ö/日記.md", "a..b.md", ".hidden/x", "~"])
def test_ordinary_names_pass_everywhere(path: str) -> None:
    assert unusable(path, windows=True) is None
    assert unusable(path, windows=False) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    path=st.lists(st.sampled_from(["..", ".", "/", "\\", "Sub", "out", "a", "C:", "\0", "é"]), max_size=8).map("".join)
)
def test_whatever_passes_the_gate_lies_in_the_vault(vault: Path, path: str) -> None:
    try:
        real = resolve_inside(vault, path)
    except VaultError:
        return
    assert vault.resolve() in real.parents


def test_a_link_that_leads_out_is_refused(vault: Path, tmp_path: Path) -> None:
    (vault / "file.md").symlink_to(tmp_path / "secret.md")
    (vault / "folder").symlink_to(tmp_path / "vault-2")
    (vault / "relative.md").symlink_to("../secret.md")
    for path in ("file.md", "folder/secret.md", "relative.md"):
        with pytest.raises(VaultError, match="leads out of the vault"):
            read_file(vault, path, max_bytes=100)


def test_a_link_within_the_vault_is_followed(vault: Path) -> None:
    (vault / "link.md").symlink_to("Sub/Note.md")
    (vault / "folder").symlink_to("Sub")
    assert read_file(vault, "link.md", max_bytes=100).data == b"inside"
    assert read_file(vault, "folder/Note.md", max_bytes=100).data == b"inside"


def test_a_vault_reached_through_a_link_is_still_the_vault(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(vault)
    assert read_file(tmp_path / "alias", "Sub/Note.md", max_bytes=100).data == b"inside"


def test_a_loop_of_links_is_an_error_not_a_hang(vault: Path) -> None:
    (vault / "a.md").symlink_to("b.md")
    (vault / "b.md").symlink_to("a.md")
    with pytest.raises(VaultError):
        read_file(vault, "a.md", max_bytes=100)


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="this system cannot refuse links on opening")
def test_a_file_swapped_for_a_link_while_it_is_opened_is_not_read(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_open = os.open

    def swap_then_open(path: str, flags: int) -> int:
        Path(path).unlink()
        Path(path).symlink_to(tmp_path / "secret.md")
        return real_open(path, flags)

    monkeypatch.setattr(os, "open", swap_then_open)
    with pytest.raises(VaultError):
        read_file(vault, "Sub/Note.md", max_bytes=100)


def test_a_folder_swapped_for_a_link_while_the_file_is_opened_is_not_read(
    vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vault-2" / "Note.md").write_bytes(b"outside")
    real_open = os.open

    def swap_then_open(path: str, flags: int) -> int:
        (vault / "Sub").rename(vault / "Moved")
        (vault / "Sub").symlink_to(tmp_path / "vault-2")
        return real_open(path, flags)

    monkeypatch.setattr(os, "open", swap_then_open)
    with pytest.raises(VaultError, match="changed while it was opened"):
        read_file(vault, "Sub/Note.md", max_bytes=100)


@needs_fifo
def test_a_fifo_is_refused_without_waiting_for_a_writer(vault: Path) -> None:
    os.mkfifo(vault / "pipe.md")
    with pytest.raises(VaultError, match="is not a file"):
        read_file(vault, "pipe.md", max_bytes=100)


@needs_fifo
def test_a_file_swapped_for_a_fifo_is_refused_without_waiting(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_open = os.open

    def swap_then_open(path: str, flags: int) -> int:
        Path(path).unlink()
        os.mkfifo(path)
        return real_open(path, flags)

    monkeypatch.setattr(os, "open", swap_then_open)
    with pytest.raises(VaultError, match="is not a file"):
        read_file(vault, "Sub/Note.md", max_bytes=100)


def test_folders_and_sockets_are_refused(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VaultError, match="is not a file"):
        read_file(vault, "Sub", max_bytes=100)
    monkeypatch.chdir(vault)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.md")
        with pytest.raises(VaultError, match="is not a file"):
            read_file(vault, "s.md", max_bytes=100)


def test_a_file_over_the_cap_is_refused(vault: Path) -> None:
    with pytest.raises(VaultError, match="larger than 5 bytes"):
        read_file(vault, "Sub/Note.md", max_bytes=5)


def test_a_missing_file_is_told_apart(vault: Path) -> None:
    for path in ("Gone.md", "Sub/Gone.md", "Nowhere/Gone.md", "Sub/Note.md/Gone.md"):
        with pytest.raises(NoteMissingError):
            read_file(vault, path, max_bytes=100)


def test_a_file_that_may_not_be_read_is_an_error_with_a_hint(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, flags: int) -> int:  # root may read everything, so rights alone would not show it
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(VaultError, match="Permission denied") as caught:
        read_file(vault, "Sub/Note.md", max_bytes=100)
    assert caught.value.hint
    assert not isinstance(caught.value, NoteMissingError)


@pytest.mark.parametrize(
    ("flags", "attributes", "elsewhere"),
    [
        (0, 0, False),
        (0x40000000, 0, True),
        (0x20, 0x20, False),
        (0, 0x00400000, True),
        (0, 0x00040020, True),
        (0, 0x1000, True),
    ],
)
def test_placeholders_are_known_by_the_systems_flags(flags: int, attributes: int, elsewhere: bool) -> None:
    assert is_placeholder(flags=flags, attributes=attributes) is elsewhere


def test_icloud_placeholders_stand_for_a_note() -> None:
    assert name_of_placeholder(".Note.md.icloud") == "Note.md"
    assert name_of_placeholder("Note.md") is None
    assert name_of_placeholder(".icloud") is None


def test_a_vault_is_resolved(vault: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(vault)
    assert check_vault(tmp_path / "alias") == vault.resolve()


def test_an_empty_vault_is_fine(tmp_path: Path) -> None:
    assert check_vault(tmp_path) == tmp_path.resolve()


def test_a_missing_vault_suggests_a_similar_folder(tmp_path: Path) -> None:
    (tmp_path / "My Notes").mkdir()
    with pytest.raises(VaultError, match="does not exist") as caught:
        check_vault(tmp_path / "my-notes")
    assert caught.value.hint == f"Did you mean {tmp_path / 'My Notes'}?"


def test_a_missing_vault_names_the_nearest_folder(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="does not exist") as caught:
        check_vault(tmp_path / "a" / "b" / "c")
    assert caught.value.hint == f"The nearest folder that exists is {tmp_path}."


def test_a_file_is_no_vault(vault: Path) -> None:
    with pytest.raises(VaultError, match="is not a folder") as caught:
        check_vault(vault / "Sub" / "Note.md")
    assert caught.value.hint is not None
    assert str(vault / "Sub") in caught.value.hint


def test_a_vault_that_may_not_be_read_says_so(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:  # root may read everything, so rights alone would not show it
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(VaultError, match="may not be read") as caught:
        check_vault(vault)
    assert caught.value.hint


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000])
def test_a_path_no_system_takes_is_an_error_not_a_crash(path: str) -> None:
    with pytest.raises(VaultError):
        check_vault(Path("/") / path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no text")
def test_a_folder_whose_name_is_no_text_is_an_error_that_can_be_shown(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"notes \xff")
    folder.mkdir()
    with pytest.raises(VaultError, match="is not UTF-8") as caught:
        check_vault(folder)
    assert caught.value.message.encode("utf-8")
