"""What launchd writes down is cut by the server that it belongs to: a real process with its streams in such files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.service.printed import cut_printed, printed_folder
from tests.serving import DEMO_VAULT, environment, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="launchd's files are macOS's")


def _in_file(file: Path, flags: int) -> int:
    file.parent.mkdir(parents=True, exist_ok=True)
    return os.open(file, os.O_WRONLY | os.O_CREAT | flags, 0o600)


@pytest.mark.parametrize("flags", [0, os.O_APPEND])
def test_a_file_that_has_grown_keeps_its_last_whole_lines_and_is_gone_on_with(tmp_path: Path, flags: int) -> None:
    file = tmp_path / "sidecar.err.log"
    stream = _in_file(file, flags)
    os.write(stream, "".join(f"line {number} é\n" for number in range(100_000)).encode("utf-8"))
    cut_printed(tmp_path, streams=[stream])
    os.write(stream, b"and on\n")
    os.close(stream)
    text = file.read_text(encoding="utf-8")
    assert len(text) < 250_000
    assert text.startswith("line ")
    assert text.endswith("line 99999 é\nand on\n")


def test_a_small_file_and_a_file_elsewhere_are_left_alone(tmp_path: Path) -> None:
    small, elsewhere = tmp_path / "logs" / "sidecar.out.log", tmp_path / "mine.log"
    for file, size in ((small, 10), (elsewhere, 3_000_000)):
        stream = _in_file(file, os.O_APPEND)
        os.write(stream, b"x" * size)
        cut_printed(tmp_path / "logs", streams=[stream])
        os.close(stream)
        assert file.stat().st_size == size


def test_a_file_without_a_line_break_is_emptied(tmp_path: Path) -> None:
    stream = _in_file(tmp_path / "sidecar.err.log", os.O_APPEND)
    os.write(stream, b"x" * 2_000_000)
    cut_printed(tmp_path, streams=[stream])
    os.close(stream)
    assert (tmp_path / "sidecar.err.log").read_bytes() == b""


def test_a_server_cuts_what_it_finds_at_its_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    file = printed_folder(home) / "sidecar.err.log"
    stream = _in_file(file, os.O_APPEND)
    os.write(stream, b"an old line\n" * 200_000)
    command = [sys.executable, "-m", "sidecar", "serve", str(DEMO_VAULT), "--port", "0"]
    command += ["--data-dir", str(tmp_path / "data")]
    with subprocess.Popen(command, stderr=stream, env=environment(HOME=str(home))) as server:
        os.close(stream)
        until(lambda: file.stat().st_size < 500_000, seconds=60)
        server.terminate()
    assert file.read_bytes().startswith(b"an old line\n")
