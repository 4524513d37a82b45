"""A server whose inside can be counted from outside: requests behind the guard, tasks, threads, open files."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.reliability.wire import port_of
from tests.serving import DEMO_VAULT, Server, serve, until

PROGRAM = Path(__file__).with_name("counted_server.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A server and its counters."""

    server: Server
    file: Path

    @property
    def passed(self) -> int:
        """Requests that passed the guard so far."""
        return self.file.stat().st_size

    @property
    def log(self) -> str:
        """What the server has written so far."""
        return (self.server.data_dir / "serve.log").read_text(encoding="utf-8")

    def tasks(self) -> int:
        """The asyncio tasks that there are now."""
        told = self.file.with_name(f"{self.file.name}.tasks")
        before = len(told.read_text("ascii").splitlines())
        self.server.process.send_signal(signal.SIGUSR1)
        return int(until(lambda: told.read_text("ascii").splitlines()[before:])[0])

    def threads(self) -> int:
        """The threads of the server's process."""
        return int(psutil.Process(self.server.process.pid).num_threads())

    def clients(self) -> int:
        """The connections of clients, those of this test run's own among them."""
        return len(self.client_ports())

    def client_ports(self) -> set[int]:
        """The ports that clients are connected from."""
        port = port_of(self.server)
        return {each.raddr.port for each in self._sockets() if each.laddr.port == port and each.raddr}

    def open_files(self) -> int:
        """The file descriptors of the server's process, without its connections to model servers."""
        port = port_of(self.server)
        away = [each for each in self._sockets() if each.laddr.port != port]
        return int(psutil.Process(self.server.process.pid).num_fds()) - len(away)

    def _sockets(self) -> list[Any]:
        return list(psutil.Process(self.server.process.pid).net_connections(kind="tcp"))


@contextlib.contextmanager
def serve_counted(*arguments: str | Path, folder: Path) -> Iterator[Counted]:
    """Serve the demonstration vault; data and counters go to `folder`."""
    counter = folder / "passed"
    under = (sys.executable, PROGRAM, counter)
    with serve(DEMO_VAULT, *arguments, data_dir=folder / "data", under=under) as server:
        yield Counted(server=server, file=counter)
