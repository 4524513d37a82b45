"""The console in a real Chromium over a real server: each call of its scripts, and a vault that was written to harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.catalogue import HERE, Client
from tests.clients.odd_upstream import ATTACKS, odd_upstream
from tests.clients.running import Outcome, browser, run
from tests.serving import DEMO_VAULT, serve

pytestmark = pytest.mark.clients
SCRIPTS = ("console_sign_in.mjs", "console_use.mjs", "console_looks.mjs", "console_access.mjs")
CONSOLE = {
    script: Client(name=script, environment="chromium", scripts=(script,), package="playwright-core")
    for script in SCRIPTS
}
CALLS = [(script, call) for script, client in CONSOLE.items() for call in client.calls]
_SCRIPT = "<script>document.title='attacked'</script>"
_IMAGE = "<img src=x onerror=document.title='attacked'>"
HOSTILE = f"""\
---
owner: "{_SCRIPT}"
aliases: ["{_IMAGE}"]
---
# {_SCRIPT} hostile

The hostile note says {_SCRIPT} and {_IMAGE}, ![x](https://evil.example/pixel.png), [y](javascript:alert(1)).

<iframe src="https://evil.example/"></iframe> <style>* {{ display: none }}</style>

It has the tag #attack as well.

> [!{_IMAGE}] hostile
> <svg onload="document.title='attacked'">
"""


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration vault, and notes that attack who looks at them."""
    folder = tmp_path_factory.mktemp("vaults") / "demo"
    for note in DEMO_VAULT.rglob("*"):
        if note.is_file():
            copy = folder / note.relative_to(DEMO_VAULT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(note.read_bytes())
    for name in (f"{_IMAGE}.md", "javascript&colon;alert(1).md", "'\"><svg onload=x>.md"):
        (folder / name).write_text(HOSTILE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def service(
    vault: Path, origins: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """Two servers: one with a key and odd models, one that asks for no key and has no model."""
    folder = tmp_path_factory.mktemp("console")
    with (
        odd_upstream() as upstream,
        serve(vault, "--upstream", upstream, data_dir=folder / "keyed") as keyed,
        serve(DEMO_VAULT, "--no-auth", data_dir=folder / "open") as unkeyed,
    ):
        yield {
            "url": keyed.url,
            "key": keyed.token,
            "open": unkeyed.url,
            "foreign": origins[1],
            "attacks": ATTACKS,
            "browser": browser(),
        }


@pytest.fixture(scope="module")
def outcome_of(service: dict[str, Any]) -> Callable[[str], Outcome]:
    """Run a script, once however many of its calls are looked at."""
    outcomes: dict[str, Outcome] = {}

    def outcome(script: str) -> Outcome:
        if script not in outcomes:
            outcomes[script] = run(CONSOLE[script], service)
        return outcomes[script]

    return outcome


@pytest.mark.parametrize(("script", "call"), CALLS, ids=[call for _, call in CALLS])
def test_the_console_does_in_a_browser_what_it_should(
    script: str, call: str, outcome_of: Callable[[str], Outcome]
) -> None:
    problem = outcome_of(script).problems[call]
    assert problem is None, problem


def test_every_script_of_the_console_is_run() -> None:
    assert {path.name for path in (HERE / "node").glob("console_*.mjs")} == {*SCRIPTS, "console_page.mjs"}
