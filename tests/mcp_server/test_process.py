"""`sidecar mcp` as a program: what is on its output, how it ends, and where it finds the notes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.mcp_server.talking import HELLO, Talk, command, raw, talking, write_notes
from tests.serving import environment, serve

STATUS = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "vault_status", "arguments": {}}}
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")


def test_nothing_but_the_protocol_is_on_its_output_and_it_ends_with_its_input(vault: Path, tmp_path: Path) -> None:
    with raw("--vault", vault, "--log-level", "debug", data_dir=tmp_path / "data") as talk:
        assert talk.ask(HELLO)["result"]["serverInfo"]["name"] == "sidecar"
        talk.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        told = talk.ask(STATUS)["result"]
        assert told["structuredContent"]["vaults"][0]["notes"] == 1
        assert talk.rest() == b""
        assert talk.process.wait(timeout=20) == 0


def test_garbage_does_not_end_it(vault: Path, tmp_path: Path) -> None:
    garbage = (
        b"",
        b"hello",
        b"\xff\xfe\x00",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"x" * (5 * 2**20),
        b'{"jsonrpc":"2.0","id":7,"method":"nothing"}',
        b'{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"search_notes","arguments":[]}}',
        b'{"jsonrpc":"2.0","id":9,"result":{}}',
        b'{"jsonrpc":"2.0","id":10,"method":"\\ud800"}',
        b"null",
    )
    with raw("--vault", vault, data_dir=tmp_path / "data") as talk:
        for line in garbage:
            talk.send(line + b"\n")
        assert "result" in talk.ask(HELLO)
        for line in garbage:
            talk.send(line + b"\r\n")
        assert talk.ask(STATUS)["result"]["structuredContent"]["vaults"][0]["name"] == "Small"


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_leaves_when_it_is_told_to_though_its_input_is_open(vault: Path, tmp_path: Path, number: int) -> None:
    with raw("--vault", vault, data_dir=tmp_path / "data") as talk:
        talk.ask(HELLO)
        talk.process.send_signal(number)
        assert talk.process.wait(timeout=15) == 0


def test_what_goes_to_the_client_is_said_on_standard_error(vault: Path, tmp_path: Path) -> None:
    for flags, said in (((), "are withheld"), (("--client-is-local",), "are given to it too")):
        done = subprocess.run(
            command("--vault", vault, *flags, data_dir=tmp_path / "data"),
            input=b"", capture_output=True, env=environment(), timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, b"")
        assert said in done.stderr.decode("utf-8")


def test_offline_mode_refuses_clients_elsewhere(vault: Path, tmp_path: Path) -> None:
    with raw("--vault", vault, data_dir=tmp_path / "data", SIDECAR_OFFLINE="1") as talk:
        assert talk.process.wait(timeout=30) == 1
        assert talk.process.stderr is not None
        assert b"--client-is-local" in talk.process.stderr.read()
    with raw("--vault", vault, "--client-is-local", data_dir=tmp_path / "data", SIDECAR_OFFLINE="1") as talk:
        assert "result" in talk.ask(HELLO)


def test_without_the_sdk_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import importlib.util as u, sys; found = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'mcp' else found(name, *rest)\n"
        "from sidecar.cli.program import main\n"
        "sys.exit(main(['mcp', '--data-dir', sys.argv[1]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True, text=True, env=environment(), timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "pip install 'obsidian-sidecar[mcp]'" in done.stderr


def test_a_server_that_comes_and_goes_is_found_by_the_next_call(vault: Path, tmp_path: Path) -> None:
    """By itself it has one vault, the server another: which one is asked shows in what is found."""
    data = tmp_path / "data"
    other = write_notes(tmp_path / "Other", {"Wombat.md": "# Wombat\n\nThe wombat digs.\n"})
    settings = tmp_path / "config.toml"
    settings.write_text(f"vaults = [{json.dumps(str(vault))}]\n", encoding="utf-8")
    with talking("--config", settings, data_dir=data) as talk:
        assert talk.paths("termites") == ["Numbat.md"]
        with serve(other, data_dir=data):
            assert talk.paths("wombat") == ["Wombat.md"]
        assert talk.paths("termites") == ["Numbat.md"]
        with serve(other, data_dir=data):
            assert talk.paths("wombat") == ["Wombat.md"]


def test_two_clients_at_once_are_answered_without_a_server(vault: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"

    def ask(talk: Talk, into: list[list[str]]) -> None:
        into.extend(talk.paths("termites") for _ in range(3))

    with talking("--vault", vault, data_dir=data) as one, talking("--vault", vault, data_dir=data) as other:
        found: list[list[str]] = []
        threads = [threading.Thread(target=ask, args=(talk, found)) for talk in (one, other, one)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
    assert found == [["Numbat.md"]] * 9


def test_a_vault_that_was_not_offered_is_not_asked(vault: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    other = write_notes(tmp_path / "Other", {"Wombat.md": "# Wombat\n\nThe wombat digs.\n"})
    with serve(other, vault, data_dir=data), talking("--vault", vault, data_dir=data) as talk:
        assert [each["name"] for each in talk.told("vault_status")["vaults"]] == ["Small"]
        assert talk.paths("wombat termites") == ["Numbat.md"]
        for tool, asked in (("search_notes", {"query": "wombat"}), ("read_note", {"path": "Wombat.md"})):
            assert "Vaults: Small" in talk.refused(tool, vault="Other", **asked)
        assert "no note" in talk.refused("read_note", path="Wombat.md")
        assert "wombat" not in talk.told("ask_notes", question="What does the animal that digs do?")["answer"]


def test_a_vault_that_the_server_does_not_have_is_the_users_matter(vault: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    other = write_notes(tmp_path / "Other", {"Wombat.md": "# Wombat\n"})
    with serve(other, data_dir=data), talking("--vault", vault, data_dir=data) as talk:
        said = talk.refused("search_notes", query="termites")
        assert "sidecar status" in said
        assert str(tmp_path) not in said
    assert str(vault) in (data / "mcp.log").read_text(encoding="utf-8")


class _OldServer(BaseHTTPRequestHandler):
    """A Sidecar of another version, which asks for no key and would pass over words that it does not know."""

    asked: list[str] = []  # noqa: RUF012  # one server, one test

    def do_GET(self) -> None:  # http.server's own name
        self.asked.append(self.path)
        body = json.dumps({"ready": True, "version": "0.0.9", "vaults": []}).encode("utf-8")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815  # as above

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's own name
        pass


def test_a_server_of_another_version_is_not_asked(vault: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), _OldServer) as old:
        threading.Thread(target=old.serve_forever, daemon=True).start()
        facts = {"url": f"http://127.0.0.1:{old.server_port}", "pid": os.getpid(), "token_file": None, "vaults": []}
        (data / "runtime.json").write_text(json.dumps(facts), encoding="utf-8")
        with talking("--vault", vault, data_dir=data) as talk:
            assert "could not answer" in talk.refused("search_notes", query="termites")
        old.shutdown()
    assert _OldServer.asked
    assert all(path.startswith(("/healthz", "/readyz")) for path in _OldServer.asked)
