"""The log's file: rights, size, what was logged before it was open, disks that cannot be written."""

from __future__ import annotations

import errno
import io
import logging
import os
import stat
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest

from sidecar.logs.file import LogFile
from sidecar.logs.lines import MOST_CHARACTERS

log = logging.getLogger("sidecar.tests")


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    ours = logging.getLogger("sidecar")
    before = ours.level
    ours.setLevel(logging.DEBUG)
    yield
    ours.setLevel(before)


def files(data: Path) -> dict[str, Path]:
    return {path.name: path for path in (data / "logs").iterdir()}


def test_what_was_logged_before_the_file_was_open_is_in_it_once(tmp_path: Path) -> None:
    with LogFile() as file:
        log.info("before")
        file.open(tmp_path)
        log.info("after")
    log.info("too late")
    written = files(tmp_path)["sidecar.log"].read_text(encoding="utf-8").splitlines()
    assert [line.rpartition(": ")[2] for line in written] == ["before", "after"]


def test_nothing_is_written_by_a_program_that_never_gets_to_open_it(tmp_path: Path) -> None:
    with LogFile():
        log.info("before")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [50, 2_000, 100_000])
def test_the_files_together_stay_within_their_bound(tmp_path: Path, length: int) -> None:
    with LogFile(size=20_000, files=3) as file:
        file.open(tmp_path)
        for number in range(200):
            log.info("%d %s", number, "x" * length)
    sizes = {name: path.stat().st_size for name, path in files(tmp_path).items()}
    assert set(sizes) <= {"sidecar.log", "sidecar.log.1", "sidecar.log.2"}
    assert all(0 < size <= 20_000 + MOST_CHARACTERS for size in sizes.values())
    assert " 199 " in files(tmp_path)["sidecar.log"].read_text(encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")
def test_all_are_readable_by_their_owner_alone_whatever_they_were(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir(mode=0o755)
    (tmp_path / "logs" / "sidecar.log").touch(mode=0o644)
    with LogFile(size=1_000, files=2) as file:
        file.open(tmp_path)
        for _ in range(100):
            log.info("a line")
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(tmp_path).values()} == {0o600}
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700
    assert len(files(tmp_path)) == 2


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="links are followed here")
def test_a_link_in_place_of_the_file_is_not_written_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "note.md").write_text("mine", encoding="utf-8")
    (tmp_path / "logs" / "sidecar.log").symlink_to(tmp_path / "note.md")
    with LogFile() as file:
        file.open(tmp_path)
        log.info("a line")
    assert (tmp_path / "note.md").read_text(encoding="utf-8") == "mine"
    assert capsys.readouterr().err == ""


def test_a_folder_that_cannot_be_made_is_no_reason_to_end(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way", encoding="utf-8")
    with LogFile() as file:
        file.open(tmp_path)
        log.info("a line")
    assert (tmp_path / "logs").read_text(encoding="utf-8") == "in the way"


class FullDisk(io.StringIO):
    """Takes nothing any more."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, text)


def test_a_full_disk_is_no_reason_to_say_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with LogFile() as file:
        file.open(tmp_path)
        (handler,) = [each for each in logging.getLogger().handlers if isinstance(each, RotatingFileHandler)]
        before = handler.setStream(FullDisk())  # type: ignore[arg-type]  # a text stream, if no file's
        log.info("a line of a note")
        assert before is not None
        handler.setStream(before)
        log.info("there is room again")
    assert capsys.readouterr().err == ""
    assert "room again" in files(tmp_path)["sidecar.log"].read_text(encoding="utf-8")
