"""The lock of a real server: it says which one is on, and the system sees nobody elsewhere spoken to."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import psutil
import pytest

from sidecar.offline import landlock_version
from tests.models import copybot
from tests.serving import DEMO_VAULT, Server, serve, until

_NETWORK_RULES = 4
_CALLS = "trace=connect,sendto,sendmsg,sendmmsg"
_PEER = re.compile(r"sa_family=(AF_\w+)(?:.*?inet_(?:addr|pton)\((?:AF_INET6, )?\"([^\"]+)\")?")


def test_a_server_says_which_lock_is_on(tmp_path: Path) -> None:
    with serve(DEMO_VAULT, data_dir=tmp_path / "data") as server:
        expected = "audit-hook+landlock" if landlock_version() >= _NETWORK_RULES else "audit-hook"
        assert server.status()["offline_lock"] == expected
        assert server.client.get("/readyz").json()["offline_lock"] == expected


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_system_sees_nobody_elsewhere_spoken_to(tmp_path: Path) -> None:
    """First index, chats, embeddings, a search, a crash of the model, shutdown: each connection and datagram of the
    server and all its processes, as the system itself saw them.
    """
    trace = tmp_path / "trace"
    model = copybot.build(tmp_path / "copybot.gguf")
    watched = ("strace", "-D", "-f", "-qq", "-e", _CALLS, "-o", trace)
    # An upstream server that is not there: that it is asked for shows that the trace sees connections.
    settings = ("--model", model, "--upstream", "http://127.0.0.1:9/v1")
    with serve(DEMO_VAULT, *settings, data_dir=tmp_path / "data", under=watched) as server:
        for _ in range(3):
            _chat(server)
        _kill_model(server)
        _chat(server)
        server.official.embeddings.create(model="text-embedding-3-small", input="gate code")
        server.found("gate code")
        server.client.get("/v1/models")
    peers = _PEER.findall(trace.read_text(encoding="utf-8", errors="replace"))
    elsewhere = [peer for peer in peers if peer[0] in ("AF_INET", "AF_INET6") and not _here(peer[1])]
    assert not elsewhere
    assert ("AF_INET", "127.0.0.1") in peers


def _chat(server: Server) -> None:
    answer = server.official.chat.completions.create(
        model="vault", messages=[{"role": "user", "content": "What is the gate code for the cabin?"}], max_tokens=40
    )
    assert answer.choices[0].message.content


def _kill_model(server: Server) -> None:
    workers = [child for child in _children(server) if "llama" in " ".join(child.cmdline())]
    assert workers
    for worker in workers:
        worker.kill()
    until(lambda: not any(worker.is_running() and worker.status() != "zombie" for worker in workers))


def _children(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children(recursive=True)


def _here(address: str) -> bool:
    return address.startswith("127.") or address in ("::1", "::ffff:127.0.0.1")
