"""Nothing leaves the machine: a network with nothing but loopback is enough; the system saw nobody else spoken to."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from sidecar.offline.system import missing_walls
from tests.mcp_server.talking import HELLO, raw
from tests.reliability import own_network
from tests.reliability.traced import needs_strace, peers, programs, sockets, watching
from tests.serving import DEMO_VAULT, Server, environment, serve, until

ROOT = Path(__file__).parents[2]
_FUNCTIONAL = ("tests/endtoend", "tests/api", "tests/cli", "tests/runtime", "tests/offline")
_TWO_AT_ONCE = ("--numprocesses", "2", "--dist", "loadfile")
_QUESTION = "What is the gate code for the cabin?"
_SEARCH = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "search_notes", "arguments": {"query": "gate code"}},
}

needs_own_network = pytest.mark.skipif(
    own_network.problem() is not None, reason=own_network.problem() or "a network of its own can be made"
)
Record = Callable[[str, object], None]


@pytest.mark.promise(14)
@needs_own_network
def test_in_a_network_of_its_own_a_server_indexes_answers_and_embeds(tmp_path: Path, record_property: Record) -> None:
    program = [sys.executable, "-m", "tests.reliability.working_alone", str(tmp_path)]
    done = subprocess.run(
        own_network.inside(program), cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["interfaces"], found["elsewhere"]) == (["lo"], "ENETUNREACH")
    assert "4471-B" in found["answer"]
    assert "Places/Cabin.md" in found["sources"]
    assert found["found"] == "Places/Cabin.md"
    assert found["dimensions"] > 0
    record_property("notes_indexed", found["indexed"])
    record_property("lock", found["lock"])


@pytest.mark.promise(14)
@pytest.mark.nightly
@needs_own_network
def test_the_functional_tests_pass_in_a_network_of_its_own(tmp_path: Path, record_property: Record) -> None:
    program = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        *_TWO_AT_ONCE,
        "-p",
        "no:cacheprovider",
        "--basetemp",
        str(tmp_path / "inner"),
    ]
    done = subprocess.run(
        own_network.inside([*program, *_FUNCTIONAL]),
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=3600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    skipped = re.search(r"(\d+) skipped", done.stdout)
    assert passed is not None
    assert int(skipped[1] if skipped else 0) < 10
    record_property("tests_passed", int(passed[1]))


@needs_strace
@pytest.mark.promise(14)
@pytest.mark.parametrize("chats", [3, pytest.param(50, marks=pytest.mark.nightly)])
def test_the_system_sees_nobody_elsewhere_spoken_to(
    chats: int, tmp_path: Path, tiny_chat_gguf: Path, record_property: Record
) -> None:
    """A check of the installation, the first index, chats, embeddings, a model that is killed, commands, a session of
    the Model Context Protocol and the end: each connection, datagram and program of all processes, as the system itself
    saw them.
    """
    commands = _Commands(tmp_path)
    commands.run("--version")
    commands.run("doctor", "--vault", DEMO_VAULT)
    # An upstream server that is not there: that it is asked for shows that the trace sees connections.
    settings = ("--model", tiny_chat_gguf, "--upstream", "http://127.0.0.1:9/v1")
    trace = tmp_path / "serve.trace"
    with serve(
        DEMO_VAULT, *settings, data_dir=tmp_path / "data", under=watching(trace, refused_too=chats > 9)
    ) as server:
        for _ in range(chats - 1):
            _chat(server)
        _kill_model(server)
        _chat(server)
        server.official.embeddings.create(model="text-embedding-3-small", input=["gate code", "porte d'entrée"])
        server.client.get("/v1/models").raise_for_status()
        for words in (("search", "gate code"), ("status",), ("ask", _QUESTION))[: 1 if chats < 10 else 3]:
            commands.run(*words)
        commands.talk()
    _nobody_elsewhere(served=[trace], commands=commands.traces)
    record_property("chats", chats)
    record_property("peers_elsewhere", 0)
    record_property("connections_seen", len(peers([trace, *commands.traces])))


def _nobody_elsewhere(*, served: list[Path], commands: list[Path]) -> None:
    spoken_to = peers([*served, *commands])
    assert [peer for peer in spoken_to if not peer.here] == []
    assert [peer for peer in spoken_to if peer.port == 53] == []
    assert ("127.0.0.1", 9) in {(peer.address, peer.port) for peer in peers(served)}
    # The server asks for nothing but TCP: no datagram, no name service, no system bus; pairs need no such call.
    assert sockets(served) <= {("AF_INET", "SOCK_STREAM"), ("AF_INET6", "SOCK_STREAM")}
    # `doctor` asks the system for its interfaces over a local one.
    assert not [kind for family, kind in sockets(commands) if kind == "SOCK_DGRAM" and family != "AF_UNIX"]
    assert {name.rstrip("0123456789.") for name in programs([*served, *commands])} == {"python"}


@pytest.mark.promise(14)
@pytest.mark.skipif("seccomp" in missing_walls(), reason="this system does not filter calls")
def test_the_server_and_all_that_it_starts_are_held_by_the_system(
    tmp_path: Path, tiny_chat_gguf: Path, record_property: Record
) -> None:
    with serve(DEMO_VAULT, "--model", tiny_chat_gguf, data_dir=tmp_path / "data") as server:
        _chat(server)
        started = [server.process.pid, *(child.pid for child in _children(server))]
        facts = [Path(f"/proc/{pid}/status").read_text(encoding="utf-8") for pid in started]
        assert "seccomp" in server.status()["offline_lock"]
    assert len(facts) > 1
    for text in facts:
        assert "\nSeccomp:\t2\n" in text
        assert "\nNoNewPrivs:\t1\n" in text
    record_property("processes_held", len(facts))


class _Commands:
    """Commands of the program, each watched."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.traces: list[Path] = []

    def run(self, *words: str | Path) -> None:
        trace = self._folder / f"command-{len(self.traces)}.trace"
        named = () if words[0] == "--version" else ("--data-dir", self._folder / "data")
        command = [*watching(trace), sys.executable, "-m", "sidecar", *words, *named]
        done = subprocess.run(
            [*map(str, command)], capture_output=True, encoding="utf-8", env=environment(), timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        self.traces.append(trace)

    def talk(self) -> None:
        """Search as a client of `sidecar mcp` does."""
        trace = self._folder / "mcp.trace"
        with raw(data_dir=self._folder / "data", under=watching(trace)) as talk:
            talk.ask(HELLO)
            talk.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
            found = talk.ask(_SEARCH)["result"]["structuredContent"]["results"]
            assert "Places/Cabin.md" in [each["path"] for each in found]
            assert talk.rest() == b""
            assert talk.process.wait(timeout=60) == 0
        self.traces.append(trace)


def _chat(server: Server) -> None:
    answer = server.official.chat.completions.create(
        model="vault", messages=[{"role": "user", "content": _QUESTION}], max_tokens=8
    )
    assert answer.choices[0].finish_reason


def _kill_model(server: Server) -> None:
    workers = [child for child in _children(server) if "llama" in " ".join(child.cmdline())]
    assert workers
    for worker in workers:
        worker.kill()
    until(lambda: not any(worker.is_running() and worker.status() != "zombie" for worker in workers))


def _children(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children(recursive=True)
