"""`sidecar connect` as a program: what it prints, what it keeps to itself, and its exit codes."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_running_server import run
from tests.reliability.vaults_untouched import differences, photographed
from tests.serving import DEMO_VAULT, Server, serve


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("connect")
    vault = shutil.copytree(DEMO_VAULT, folder / "My «notes»")
    plugin = vault / ".obsidian" / "plugins" / "copilot"
    plugin.mkdir(parents=True)
    (plugin / "manifest.json").write_text('{"id": "copilot"}', encoding="utf-8")
    with serve(vault, data_dir=folder / "data") as running:
        yield running


def connect(server: Server, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    vault = server.data_dir.parent / "My «notes»"
    return run("connect", *arguments, "--data-dir", server.data_dir, "--vault", vault)


def test_the_running_servers_address_and_models_are_printed_and_tried(server: Server) -> None:
    done = connect(server, "obsidian", "Copilot")
    assert done.returncode == 0, done.stderr
    assert f"{server.url}/v1" in done.stdout
    assert "My «notes»/extractive" in done.stdout
    assert "Asked as Obsidian Copilot asks:" in done.stdout
    assert "lists the models: 3 models" in done.stdout


def test_a_pipe_is_not_given_the_key_unless_it_is_asked_for(server: Server) -> None:
    assert server.token
    hidden = connect(server, "opencode", "--no-test")
    assert server.token not in hidden.stdout + hidden.stderr
    assert "sidecar token show" in hidden.stdout
    assert server.token in connect(server, "opencode", "--no-test", "--show-key").stdout


def test_json_names_the_keys_file_and_holds_settings_and_test(server: Server) -> None:
    done = connect(server, "curl", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert server.token not in done.stdout
    assert Path(told["server"]["token_file"]).read_text(encoding="utf-8").strip() == server.token
    assert (told["id"], told["server"]["running"]) == ("curl", True)
    assert [step["level"] for step in told["test"]] == ["ok", "ok"]
    assert json.loads(connect(server, "curl", "--json", "--no-test").stdout)["test"] == []


def test_a_failed_test_is_exit_code_1_with_what_to_do(server: Server) -> None:
    done = connect(server, "copilot", "--origin", "https://example.com")
    assert done.returncode == 1
    assert 'allowed_origins = ["app://obsidian.md", "https://example.com"]' in done.stdout


def test_another_model_goes_into_the_settings_and_the_test(server: Server) -> None:
    done = connect(server, "codex", "--model", "nope")
    assert done.returncode == 1
    assert 'model = "nope"' in done.stdout
    assert "does not exist" in done.stdout


def test_the_list_marks_what_is_installed_and_names_the_next_command(server: Server) -> None:
    listed = connect(server)
    assert listed.returncode == 0
    assert "Obsidian Copilot: in My «notes», switched off there" in listed.stdout
    assert "Next: `sidecar connect copilot`" in listed.stdout
    told = {client["id"]: client for client in json.loads(connect(server, "--json").stdout)["clients"]}
    assert told["copilot"]["found"] == "in My «notes», switched off there"
    assert told["bmo"]["found"] is None


def test_connecting_changes_nothing_in_the_vault(server: Server) -> None:
    vault = server.data_dir.parent / "My «notes»"
    before = photographed(vault)
    connect(server)
    connect(server, "smart-composer")
    assert differences(before, photographed(vault)) == []


def test_without_a_server_the_defaults_are_printed_and_the_test_fails(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = run("connect", "openwebui", "--data-dir", data)
    assert done.returncode == 1
    assert "No server runs here" in done.stdout
    assert "http://127.0.0.1:8484/v1" in done.stdout
    assert "`sidecar serve`" in done.stdout
    assert run("connect", "openwebui", "--no-test", "--data-dir", data).returncode == 0
    assert not data.exists()


def test_a_stranger_on_the_port_is_no_sidecar_and_is_not_asked(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.setblocking(False)
        port = stranger.getsockname()[1]
        settings.write_text(f"port = {port}\n", encoding="utf-8")
        done = run("connect", "curl", "--data-dir", tmp_path / "data", "--config", settings)
        assert done.returncode == 1
        assert f"no Sidecar with this data folder answers at http://127.0.0.1:{port}" in done.stdout
        with pytest.raises(BlockingIOError):
            stranger.accept()


def test_an_unknown_client_is_answered_with_the_closest(tmp_path: Path) -> None:
    done = run("connect", "opn-webui", "--data-dir", tmp_path)
    assert done.returncode == 1
    assert "`sidecar connect open-webui`" in done.stderr


def test_without_a_clipboard_that_is_said(tmp_path: Path) -> None:
    done = run("connect", "curl", "--no-test", "--copy", "key", "--data-dir", tmp_path)
    assert done.returncode == 1
    assert "no clipboard" in done.stderr
