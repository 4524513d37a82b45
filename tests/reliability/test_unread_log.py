"""Promises 5 and 7: nobody can hold the server up by what it says of them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.serving import DEMO_VAULT, environment, stop, until

_NO_REQUEST = b"\x01\x02 garbage\r\n\r\n"
# Reports of these would fill what a pipe holds, 64 KiB, several times over.
_MANY = 3_000


@pytest.mark.promise(5)
@pytest.mark.promise(7)
def test_a_flood_of_what_is_no_request_stops_nothing_though_nobody_reads_the_log(tmp_path: Path) -> None:
    data = tmp_path / "data"
    options = [str(DEMO_VAULT), "--port", "0", "--data-dir", str(data), "--log-level", "debug"]
    command = [sys.executable, "-m", "sidecar", "serve", *options]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment()
    )
    try:
        url = until(lambda: _url(data), seconds=60)
        place = urlsplit(url)
        assert place.hostname is not None
        for _ in range(_MANY):
            with socket.create_connection((place.hostname, place.port or 0), timeout=10) as connection:
                connection.sendall(_NO_REQUEST)
                assert connection.recv(100).startswith(b"HTTP/1.1 400")
        assert httpx2.get(f"{url}/healthz", timeout=10, trust_env=False).status_code == 200
    finally:
        code = stop(process)
        assert process.stderr is not None
        process.stderr.close()
    assert code == 0


def _url(data: Path) -> str | None:
    try:
        found: str = json.loads((data / "runtime.json").read_text(encoding="utf-8"))["url"]
    except (OSError, ValueError):
        return None
    return found
