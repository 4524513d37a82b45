"""The server's own key is the one in its file, and never none."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.config import Config
from sidecar.runtime.datafolder import ensure_token, rotate_token
from sidecar.runtime.own_key import OwnKey


def a_key(folder: Path) -> tuple[Config, OwnKey, str]:
    config = Config(data_dir=folder)
    first = ensure_token(config)
    return config, OwnKey(config.token_file, first), first


def test_a_key_that_takes_its_place_counts_at_once(tmp_path: Path) -> None:
    config, key, first = a_key(tmp_path)
    assert key.value == first
    for _ in range(3):
        another = rotate_token(config)
        assert key.value == another != first


def test_one_that_came_before_anybody_asked_counts(tmp_path: Path) -> None:
    config, key, first = a_key(tmp_path)
    another = rotate_token(config)
    assert key.value == another != first


def test_one_that_is_written_into_the_same_file_by_hand_counts(tmp_path: Path) -> None:
    config, key, first = a_key(tmp_path)
    assert key.value == first
    config.token_file.write_text("sk-by-hand-0123456789\r\n", encoding="ascii")
    assert key.value == "sk-by-hand-0123456789"


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


SPOILT: dict[str, Callable[[Path], object]] = {
    "gone": lambda path: path.unlink(),
    "nothing": lambda path: path.write_text(""),
    "half a key": lambda path: path.write_text("sk-side"),
    "a space in it": lambda path: path.write_text("sk-sidecar one two"),
    "no ASCII": lambda path: path.write_text("sk-sidecar-é", encoding="utf-8"),
    "no UTF-8": lambda path: path.write_bytes(b"\xff" * 40),
    "a megabyte": lambda path: path.write_text("a" * 1_000_000),
    "NUL": lambda path: path.write_bytes(b"\0" * 54),
    "a folder": _folder,
    "a link to nowhere": lambda path: _link(path, "nowhere"),
    "a link to itself": lambda path: _link(path, path.name),
}
if hasattr(os, "mkfifo"):
    SPOILT["a pipe"] = _pipe


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_holds_no_key_changes_none_and_the_next_key_counts(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    config, key, first = a_key(tmp_path)
    assert key.value == first
    spoil(config.token_file)
    assert [key.value, key.value] == [first, first]
    if config.token_file.is_dir():
        config.token_file.rmdir()
    another = rotate_token(config)
    assert key.value == another != first


def test_a_file_that_cannot_be_opened_is_told_once_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, key, first = a_key(tmp_path)
    second = rotate_token(config)

    def too_many(*_: object, **__: object) -> str:
        raise OSError(24, "Too many open files")

    with caplog.at_level(logging.WARNING), monkeypatch.context() as patch:
        patch.setattr("sidecar.runtime.own_key.read_small", too_many)
        assert [key.value, key.value] == [first, first]
    assert [record.getMessage() for record in caplog.records] == [
        "the token file cannot be read, the key stays as it was: OSError"
    ]
    assert key.value == second


def test_no_key_stands_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config, key, first = a_key(tmp_path)
    with caplog.at_level(logging.DEBUG):
        second = rotate_token(config)
        assert key.value == second
        config.token_file.write_text("no key")
        assert key.value == second
    assert len(caplog.records) == 2
    assert first not in caplog.text
    assert second not in caplog.text
