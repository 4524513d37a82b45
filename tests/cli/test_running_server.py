"""Commands that find a server running, or think so."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import pytest

from tests.serving import DEMO_VAULT, environment, serve, stop, until

TOKEN = "sk-sidecar-0123456789abcdef0123456789abcdef"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sidecar", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment(), timeout=60, check=False
    )


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "Second"
    folder.mkdir()
    (folder / "Numbat.md").write_text("The numbat eats termites.", encoding="utf-8")
    return folder


def test_a_vault_that_the_server_has_open_is_asked_there_and_another_one_is_refused(
    vault: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with serve(DEMO_VAULT, vault, data_dir=data):
        found = run("search", "numbat", "--vault", vault, "--data-dir", data, "--json")
        assert found.returncode == 0, found.stderr
        assert json.loads(found.stdout)["results"][0]["path"] == "Numbat.md"
        answer = run("ask", "The numbat eats what?", "--vault", vault, "--data-dir", data, "--json")
        assert "termites" in json.loads(answer.stdout)["answer"]
        assert [source["path"] for source in json.loads(answer.stdout)["sources"]] == ["Numbat.md"]
        why = run("why", "Numbat.md", "--vault", vault, "--data-dir", data, "--json")
        assert json.loads(why.stdout)["status"] == "indexed"
        (tmp_path / "Third").mkdir()
        other = run("search", "numbat", "--vault", tmp_path / "Third", "--data-dir", data)
        assert other.returncode == 3
        assert "Second" in other.stderr


def test_a_vault_of_the_server_can_be_called_by_its_name(vault: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serve(DEMO_VAULT, vault, data_dir=data):
        found = run("search", "numbat", "--vault", "Second", "--data-dir", data, "--json")
        assert json.loads(found.stdout)["results"][0]["path"] == "Numbat.md", found.stderr
        other = run("search", "numbat", "--vault", "Third", "--data-dir", data)
        assert other.returncode == 3


def test_the_removal_of_many_notes_is_accepted_while_the_server_runs(vault: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for number in range(12):
        (vault / f"{number}.md").write_text(f"Wombat {number}.", encoding="utf-8")
    with serve(vault, data_dir=data):
        for number in range(12):
            (vault / f"{number}.md").unlink()
        held = run("index", vault, "--data-dir", data, "--json")
        assert held.returncode == 0, held.stderr
        assert "12 notes vanished" in str(json.loads(held.stdout)[0]["problems"])
        done = run("index", vault, "--accept-removals", "--data-dir", data, "--json")
        assert (json.loads(done.stdout)[0]["indexed"], json.loads(done.stdout)[0]["problems"]) == (1, [])
        assert run("index", vault, "--rebuild", "--data-dir", data).returncode == 3


def test_whoever_took_the_port_of_a_killed_server_is_not_sent_the_token(vault: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "token").write_text("sk-sidecar-0123456789abcdef", encoding="utf-8")
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        facts = {"url": f"http://127.0.0.1:{stranger.getsockname()[1]}", "pid": int(ended.stdout), "vaults": []}
        (data / "runtime.json").write_text(json.dumps(facts), encoding="utf-8")
        listener = threading.Thread(target=_listen, args=(stranger, heard), daemon=True)
        listener.start()
        done = run("search", "numbat", "--vault", vault, "--data-dir", data, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["results"][0]["path"] == "Numbat.md"
    assert heard == []


def test_a_stranger_with_the_port_and_the_process_number_of_a_killed_server_is_not_sent_the_token(
    vault: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "token").write_text(TOKEN, encoding="utf-8")
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        # This very process runs, as one that was given the number anew would.
        facts = {"url": f"http://127.0.0.1:{stranger.getsockname()[1]}", "pid": os.getpid(), "vaults": []}
        facts["token_file"] = str(data / "token")
        (data / "runtime.json").write_text(json.dumps(facts), encoding="utf-8")
        listener = threading.Thread(target=_listen, args=(stranger, heard), daemon=True)
        listener.start()
        done = run("search", "numbat", "--vault", vault, "--data-dir", data, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["results"][0]["path"] == "Numbat.md"
    assert len(heard) == 1
    assert TOKEN.encode() not in heard[0]


def test_a_stranger_in_the_place_of_a_server_that_asked_for_no_token_is_not_sent_the_one_of_before(
    vault: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "token").write_text(TOKEN, encoding="utf-8")
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        facts = {"url": f"http://127.0.0.1:{stranger.getsockname()[1]}", "pid": os.getpid(), "token_file": None}
        (data / "runtime.json").write_text(json.dumps(facts), encoding="utf-8")
        for _ in range(2):
            threading.Thread(target=_listen, args=(stranger, heard), daemon=True).start()
        run("search", "numbat", "--vault", vault, "--data-dir", data, "--json")
    assert len(heard) == 2
    assert TOKEN.encode() not in b"".join(heard)


def test_a_server_goes_on_when_nobody_reads_what_it_says(vault: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "-m", "sidecar", "serve", str(vault), "--port", "0", "--data-dir", str(data)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stderr is not None
    process.stderr.close()
    try:
        until(lambda: process.poll() is not None or (data / "runtime.json").exists())
        url = json.loads((data / "runtime.json").read_text(encoding="utf-8"))["url"]
        headers = {"authorization": f"Bearer {(data / 'token').read_text(encoding='utf-8').strip()}"}
        until(lambda: httpx2.get(f"{url}/vault/status", headers=headers, trust_env=False).json()["ready"])
    finally:
        code = stop(process)
    assert code == 0


def test_a_stranger_who_passes_the_question_on_to_the_real_server_is_not_sent_the_token(tmp_path: Path) -> None:
    data = tmp_path / "data"
    heard: list[bytes] = []
    with serve(DEMO_VAULT, data_dir=data) as server, socket.create_server(("127.0.0.1", 0)) as stranger:
        facts = json.loads((data / "runtime.json").read_text(encoding="utf-8"))
        relay = threading.Thread(target=_relay, args=(stranger, server.url, heard), daemon=True)
        relay.start()
        moved = facts | {"url": f"http://127.0.0.1:{stranger.getsockname()[1]}"}
        (data / "runtime.json").write_text(json.dumps(moved), encoding="utf-8")
        done = run("search", "numbat", "--data-dir", data, "--vault", DEMO_VAULT)
        relay.join(timeout=10)
        (data / "runtime.json").write_text(json.dumps(facts), encoding="utf-8")
    assert done.returncode == 3  # the data folder is in use, and nobody trusted answers for it
    assert heard
    assert all(server.token.encode() not in request for request in heard)
    assert b"proof" in heard[-1]


def _relay(stranger: socket.socket, url: str, heard: list[bytes]) -> None:
    connection, _ = stranger.accept()
    with connection:
        request = connection.recv(65536)
        heard.append(request)
        answer = httpx2.get(url + request.split()[1].decode("ascii"), trust_env=False).content
        heard.append(answer)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(answer), answer))


def _listen(stranger: socket.socket, heard: list[bytes]) -> None:
    try:
        connection, _ = stranger.accept()
        with connection:
            heard.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
    except OSError:
        return
