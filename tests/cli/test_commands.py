"""The commands as a person at a terminal, or a script, runs them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors import ConfigError
from sidecar.runtime import datafolder
from tests.endtoend.recording_upstream import recording_upstream
from tests.serving import DEMO_VAULT, Server, environment, serve, until


def run(*arguments: str | Path, **extra: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sidecar", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment(**extra), timeout=60, check=False
    )


def in_a_terminal(stream: str, *arguments: str | Path, **extra: str) -> tuple[int, bytes]:
    """Run with one stream being a terminal: the exit code, and what was written to it."""
    ours, its = os.openpty()
    shown = b""
    command = [sys.executable, "-m", "sidecar", *map(str, arguments)]
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: its}
    with subprocess.Popen(command, env=environment(**extra), **streams) as running:  # type: ignore[call-overload]
        os.close(its)
        # Linux ends a terminal that nobody writes to any longer with an error.
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 65536):
                shown += piece
    os.close(ours)
    return running.returncode, shown


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demonstration vault indexed."""
    folder = tmp_path_factory.mktemp("data")
    done = run("index", DEMO_VAULT, "--data-dir", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(DEMO_VAULT, data_dir=tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.mark.parametrize("command", [["serve"], ["index"], ["search", "x", "--vault"], ["ask", "x", "--vault"]])
def test_a_vault_that_is_not_there_is_said_with_a_hint(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "Notes").mkdir()
    done = run(*command, tmp_path / "Ntoes", "--data-dir", tmp_path / "data")
    assert done.returncode == 1
    assert "Error:" in done.stderr
    assert done.stderr.count("Ntoes") == done.stderr.count("Error:") or command == ["serve"]
    assert "Hint:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_is_not_a_vault(tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("x", encoding="utf-8")
    done = run("serve", tmp_path / "note.md", "--data-dir", tmp_path / "data")
    assert done.returncode == 1
    assert "Hint:" in done.stderr


def test_an_empty_vault_serves_and_says_that_nothing_matches(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    done = run("ask", "anything", "at", "all?", "--vault", tmp_path / "vault", "--data-dir", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert "Nothing in your notes matches" in done.stdout


def test_no_vault_at_all_is_said_with_a_hint(tmp_path: Path) -> None:
    done = run("serve", "--data-dir", tmp_path / "data", HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "No vault was named" in done.stderr


def test_a_data_folder_inside_the_vault_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    done = run("index", tmp_path / "vault", "--data-dir", tmp_path / "vault" / ".sidecar")
    assert done.returncode == 1
    assert "inside the vault" in done.stderr
    assert list((tmp_path / "vault").iterdir()) == []


def test_a_port_that_is_taken_is_said_with_its_holder(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", DEMO_VAULT, "--port", str(port), "--data-dir", tmp_path / "data")
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr
    assert str(os.getpid()) in done.stderr
    assert "--port 0" in done.stderr


def test_a_second_instance_on_the_same_data_folder_leaves_with_three(server: Server) -> None:
    done = run("serve", DEMO_VAULT, "--port", "0", "--data-dir", server.data_dir)
    assert done.returncode == 3
    assert server.url in done.stderr


def test_a_wrong_flag_is_a_usage_error() -> None:
    assert run("serve", "--prot", "1").returncode == 2
    assert run("sevre").returncode == 2


def test_an_open_address_is_refused_without_the_flag_for_it(tmp_path: Path) -> None:
    done = run("serve", DEMO_VAULT, "--host", "0.0.0.0", "--data-dir", tmp_path / "data")
    assert done.returncode == 1
    assert "--allow-remote" in done.stderr


def test_search_prints_where_and_what(data_dir: Path) -> None:
    done = run("search", "gate", "code", "cabin", "--vault", DEMO_VAULT, "--data-dir", data_dir, "--explain")
    assert done.returncode == 0, done.stderr
    first, place, *_ = done.stdout.splitlines()
    assert first.startswith("Cabin")
    assert "Places/Cabin.md:" in place
    assert "4471-B" in done.stdout
    assert "words" in done.stdout
    assert "\x1b" not in done.stdout


def test_search_gives_json_with_the_fields_of_the_contract(data_dir: Path) -> None:
    done = run("search", "gate code", "--vault", DEMO_VAULT, "--data-dir", data_dir, "--json", "--limit", "3")
    results = json.loads(done.stdout)["results"]
    assert len(results) == 3
    wanted = {"path", "title", "heading_path", "text", "score", "span", "uri", "tags", "properties", "modified"}
    assert wanted <= set(results[0])
    assert all(0 <= result["score"] <= 1 for result in results)
    assert [r["score"] for r in results] == sorted((r["score"] for r in results), reverse=True)


@pytest.mark.parametrize(
    "operator", ["path:Places/ code", "file:cabin code", "[[Cabin]]", '"gate code for the cabin"', "[altitude:1120]"]
)
def test_operators_narrow_a_search(data_dir: Path, operator: str) -> None:
    done = run("search", operator, "--vault", DEMO_VAULT, "--data-dir", data_dir, "--json")
    paths = [result["path"] for result in json.loads(done.stdout)["results"]]
    assert paths
    if operator != "[altitude:1120]":
        assert paths[0] == "Places/Cabin.md"


def test_ask_answers_with_sources_from_a_running_server_or_without_one(server: Server, data_dir: Path) -> None:
    question = "What is the gate code for the cabin?"
    ways: tuple[list[str | Path], ...] = (
        ["--data-dir", server.data_dir],
        ["--vault", DEMO_VAULT, "--data-dir", data_dir],
    )
    for arguments in ways:
        done = run("ask", question, *arguments)
        assert done.returncode == 0, done.stderr
        assert "4471-B" in done.stdout
        assert "[[Cabin#Getting in]]" in done.stdout
        assert "obsidian://open?vault=demo" in done.stdout
        answered: dict[str, Any] = json.loads(run("ask", question, "--json", *arguments).stdout)
        assert answered["sources"][0]["path"] == "Places/Cabin.md"


@pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")
def test_brackets_in_the_name_of_a_vault_are_shown_with_its_progress(tmp_path: Path) -> None:
    vault = tmp_path / "a [bold] [@b=(]"
    vault.mkdir()
    (vault / "a.md").write_text("A note.", encoding="utf-8")
    code, shown = in_a_terminal("stderr", "index", vault, "--data-dir", tmp_path / "data")
    assert code == 0
    assert b"a [bold] [@b=(]: " in shown


@pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")
@pytest.mark.parametrize(("terminal", "linked"), [("xterm-256color", True), ("dumb", False)])
def test_in_a_terminal_the_places_of_an_answer_can_be_clicked(server: Server, terminal: str, linked: bool) -> None:
    code, shown = in_a_terminal("stdout", "ask", "gate code?", "--data-dir", server.data_dir, TERM=terminal)
    assert code == 0
    assert b"Places/Cabin.md:" in shown
    assert (b"\x1b]8;;obsidian://open?vault=demo&file=Places%2FCabin" in shown) is linked
    # In the answer, what links is the citation, and the whole of it.
    cited = re.findall(rb"\x1b\]8;;(obsidian://open\?vault=demo&[^\x1b]*)\x1b\\(\[\[[^\x1b]*)\x1b\]8;;\x1b", shown)
    assert (cited[0][1] if cited else None) == (b"[[Cabin#Getting in]]" if linked else None)
    assert b"[[Cabin#Getting in]]" in shown


@pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")
def test_where_no_server_runs_the_citations_of_an_answer_can_be_clicked(data_dir: Path) -> None:
    where = ("--vault", DEMO_VAULT, "--data-dir", data_dir)
    code, shown = in_a_terminal("stdout", "ask", "gate code?", *where, TERM="xterm")
    assert code == 0
    assert b"%23Getting%20in\x1b\\[[Cabin#Getting in]]\x1b]8;;\x1b\\" in shown


@pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")
def test_the_name_of_a_vault_does_not_steer_the_terminal(tmp_path: Path) -> None:
    vault = tmp_path / "a\x1b]0;title\x07b"
    vault.mkdir()
    (vault / "a.md").write_text("A note.", encoding="utf-8")
    for stream in ("stdout", "stderr"):
        code, shown = in_a_terminal(stream, "index", vault, "--data-dir", tmp_path / "data")
        assert (code, b"]0;title" in shown, b"\x1b]0;" in shown) == (0, True, False)
    with serve(vault, data_dir=tmp_path / "data") as running:
        file = running.data_dir / "serve.log"
        log = until(lambda: text if "searchable" in (text := file.read_text(encoding="utf-8")) else "", seconds=60)
    assert "\\x1b]0;title" in log
    assert "\x1b]0;" not in log


def test_ask_says_how_many_notes_a_model_elsewhere_was_not_given(tmp_path: Path) -> None:
    vault = tmp_path / "Notes"
    vault.mkdir()
    (vault / "Diary.md").write_text("---\nsidecar: local\n---\nThe boiler cost $240.", encoding="utf-8")
    with recording_upstream() as upstream:
        server = f"http://127.0.0.1:{upstream.port}/v1"
        where: list[str | Path] = ["--vault", vault, "--data-dir", tmp_path / "data", "--embedding-model", "none"]
        where += ["--upstream", server, "--model", "tiny-cloud"]
        done = run("ask", "What did the boiler cost?", *where)
        assert (done.returncode, done.stdout.count("1 note stays on this machine")) == (0, 1), done.stderr
        assert json.loads(run("ask", "What did the boiler cost?", "--json", *where).stdout)["withheld"] == 1
        assert b"$240" not in upstream.bytes


def test_serve_has_the_flags_of_the_contract() -> None:
    help_text = run("serve", "--help").stdout
    flags = {"--host", "--port", "--data-dir", "--config", "--model", "--embedding-model", "--upstream", "--no-auth"}
    flags |= {"--allow-remote", "--offline", "--log-level", "--force"}
    assert [flag for flag in flags if flag not in help_text] == []


def test_offline_refuses_a_server_elsewhere_at_the_start(tmp_path: Path) -> None:
    there: list[str | Path] = ["--upstream", "http://192.0.2.1/v1", "--data-dir", tmp_path]
    done = run("serve", DEMO_VAULT, *there, "--offline")
    assert (done.returncode, "`offline` is set" in done.stderr) == (1, True)


def test_status_and_why_say_what_became_of_the_files(server: Server) -> None:
    done = run("status", "--data-dir", server.data_dir)
    assert f"running at {server.url}" in done.stdout
    facts = json.loads(run("status", "--data-dir", server.data_dir, "--json").stdout)
    (vault,) = facts["vaults"]
    assert vault["files"] == vault["indexed"] + vault["excluded"] + vault["failed"] + vault["pending"]
    assert "excluded" in run("why", "Private/Diary.md", "--data-dir", server.data_dir).stdout
    found = run("why", "Places/Cabin.md", "gate code", "--data-dir", server.data_dir).stdout
    assert "rank 1" in found
    assert "unknown" in run("why", "Nowhere.md", "--data-dir", server.data_dir).stdout


def test_the_key_is_shown_and_rotated(tmp_path: Path) -> None:
    first = run("token", "show", "--data-dir", tmp_path).stdout
    assert first.startswith("sk-sidecar-")
    assert run("token", "show", "--data-dir", tmp_path).stdout == first
    assert run("token", "rotate", "--data-dir", tmp_path).stdout not in {first, ""}


def test_the_settings_in_force_are_shown_without_keys(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'upstream_key = "secret"\nport = 9000\nupstream = "http://me:secret@127.0.0.1:1/v1"\n'
        '[upstreams.gpu]\nurl = "http://secret@gpu:8000"\nkey = "secret"\n',
        encoding="utf-8",
    )
    for form in (["--json"], []):
        done = run("config", "show", "--config", file, "--data-dir", tmp_path, *form)
        assert "secret" not in done.stdout
        assert "//gpu:8000" in done.stdout
    assert json.loads(run("config", "show", "--config", file, "--json").stdout)["port"] == 9000


def test_the_settings_in_force_are_shown_as_they_could_stand_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('port = 9000\noffline = true\n[upstreams.gpu]\nurl = "http://gpu:8000"\n', encoding="utf-8")
    shown = run("config", "show", "--config", file, "--data-dir", tmp_path / 'a "b"').stdout
    table = tomllib.loads(shown)
    assert (table["port"], table["offline"], table["data_dir"]) == (9000, True, str(tmp_path / 'a "b"'))
    assert table["upstreams"]["gpu"]["url"] == "http://gpu:8000"
    assert "# model is not set" in shown.splitlines()


def test_the_servers_log_holds_neither_the_key_nor_a_question(server: Server) -> None:
    run("ask", "Where is the xylograph?", "--data-dir", server.data_dir)
    log = until(lambda: (server.data_dir / "serve.log").read_text(encoding="utf-8"))
    assert server.token not in log
    assert "xylograph" not in log
    assert "Base URL" in log


def test_bytes_that_are_no_text_are_a_question_like_any_other(server: Server) -> None:
    for command in ("ask", "search", "why"):
        done = subprocess.run(
            [sys.executable, "-m", "sidecar", command, b"caf\xe9", "--data-dir", str(server.data_dir)],
            capture_output=True,
            env=environment(),
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_a_model_file_that_cannot_be_used_is_said_at_the_start(tmp_path: Path) -> None:
    with serve(DEMO_VAULT, "--model", tmp_path / "none.gguf", data_dir=tmp_path / "data") as running:
        assert "The model cannot be used" in running.status()["notices"][0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_is_full_is_said_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def full(path: Any, *arguments: Any, **options: Any) -> int:
        return opened("/dev/full", os.O_WRONLY) if ".token" in str(path) else opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(ConfigError, match="No space left") as caught:
        datafolder.write_private(tmp_path / "token", "x")
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_settings_file_named_in_the_environment_must_exist(tmp_path: Path) -> None:
    done = run("config", "show", "--data-dir", tmp_path, SIDECAR_CONFIG=str(tmp_path / "none.toml"))
    assert done.returncode == 1
    assert "does not exist" in done.stderr
