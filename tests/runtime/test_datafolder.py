from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidecar.config import Config
from sidecar.runtime import datafolder


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=tmp_path)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"short", b"sk-sidecar-first\nsk-sidecar-second\n"])
def test_a_token_file_without_a_token_gets_a_new_one(config: Config, content: bytes) -> None:
    config.token_file.write_bytes(content)
    assert datafolder.read_token(config) is None
    token = datafolder.ensure_token(config)
    assert token.startswith("sk-sidecar-")
    assert datafolder.read_token(config) == token


@pytest.mark.skipif(os.name != "posix", reason="POSIX rights")
def test_a_token_file_that_others_may_read_is_closed_to_them(config: Config) -> None:
    token = datafolder.rotate_token(config)
    config.token_file.chmod(0o644)
    assert datafolder.ensure_token(config) == token
    assert config.token_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "[1, 2]", "{", "[" * 100_000])
def test_a_runtime_file_that_says_nothing_counts_as_none(config: Config, content: str) -> None:
    config.runtime_file.write_text(content, encoding="utf-8")
    assert datafolder.read_runtime_file(config) is None
