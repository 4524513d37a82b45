"""The marked suite: left out unless it is asked for, and one server for all its clients."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.clients.catalogue import HERE, Client
from tests.clients.running import OUTCOMES, Outcome, browser, run, write_results
from tests.serving import DEMO_VAULT, Server, serve

_LEFT_OUT = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "clients: drives real clients, which scripts/clients installs")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "clients" in (config.getoption("markexpr") or ""):
        return
    marked = [item for item in items if item.get_closest_marker("clients")]
    config.stash[_LEFT_OUT] = len(marked)
    if marked:
        config.hook.pytest_deselected(items=marked)
        items[:] = [item for item in items if not item.get_closest_marker("clients")]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if left_out := config.stash.get(_LEFT_OUT, 0):
        terminalreporter.write_line(f"{left_out} tests with real clients were left out: ./scripts/clients runs them.")


class _Page(SimpleHTTPRequestHandler):
    """The page and the npm packages that it imports, without a line in the log for each."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}  # noqa: RUF012

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
        pass


@contextlib.contextmanager
def _pages() -> Iterator[str]:
    """Serve the page; gives its origin."""
    handler = partial(_Page, directory=str(HERE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def origins() -> Iterator[tuple[str, str]]:
    """Two origins with the same page: one that the server will allow, and one that it will not."""
    with _pages() as allowed, _pages() as foreign:
        yield allowed, foreign


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, copybot_gguf: Path, origins: tuple[str, str]) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("clients")
    config = folder / "config.toml"
    config.write_text(f'allowed_origins = ["app://obsidian.md", "{origins[0]}"]\n', encoding="utf-8")
    arguments = ("--model", copybot_gguf, "--config", config)
    with serve(DEMO_VAULT, *arguments, data_dir=folder / "data") as running:
        yield running


@pytest.fixture(scope="session")
def service(server: Server, origins: tuple[str, str]) -> dict[str, Any]:
    """What the clients' scripts are told."""
    return {
        "url": server.url,
        "key": server.token,
        "quoting": "demo/extractive",
        "chat": "copybot",
        "embedding": "builtin",
        "question": "What is the gate code for the cabin?",
        "fact": "4471-B",
        "note": "Places/Cabin.md",
        "page": origins[0],
        "foreign": origins[1],
        "browser": browser(),
    }


@pytest.fixture(scope="session")
def outcome_of(service: dict[str, Any]) -> Iterator[Callable[[Client], Outcome]]:
    """Run a client's script, once however many of its calls are looked at."""
    outcomes: dict[str, Outcome] = {}

    def outcome(client: Client) -> Outcome:
        if client.name not in outcomes:
            outcomes[client.name] = run(client, service)
        return outcomes[client.name]

    yield outcome
    write_results(OUTCOMES, outcomes)
