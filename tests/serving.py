"""A real Sidecar server in a process of its own, on a free port, for tests that talk to it over a socket."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from openai import OpenAI

T = TypeVar("T")

# Runs what follows it, as the same process, so that Ctrl-C and a closed terminal end it: what a shell starts in the
# background ignores the one, and what nohup starts the other.
INTERRUPTIBLE = (
    sys.executable,
    "-c",
    (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        "hasattr(signal, 'SIGHUP') and signal.signal(signal.SIGHUP, signal.SIG_DFL); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    ),
)
DEMO_VAULT = Path(__file__).parent / "vaults" / "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers; `client` sends its token, and `official` is OpenAI's own client of it."""

    url: str
    token: str
    data_dir: Path
    process: subprocess.Popen[bytes]
    client: httpx2.Client
    official: OpenAI
    """Closed with the server: one left to the garbage collector warns in some later test."""

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get("/vault/status").json()
        return found

    def ready(self) -> dict[str, Any]:
        """Wait until every file has been dealt with and every piece has its vector."""
        return until(lambda: (s := self.status())["ready"] and _embedded(s) and s)

    def found(self, query: str, **body: Any) -> list[str]:
        """Paths found for a query, best first."""
        results = self.client.post("/vault/search", json={"query": query, **body}).json()["results"]
        return [result["path"] for result in results]

    def best(self, query: str) -> str | None:
        """Path of the best hit."""
        return next(iter(self.found(query)), None)

    def indexed(self) -> set[str]:
        """Paths of all notes that a search can give: one per note, whatever is asked."""
        return set(self.found("path:.md", limit=100))


def _embedded(status: dict[str, Any]) -> bool:
    return all(vault["chunks_without_vector"] == 0 and not vault["rebuilding"] for vault in status["vaults"])


def until(probe: Callable[[], T | bool | None], *, seconds: float = 30) -> T:
    """Ask again and again until the answer is neither `None` nor false; fail at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found  # type: ignore[return-value]  # neither None nor False here
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing came within {seconds} s")
        time.sleep(0.02)


def environment(**extra: str) -> dict[str, str]:
    """The test's environment without the settings of the person who runs it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SIDECAR_")}
    return inherited | {"SIDECAR_CONFIG": os.devnull, "NO_COLOR": "1"} | extra


@contextlib.contextmanager
def serve(
    *arguments: str | Path, data_dir: Path, wait: bool = True, under: Sequence[str | Path] = ()
) -> Iterator[Server]:
    """Run `sidecar serve` with the arguments until the block ends, then stop it as a user would. `under` is a program
    that runs it as the same process, such as `strace -D`.
    """
    command = [
        *map(str, under),
        sys.executable,
        "-m",
        "sidecar",
        "serve",
        *map(str, arguments),
        "--port",
        "0",
        "--data-dir",
        str(data_dir),
    ]
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment(), stdin=subprocess.DEVNULL)
    try:
        facts = until(lambda: _facts(process, data_dir), seconds=60)
        token = (data_dir / "token").read_text(encoding="utf-8").strip() if facts["token_file"] else ""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        with (
            httpx2.Client(base_url=facts["url"], headers=headers, timeout=60, trust_env=False) as client,
            # The client's own retries would hide a server that fails now and then.
            OpenAI(base_url=f"{facts['url']}/v1", api_key=token or "none", max_retries=0) as official,
        ):
            server = Server(
                url=facts["url"], token=token, data_dir=data_dir, process=process, client=client, official=official
            )
            if wait:
                server.ready()
            yield server
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> int:
    """End a server politely; a server that does not leave within ten seconds fails the test."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise AssertionError("the server did not leave within 10 s of SIGTERM") from None


def _facts(process: subprocess.Popen[bytes], data_dir: Path) -> dict[str, Any] | None:
    if process.poll() is not None:
        raise AssertionError(f"the server ended: {(data_dir / 'serve.log').read_text(encoding='utf-8')}")
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        facts: dict[str, Any] = json.loads((data_dir / "runtime.json").read_text(encoding="utf-8"))
        if facts["pid"] == process.pid:
            return facts
    return None
