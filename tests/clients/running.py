"""Running a client's script in its own environment, and what came of each call."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.catalogue import HERE, ROOT, Client, calls_of

ENVIRONMENTS = ROOT / ".venv" / "clients"
"""Where scripts/clients puts the Python clients; node's stand beside their lock, where node looks for them."""
OUTCOMES = ENVIRONMENTS / "outcomes.json"
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
DEADLINE = 300.0
NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there: a client that reaches for the internet fails at once, and here it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run of a client's script brought: for each call `None`, or what went wrong."""

    version: str
    problems: dict[str, str | None]


def program_of(client: Client) -> str:
    """The program that runs the client's scripts. Skips, saying why, where it or the client is not installed."""
    if client.paths[0].suffix == ".py":
        python = ENVIRONMENTS / client.environment / "bin" / "python"
        if not python.exists():
            pytest.skip(f"{client.environment} is not installed: run scripts/clients")
        return str(python)
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if not (HERE / "node" / "node_modules").exists():
        pytest.skip("the npm packages are not installed: run scripts/clients")
    if client.environment == "chromium" and browser() is None:
        pytest.skip("Chromium is not installed, and scripts/clients could not install it")
    return node


def browser() -> str | None:
    """Chromium, or a browser made from it."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def run(client: Client, service: dict[str, Any]) -> Outcome:
    """Run the client's scripts to their ends."""
    program = program_of(client)
    told = json.dumps({**service, "package": client.argument or client.package})
    reports = [_report(program, path, told) for path in client.paths]
    return Outcome(
        version=reports[0]["version"],
        problems={result["call"]: result["problem"] for report in reports for result in report["results"]},
    )


def _report(program: str, path: Path, told: str) -> dict[str, Any]:
    """Read what a script prints last; a script that does not come so far has a problem with every call."""
    try:
        done = subprocess.run(
            [program, *(["-m", f"tests.clients.python.{path.stem}"] if path.suffix == ".py" else [str(path)])],
            input=told,
            env=_environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=DEADLINE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return _nothing(path, f"was not done after {error.timeout} s")
    if done.returncode != 0 or not done.stdout.strip():
        return _nothing(path, f"ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def _nothing(path: Path, problem: str) -> dict[str, Any]:
    return {
        "version": "unknown",
        "results": [{"call": call, "problem": f"{path.name} {problem}"} for call in calls_of(path)],
    }


def _environment() -> dict[str, str]:
    keep = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR")
    return {name: os.environ[name] for name in keep if name in os.environ} | {
        "http_proxy": NOWHERE,
        "https_proxy": NOWHERE,
        "no_proxy": "127.0.0.1,localhost",
        "PYTHONDONTWRITEBYTECODE": "1",
        # Each of these would ask or tell somebody on the internet.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LANGSMITH_TRACING": "false",
        "OPENAI_AGENTS_DISABLE_TRACING": "1",
        "AI_SDK_TELEMETRY_DISABLED": "1",
        # tiktoken fetches its tables from the internet; LiteLLM carries the one that LangChain wants.
        **_token_tables(),
    }


def _token_tables() -> dict[str, str]:
    found = (ENVIRONMENTS / "clients-openai-2").glob("lib/python*/site-packages/litellm/litellm_core_utils/tokenizers")
    return {"TIKTOKEN_CACHE_DIR": str(next(found, ""))}


def write_results(path: Path, outcomes: dict[str, Outcome]) -> None:
    """Keep what the page of clients is written from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {name: {"version": outcome.version, "problems": outcome.problems} for name, outcome in outcomes.items()}
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")


def read_results(path: Path) -> dict[str, Outcome]:
    """What the last run kept; nothing where there was none."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {name: Outcome(version=kept["version"], problems=kept["problems"]) for name, kept in found.items()}
