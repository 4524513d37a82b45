"""A real server that is killed, and what it leaves behind."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from sidecar.index import records
from sidecar.index.database import connect
from sidecar.index.records import ChunkRecord
from sidecar.index.soundness import is_sound
from tests.serving import environment, until


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """How long a start took: by the clock, and `alone`, without the time in which other programs had the processor."""

    seconds: float
    alone: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A server that was told to start; whether it is up is for the test to find out."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    begun: float

    @property
    def log(self) -> str:
        return (self.data_dir / "serve.log").read_text(encoding="utf-8")

    def client(self) -> httpx2.Client:
        """A client of the server, once it has said where it listens."""
        facts = until(self._facts, seconds=60)
        token = (self.data_dir / "token").read_text(encoding="utf-8").strip()
        headers = {"authorization": f"Bearer {token}"}
        return httpx2.Client(base_url=facts["url"], headers=headers, timeout=60, trust_env=False)

    def serving(self, word: str, path: str) -> Waited:
        """Wait until the server says that it lives, and a search has found a note."""
        with self.client() as client:

            def served() -> bool:
                with contextlib.suppress(httpx2.TransportError):
                    found = client.post("/vault/search", json={"query": word}).json().get("results", [])
                    return client.get("/healthz").status_code == 200 and path in [hit["path"] for hit in found]
                return False

            until(served, seconds=60)
        seconds = time.monotonic() - self.begun
        return Waited(seconds=seconds, alone=self._alone(seconds))

    def kill(self) -> None:
        """End the process as a crash does, and see that everything which it had started ends too."""
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            children = []
        self.process.kill()
        self.process.wait()
        until(lambda: _ended(children), seconds=5)

    def _alone(self, seconds: float) -> float:
        """The seconds without those for which a thread of the server could have run, and other programs did.

        All of them where nobody can tell; at least those for which the main thread ran, as threads may wait at once.
        """
        ran, waited = 0.0, 0.0
        for thread in Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError, ValueError):
                own = [int(count) / 1e9 for count in thread.read_text(encoding="ascii").split()]
                ran = own[0] if thread.parent.name == str(self.process.pid) else ran
                waited += own[1]
        return max(seconds - waited, ran)

    def _facts(self) -> dict[str, str] | None:
        assert self.process.poll() is None, self.log
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            facts: dict[str, str] = json.loads((self.data_dir / "runtime.json").read_text(encoding="utf-8"))
            if int(facts["pid"]) == self.process.pid:
                return facts
        return None


def _ended(processes: Sequence[psutil.Process]) -> bool:
    """Whether all have ended; one that nobody has buried yet has."""
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes)


@contextlib.contextmanager
def started(vault: Path, data_dir: Path) -> Iterator[Started]:
    """Start a server, and end it in the end if nobody has."""
    data_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sidecar", "serve", str(vault), "--port", "0", "--data-dir", str(data_dir)]
    begun = time.monotonic()
    with (data_dir / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment(), stdin=subprocess.DEVNULL)
    try:
        yield Started(process=process, data_dir=data_dir, begun=begun)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def indexed(data_dir: Path, scratch: Path) -> dict[str, tuple[bytes | None, list[ChunkRecord]]]:
    """What a killed server's index holds of each note: the hash of its file and its chunks. It must be sound."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    # A copy, log and all: what is looked at is what the next start will find, and finds it still.
    for file in data_dir.glob("vaults/*/index-*.db*"):
        shutil.copy(file, scratch)
    assert not list(scratch.glob("*.damaged-*"))
    paths = list(scratch.glob("*.db"))
    if not paths or paths[0].stat().st_size == 0:
        return {}
    (path,) = paths
    connection = connect(path, writable=True)
    try:
        assert connection.execute("PRAGMA integrity_check").get == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        if connection.execute("SELECT count(*) FROM sqlite_master").get == 0:
            return {}
        assert is_sound(connection)
        ledger = records.ledger(connection)
        return {path: (entry.file.content_hash, records.chunks_of(connection, path)) for path, entry in ledger.items()}
    finally:
        connection.close(force=True)
