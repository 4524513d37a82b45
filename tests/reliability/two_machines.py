"""Two networks with a cable between them, on Linux: `python -m tests.reliability.two_machines FOLDER`, started by
`unshare -rn`, serves in the one and asks from the other, and prints what came of it as JSON.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.reliability.own_network import bring_up_loopback
from tests.serving import DEMO_VAULT, environment, serve

NEAR, FAR = "198.51.100.1", "198.51.100.2"
"""Addresses for documentation (RFC 5737)."""
_ASK = """
import http.client, json, sys
found = {}
for name, (host, port, method, path, headers, body) in json.load(sys.stdin).items():
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found[name] = [answer.status, answer.read().decode()]
    except OSError as error:
        found[name] = [0, type(error).__name__]
print(json.dumps(found))
"""


@contextlib.contextmanager
def cable() -> Iterator[list[str]]:
    """Lay the cable; gives the beginning of a command that runs a program in the other network."""
    other = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; read end"], stdin=-1, stdout=-1)
    assert other.stdout is not None
    assert other.stdin is not None
    other.stdout.readline()
    there = ["nsenter", "-t", str(other.pid), "-n"]
    try:
        for command in (
            ["ip", "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", str(other.pid)],
            ["ip", "addr", "add", f"{NEAR}/24", "dev", "near"],
            ["ip", "link", "set", "near", "up"],
            [*there, "ip", "addr", "add", f"{FAR}/24", "dev", "far"],
            [*there, "ip", "link", "set", "far", "up"],
        ):
            subprocess.run(command, check=True, timeout=30)
        yield there
    finally:
        other.communicate(timeout=30)


def made(data_dir: Path, name: str, scope: str) -> str:
    """A client's key, made with the command while the server runs."""
    command = [sys.executable, "-m", "sidecar", "token", "create", name, "--scope", scope, "--data-dir", str(data_dir)]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=60, env=environment()
    ).stdout.strip()


def main(folder: Path) -> dict[str, Any]:
    """What the other machine is answered, by what it asked."""
    bring_up_loopback()
    with cable() as there, serve(DEMO_VAULT, "--host", NEAR, "--allow-remote", data_dir=folder / "data") as server:
        port = int(server.url.rpartition(":")[2])
        reading = {"Authorization": f"Bearer {made(server.data_dir, 'phone', 'read')}"}
        own = {"Authorization": f"Bearer {server.token}"}
        body = json.dumps({"query": "cabin"})
        chat = json.dumps({"model": "vault", "messages": [{"role": "user", "content": "gate code?"}]})
        foreign = {"Host": f"evil.example:{port}"}
        asked = {
            "no key": (NEAR, port, "GET", "/v1/models", {}, None),
            "health": (NEAR, port, "GET", "/healthz", {}, None),
            "search": (NEAR, port, "POST", "/vault/search", reading, body),
            "chat": (NEAR, port, "POST", "/v1/chat/completions", reading, chat),
            "sync": (NEAR, port, "POST", "/vault/sync", reading, "{}"),
            "own key": (NEAR, port, "POST", "/v1/chat/completions", own, chat),
            "another name": (NEAR, port, "GET", "/v1/models", {**own, **foreign}, None),
            "another name, no key": (NEAR, port, "GET", "/healthz", foreign, None),
            "this machine's name": (NEAR, port, "GET", "/v1/models", {**own, "Host": f"127.0.0.1:{port}"}, None),
            "its own loopback": ("127.0.0.1", port, "GET", "/healthz", {}, None),
        }
        done = subprocess.run(
            [*there, sys.executable, "-c", _ASK],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        found["log"] = (server.data_dir / "serve.log").read_text(encoding="utf-8")
        return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))))
