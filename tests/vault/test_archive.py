from __future__ import annotations

import contextlib
import io
import os
import stat
import struct
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.errors import VaultError
from sidecar.vault.archive import STAMP, ArchiveLimits, is_archive, safe_name, unpack_archive
from sidecar.vault.notion import fuller_table, is_table_twin, looks_like_notion

ID = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"
WRAPPER = "Export-d2b14fbf-86de-4508-a1b2-6515ff8d7aab"
EXPORT = Path(__file__).parents[1] / "vaults" / "notion"


def packed(files: Mapping[str, bytes], *, level: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", level) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def make(folder: Path, files: Mapping[str, bytes]) -> Path:
    path = folder / "export.zip"
    path.write_bytes(packed(files))
    return path


def found(folder: Path) -> dict[str, bytes]:
    files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    del files[STAMP]
    return files


def assert_refused(archive: Path, into: Path, *, match: str, limits: ArchiveLimits | None = None) -> None:
    with pytest.raises(VaultError, match=match) as caught:
        unpack_archive(archive, into, limits=limits or ArchiveLimits())
    assert caught.value.hint
    # Nothing half done stays beside the folder.
    assert {path.name for path in into.parent.iterdir()} <= {into.name, archive.name}


def test_an_export_is_unpacked_with_every_file(tmp_path: Path) -> None:
    files = {file.relative_to(EXPORT).as_posix(): file.read_bytes() for file in EXPORT.rglob("*") if file.is_file()}
    into = tmp_path / "data" / "vault"
    assert unpack_archive(make(tmp_path, files), into) == into
    assert found(into) == files


def test_the_folder_on_top_of_an_export_is_left_out(tmp_path: Path) -> None:
    files = {f"{WRAPPER}/Plan {ID}.md": b"a", f"{WRAPPER}/Plan {ID}/x.png": b"b", "index.html": b"c"}
    unpack_archive(make(tmp_path, files), tmp_path / "vault")
    assert found(tmp_path / "vault") == {f"Plan {ID}.md": b"a", f"Plan {ID}/x.png": b"b", "index.html": b"c"}


def test_an_export_in_parts_becomes_one_folder(tmp_path: Path) -> None:
    one = packed({f"{WRAPPER}/Plan {ID}.md": b"a", f"{WRAPPER}/Plan {ID}/deep.zip": b"no export"})
    two = packed({f"{WRAPPER}/Plan {ID}/Sub {OTHER}.md": b"b"})
    files = {f"{WRAPPER}-Part-1.zip": one, f"{WRAPPER}-Part-2.zip": two}
    unpack_archive(make(tmp_path, files), tmp_path / "vault")
    assert found(tmp_path / "vault") == {
        f"Plan {ID}.md": b"a",
        f"Plan {ID}/deep.zip": b"no export",
        f"Plan {ID}/Sub {OTHER}.md": b"b",
    }


def test_archives_are_unwrapped_one_level_deep(tmp_path: Path) -> None:
    innermost = packed({"a.md": b"a"})
    inner = packed({f"{WRAPPER}-Part-1.zip": innermost, "attachment.zip": innermost})
    files = {f"{WRAPPER}-Part-1.zip": inner, "own.zip": b"x", "x-Part-2.zip/y.md": b"a folder"}
    unpack_archive(make(tmp_path, files), tmp_path / "vault")
    assert found(tmp_path / "vault") == {
        "x-Part-2.zip/y.md": b"a folder",
        f"{WRAPPER}-Part-1.zip": innermost,
        "attachment.zip": innermost,
        "own.zip": b"x",
    }


@pytest.mark.parametrize(
    "name",
    [
        "../a.md",
        "x/../../a.md",
        "x/..",
        "/etc/a.md",
        "//server/share/a.md",
        "C:/a.md",
        "C:",
        "x\\a.md",
        "..\\a.md",
        "\\\\server\\share\\a.md",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused_with_the_whole_archive(tmp_path: Path, name: str) -> None:
    archive = make(tmp_path, {"a.md": b"fine", "NAME": b"bad"})
    info = zipfile.ZipInfo("x" * len(name))
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a.md", b"fine")
        opened.writestr(info, b"bad")
    archive.write_bytes(archive.read_bytes().replace(b"x" * len(name), name.encode()))
    assert_refused(archive, tmp_path / "vault", match="a file called")
    assert not (tmp_path / "vault").exists()


def test_a_name_with_a_nul_is_refused(tmp_path: Path) -> None:
    archive = make(tmp_path, {"plan.md#.png": b"a"})
    archive.write_bytes(archive.read_bytes().replace(b"plan.md#.png", b"plan.md\0.png"))
    assert_refused(archive, tmp_path / "vault", match="a file called")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    archive = tmp_path / "export.zip"
    info = zipfile.ZipInfo("link.md")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(info, b"/etc/passwd")
    assert_refused(archive, tmp_path / "vault", match="link or device")


@pytest.mark.parametrize("flag", [0x1, 0x41, 0x2000])
def test_an_encrypted_archive_is_refused(tmp_path: Path, flag: int) -> None:
    archive = make(tmp_path, {"a.md": b"a"})
    data = bytearray(archive.read_bytes())
    at = data.index(b"PK\x01\x02") + 8
    struct.pack_into("<H", data, at, struct.unpack_from("<H", data, at)[0] | flag)
    archive.write_bytes(data)
    assert_refused(archive, tmp_path / "vault", match="is encrypted")


@pytest.mark.parametrize(
    ("limits", "match"),
    [
        (ArchiveLimits(files=2), "3 files"),
        (ArchiveLimits(total_bytes=2_000_100), "2000200 bytes"),
        (ArchiveLimits(ratio=100), "grows from"),
    ],
)
def test_an_archive_over_a_limit_is_refused(tmp_path: Path, limits: ArchiveLimits, match: str) -> None:
    files = {"a.md": b"a" * 100, "b.md": b"b" * 100, "c.md": b"c" * 2_000_000}
    assert_refused(make(tmp_path, files), tmp_path / "vault", match=match, limits=limits)
    enough = ArchiveLimits(files=3, total_bytes=2_000_200, ratio=2_000)
    assert len(found(unpack_archive(tmp_path / "export.zip", tmp_path / "vault", limits=enough))) == 3


def test_limits_count_over_the_archives_inside(tmp_path: Path) -> None:
    part = packed({f"{number}.md": b"a" * 1000 for number in range(10)})
    archive = make(tmp_path, {f"{WRAPPER}-Part-{number}.zip": part for number in (1, 2)})
    assert_refused(archive, tmp_path / "vault", match="files", limits=ArchiveLimits(files=21))
    assert_refused(archive, tmp_path / "vault", match="bytes", limits=ArchiveLimits(total_bytes=20_000))
    unpack_archive(archive, tmp_path / "vault", limits=ArchiveLimits(files=22, total_bytes=20_000 + 2 * len(part)))


def test_a_size_that_is_not_true_breaks_the_archive_and_writes_no_more(tmp_path: Path) -> None:
    archive = make(tmp_path, {"a.md": os.urandom(50_000)})
    data = bytearray(archive.read_bytes())
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 10)
    archive.write_bytes(data)
    assert_refused(archive, tmp_path / "vault", match="damaged or no zip")


@pytest.mark.parametrize("where", [0, 10, -10, -30])
def test_a_broken_archive_is_refused_and_what_was_unpacked_before_stays(tmp_path: Path, where: int) -> None:
    archive = make(tmp_path, {"a.md": b"old"})
    into = unpack_archive(archive, tmp_path / "vault")
    whole = packed({"a.md": b"new" * 1000, "b.md": b"new"})
    archive.write_bytes(whole[:where])
    assert_refused(archive, into, match=r"damaged or no zip|cannot be unpacked")
    assert found(into) == {"a.md": b"old"}


def test_damage_within_a_file_is_found(tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    archive.write_bytes(packed({"a.md": b"some words"}, level=zipfile.ZIP_STORED).replace(b"some words", b"same words"))
    assert_refused(archive, tmp_path / "vault", match="damaged or no zip")


def test_an_archive_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert_refused(tmp_path / "gone.zip", tmp_path / "vault", match="cannot be unpacked")


def test_it_is_unpacked_again_only_when_it_changed(tmp_path: Path) -> None:
    archive = make(tmp_path, {"a.md": b"a"})
    into = unpack_archive(archive, tmp_path / "vault")
    (into / "witness").touch()
    unpack_archive(archive, into)
    assert (into / "witness").exists()
    # Touched or copied, it is the same archive.
    os.utime(archive, ns=(1, 1))
    unpack_archive(archive, into)
    assert (into / "witness").exists()
    archive.write_bytes(packed({"a.md": b"b"}))
    unpack_archive(archive, into)
    assert found(into) == {"a.md": b"b"}


def test_a_folder_that_is_not_ours_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "mine.md").write_bytes(b"mine")
    assert_refused(make(tmp_path, {"a.md": b"a"}), tmp_path / "vault", match="in the way")
    assert (tmp_path / "vault" / "mine.md").read_bytes() == b"mine"


def test_what_a_killed_unpacking_left_is_put_right(tmp_path: Path) -> None:
    archive = make(tmp_path, {"a.md": b"a"})
    into = unpack_archive(archive, tmp_path / "vault")
    # Killed between the two renames: the old version is aside, the new one not in place yet.
    into.rename(tmp_path / ".vault.old")
    (tmp_path / ".vault.new").mkdir()
    (tmp_path / ".vault.new" / "half.md").touch()
    archive.write_bytes(b"broken")
    assert_refused(archive, into, match="damaged or no zip")
    assert found(into) == {"a.md": b"a"}


def test_a_full_disk_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make(tmp_path, {"a.md": b"old"})
    into = unpack_archive(archive, tmp_path / "vault")
    archive.write_bytes(packed({"a.md": b"new", "b.md": b"new"}))

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    assert_refused(archive, into, match="No space left")
    assert found(into) == {"a.md": b"old"}


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has these modes")
def test_only_the_owner_may_read_what_was_unpacked(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("x/y/loose.md")
    info.external_attr = (stat.S_IFREG | 0o4777) << 16
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(info, b"a")
    into = unpack_archive(archive, tmp_path / "data" / "vault")
    for path in [into, *into.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("name", ["Prüfung ö.md", "観察ノート.md", "Ação 🍀.md"])
def test_names_are_utf_8_whether_the_archive_says_so_or_not(tmp_path: Path, name: str) -> None:
    archive = make(tmp_path, {name: b"a"})
    data = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature) + offset
        struct.pack_into("<H", data, at, struct.unpack_from("<H", data, at)[0] & ~0x800)
    assert found(unpack_archive(archive, tmp_path / "said")) == {name: b"a"}
    archive.write_bytes(data)
    assert found(unpack_archive(archive, tmp_path / "unsaid")) == {name: b"a"}


def test_a_name_that_is_said_to_be_utf_8_is_not_guessed_at(tmp_path: Path) -> None:
    # In cp437 these are the bytes of "ü" in UTF-8.
    assert found(unpack_archive(make(tmp_path, {"├╝.md": b"a"}), tmp_path / "vault")) == {"├╝.md": b"a"}


def test_names_that_are_not_utf_8_are_cp437(tmp_path: Path) -> None:
    archive = make(tmp_path, {"Pr_fung.md": b"a"})
    archive.write_bytes(archive.read_bytes().replace(b"Pr_fung.md", "Prüfung.md".encode("cp437")))
    assert found(unpack_archive(archive, tmp_path / "vault")) == {"Prüfung.md": b"a"}


def test_twins_of_one_name_are_both_kept(tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    names = [f"Plan {ID[:-1]}{digit}.md" for digit in "567"]
    archive.write_bytes(packed(dict(zip(names, (b"a", b"b", b"c"), strict=True))))
    for name in names:
        archive.write_bytes(archive.read_bytes().replace(name.encode(), f"Plan {ID}.md".encode()))
    assert found(unpack_archive(archive, tmp_path / "vault")) == {
        f"Plan {ID}.md": b"a",
        f"Plan (2) {ID}.md": b"b",
        f"Plan (3) {ID}.md": b"c",
    }


def test_twins_in_case_are_both_kept_whatever_the_file_system(tmp_path: Path) -> None:
    files = {"Plan.md": b"a", "PLAN.md": b"b", "É.md": b"c", "E\u0301.md": b"d"}
    kept = found(unpack_archive(make(tmp_path, files), tmp_path / "vault"))
    assert sorted(kept.values()) == [b"a", b"b", b"c", b"d"]
    if sys.platform == "linux":
        assert kept == files


def test_a_name_that_is_too_long_is_shortened_and_keeps_its_id(tmp_path: Path) -> None:
    name = "長" * 100
    files = {
        f"{name} {ID}.md": b"a",
        f"{name} {OTHER}.md": b"b",
        f"{name} {ID}/x.png": b"c",
        f"{name} {ID}_all.csv": b"d",
    }
    into = unpack_archive(make(tmp_path, files), tmp_path / "vault")
    ends = {path.rpartition(" ")[2]: data for path, data in found(into).items()}
    assert ends == {f"{ID}.md": b"a", f"{OTHER}.md": b"b", f"{ID}/x.png": b"c", f"{ID}_all.csv": b"d"}


@pytest.mark.parametrize(
    ("name", "elsewhere", "windows"),
    [
        ("Plan.md", "Plan.md", "Plan.md"),
        ("What? When: now.md", "What? When: now.md", "What_ When_ now.md"),
        ("aux.md", "aux.md", "_aux.md"),
        ("Com1", "Com1", "_Com1"),
        ("Auxiliary.md", "Auxiliary.md", "Auxiliary.md"),
        ("folder.", "folder.", "folder_"),
        ("folder ", "folder ", "folder_"),
        ("a\nb\x7f.md", "a_b_.md", "a_b_.md"),
        (".hidden", ".hidden", ".hidden"),
    ],
)
def test_names_are_those_that_the_system_holds(name: str, elsewhere: str, windows: str) -> None:
    assert safe_name(name, windows=False) == elsewhere
    assert safe_name(name, windows=True) == windows


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400), st.booleans())
def test_any_name_becomes_one_that_fits(name: str, windows: bool) -> None:
    safe = safe_name(name, windows=windows)
    assert safe
    assert len(safe.encode()) <= 240
    assert "\0" not in safe


def test_an_archive_with_a_comment_and_one_in_the_larger_form_are_read(tmp_path: Path) -> None:
    archive = make(tmp_path, {"a.md": b"a"})
    with zipfile.ZipFile(archive, "a") as opened:
        opened.comment = b"exported on a Tuesday" * 1000
    assert found(unpack_archive(archive, tmp_path / "one")) == {"a.md": b"a"}
    data = archive.read_bytes()
    end = data.index(b"PK\x05\x06")
    _, _, _, _, count, size, start, _ = struct.unpack_from("<4s4H2LH", data, end)
    larger = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    archive.write_bytes(data[:end] + larger + locator + last)
    assert found(unpack_archive(archive, tmp_path / "two")) == {"a.md": b"a"}


@given(st.binary(max_size=200), st.integers(0, 400))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_archive_damaged_anywhere_is_read_or_refused(tmp_path: Path, damage: bytes, at: int) -> None:
    whole = packed({f"Plan {ID}.md": b"# Plan\n" * 20, "x/y.csv": b"a,b\n"})
    archive = tmp_path / "export.zip"
    archive.write_bytes(whole[:at] + damage + whole[at + len(damage) :])
    with contextlib.suppress(VaultError):
        unpack_archive(archive, tmp_path / "vault")
    assert {path.name for path in tmp_path.iterdir()} <= {"export.zip", "vault"}


def test_an_archive_is_a_file_called_zip(tmp_path: Path) -> None:
    (tmp_path / "a.ZIP").touch()
    (tmp_path / "b.zip").mkdir()
    (tmp_path / "c.md").touch()
    names = [path.name for path in sorted(tmp_path.iterdir()) if is_archive(path)]
    assert names == ["a.ZIP"]
    assert not is_archive(tmp_path / "gone.zip")


@pytest.mark.parametrize(
    ("names", "notion"),
    [
        ([f"Plan {ID}.md"], True),
        ([f"Plan {ID}.md", f"Plan {ID}", "index.html"], True),
        ([f"Tasks {ID}.csv", f"Tasks {ID}_all.csv"], True),
        ([f"Private & Shared/Plan {ID}.md"], True),
        ([f"{ID}.md"], True),
        ([f"Plan {ID}.md", "Own note.md"], True),
        ([f"Plan {ID}.md", "One.md", "Two.md"], False),
        (["Plan.md", "Tasks.csv"], False),
        ([f"Plan {ID}.png"], False),
        ([f"Plan {ID.upper()}.md"], False),
        ([f"Plan{ID}.md"], False),
        ([], False),
    ],
)
def test_an_export_is_known_by_the_ids_in_its_names(names: list[str], notion: bool) -> None:
    assert looks_like_notion(names) is notion


def test_the_smaller_of_two_tables_is_the_twin() -> None:
    siblings = [f"a/Tasks {ID}.csv", f"a/Tasks {ID}_all.csv", f"a/Alone {OTHER}.csv", f"a/Full {OTHER}_all.csv"]
    assert [path for path in siblings if is_table_twin(path, siblings)] == [f"a/Tasks {ID}.csv"]
    assert fuller_table(f"a/Tasks {ID}.csv") == f"a/Tasks {ID}_all.csv"
    assert fuller_table(f"a/Tasks {ID}.md") is None


@pytest.mark.skipif(sys.platform == "win32", reason="names like these cannot be written there")
def test_the_export_in_the_tests_is_one(tmp_path: Path) -> None:
    assert looks_like_notion(path.name for path in EXPORT.iterdir())
