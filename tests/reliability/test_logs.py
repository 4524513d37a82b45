"""What a real server writes of itself: where, for whom, for how long, and with what in it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.canaries import found, holders
from tests.reliability.echoing_upstream import MODEL, echoing_upstream
from tests.serving import Server, environment, serve, until

pytestmark = pytest.mark.promise(13)

NOTE, QUESTION, FILTER = "maplozukf", "nettlozwqk", "oxlipozrqf"
# A name with a line end and a line of its own behind it.
FORGED = "vault\n2026-01-01 00:00:00,000 CRITICAL sidecar.api: forged"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    (folder / FORGED).mkdir()
    (folder / FORGED / "Note.md").write_text(f"The gate code is {NOTE}.", encoding="utf-8")
    (folder / FORGED / ".obsidian").mkdir()
    # An expression that is none: a problem from the start on.
    filters = json.dumps({"userIgnoreFilters": [f"/({FILTER}/"]})
    (folder / FORGED / ".obsidian" / "app.json").write_text(filters, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with echoing_upstream() as upstream:
        arguments = ("--upstream", upstream, "--embedding-model", MODEL, "--log-level", "debug", "--log-content")
        with serve(folder / FORGED, *arguments, data_dir=folder / "data", wait=False) as server:
            until(lambda: server.status()["ready"])
            ask(server)
            yield server


def ask(server: Server) -> None:
    messages = [{"role": "user", "content": f"What is the gate code, {QUESTION}?"}]
    model = server.client.get("/v1/models").json()["data"][0]["id"]
    extractive = next(
        each["id"] for each in server.client.get("/v1/models").json()["data"] if each["id"].endswith("extractive")
    )
    server.client.post("/v1/chat/completions", json={"model": model, "messages": messages})
    answer = server.client.post("/v1/chat/completions", json={"model": extractive, "messages": messages})
    assert NOTE in answer.text


def log_of(server: Server) -> str:
    return (server.data_dir / "logs" / "sidecar.log").read_text(encoding="utf-8")


def stderr_of(server: Server) -> str:
    return (server.data_dir / "serve.log").read_text(encoding="utf-8")


def test_an_upstream_that_repeats_what_it_is_sent_is_not_repeated(server: Server) -> None:
    until(lambda: "embedding stopped" in log_of(server))
    until(lambda: "`sidecar status` names them" in stderr_of(server))
    for written in (log_of(server), stderr_of(server)):
        assert "the upstream server answered 422" in written
        assert found([NOTE, QUESTION, FILTER], written.encode()) == set()
    # The user is told of it where nobody else looks.
    told = " ".join(server.status()["vaults"][0]["problems"])
    assert NOTE in told
    assert FILTER in told


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")
def test_logs_are_readable_by_their_owner_alone(server: Server) -> None:
    logs = server.data_dir / "logs"
    assert stat.S_IMODE(logs.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in logs.iterdir()} == {
        "sidecar.log": 0o600,
        "content.log": 0o600,
    }


def test_every_line_of_the_log_is_the_programs_own(server: Server) -> None:
    until(lambda: "embedding stopped" in log_of(server))
    assert [line for line in log_of(server).split("\n") if line.startswith("2026-01-01")] == []


def test_requests_are_logged_by_route_at_level_debug(server: Server) -> None:
    server.client.get("/vault/notes/Note.md", params={"q": QUESTION})
    until(lambda: " GET /vault/notes/{path:path} 200 " in log_of(server))
    assert "Note.md" not in log_of(server)


def test_the_log_of_content_holds_prompts_and_answers_and_is_spoken_of(server: Server) -> None:
    content = server.data_dir / "logs" / "content.log"
    held = found([NOTE, QUESTION], content.read_bytes())
    assert held == {NOTE, QUESTION}
    assert set(holders(server.data_dir, [QUESTION])) == {"logs/content.log"}
    assert "--log-content" in log_of(server)
    assert "--log-content" in stderr_of(server)
    (notice,) = [each for each in server.status()["notices"] if "content.log" in each]
    assert "minutes" in notice


def test_a_second_server_leaves_the_log_of_the_first_alone(server: Server, folder: Path) -> None:
    said = "are written to logs/content.log"
    command = [sys.executable, "-m", "sidecar", "serve", str(folder / FORGED), "--data-dir", str(server.data_dir)]
    done = subprocess.run(
        [*command, "--port", "0", "--log-content"],
        capture_output=True,
        encoding="utf-8",
        env=environment(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    # Every start with that flag says so; only the first one may write here.
    assert log_of(server).count(said) == 1
    assert str(server.process.pid) in done.stderr
    assert (server.data_dir / "logs" / "content.log").exists()


def test_the_next_start_deletes_the_log_of_content(folder: Path, server: Server, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "logs").mkdir(parents=True)
    (data / "logs" / "content.log").write_text(f"{QUESTION}\n", encoding="utf-8")
    with serve(folder / FORGED, "--embedding-model", "none", data_dir=data) as other:
        assert sorted(path.name for path in (data / "logs").iterdir()) == ["sidecar.log"]
        assert not [each for each in other.status()["notices"] if "content" in each]
        assert "the log of content was deleted" in log_of(other)
