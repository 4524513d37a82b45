"""Installed clients are found by their traces, and odd traces are passed over."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sidecar.clients.catalogue import all_clients
from sidecar.clients.detecting import detect, expanded


def plugin(vault: Path, plugin_id: str, *, content: object = None) -> Path:
    folder = vault / ".obsidian" / "plugins" / plugin_id
    folder.mkdir(parents=True)
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(content or {"id": plugin_id, "version": "1.0.0"}), encoding="utf-8")
    return manifest


def found(*vaults: Path, home: Path, platform: str = "linux", **environ: str) -> dict[str, str]:
    return detect(all_clients(), vaults=vaults, platform=platform, home=home, environ={"PATH": "", **environ})


def test_plugins_are_found_by_vault_and_whether_they_are_switched_on(tmp_path: Path) -> None:
    first, second = tmp_path / "First", tmp_path / "Sécond"
    plugin(first, "copilot")
    plugin(second, "copilot")
    plugin(second, "bmo-chatbot")
    (first / ".obsidian" / "community-plugins.json").write_text('["copilot"]', encoding="utf-8")
    assert found(first, second, home=tmp_path) == {
        "copilot": "in First, in Sécond, switched off there",
        "bmo": "in Sécond, switched off there",
    }


def test_a_byte_order_mark_in_a_plugins_file_does_no_harm(tmp_path: Path) -> None:
    manifest = plugin(tmp_path, "copilot")
    manifest.write_bytes(b"\xef\xbb\xbf" + manifest.read_bytes())
    assert "copilot" in found(tmp_path, home=tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[" * 200_000, b"\xff\xfe\x00", b'{"id": "another"}', b"[]", b" " * (1024 * 1024 + 1)],
    ids=["empty", "broken", "nesting", "bytes", "another", "a list", "large"],
)
def test_a_plugin_whose_file_says_nothing_is_not_there(tmp_path: Path, content: bytes) -> None:
    plugin(tmp_path, "copilot").write_bytes(content)
    assert found(tmp_path, home=tmp_path) == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_a_files_place_is_not_waited_for(tmp_path: Path) -> None:
    manifest = plugin(tmp_path, "copilot")
    manifest.unlink()
    os.mkfifo(manifest)
    assert found(tmp_path, home=tmp_path) == {}


def test_a_broken_list_of_plugins_says_nothing_of_those_that_are_there(tmp_path: Path) -> None:
    plugin(tmp_path, "copilot")
    (tmp_path / ".obsidian" / "community-plugins.json").write_text('{"copilot": true}', encoding="utf-8")
    assert found(tmp_path, home=tmp_path)["copilot"].endswith("switched off there")


@pytest.mark.parametrize(
    ("platform", "folder", "client"),
    [
        ("linux", ".codex", "codex"),
        ("darwin", "Library/Application Support/Claude", "claude-desktop"),
        ("win32", "Roaming/anythingllm-desktop", "anythingllm"),
    ],
)
def test_programs_are_found_by_their_folders(tmp_path: Path, platform: str, folder: str, client: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    assert set(found(home=tmp_path, platform=platform, APPDATA=str(tmp_path / "Roaming"))) == {client}


def test_programs_are_found_on_the_path(tmp_path: Path) -> None:
    for name in ("llm", "llm.exe"):
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    assert found(home=tmp_path / "nobody", PATH=str(tmp_path)) == {"llm": "`llm` is installed"}


def test_only_a_leading_tilde_is_the_home_folder() -> None:
    assert expanded("~/a~b", home=Path("/home/me"), environ={}) == Path("/home/me/a~b")


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert found(tmp_path / "gone", home=tmp_path / "nobody") == {}
