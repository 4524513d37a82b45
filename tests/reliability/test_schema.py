"""Promise 4: requests made from a description of the server get no 5xx."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.reliability.openapi import openapi
from tests.reliability.surface import endpoints
from tests.reliability.wire import ask
from tests.serving import DEMO_VAULT, serve

pytestmark = [
    pytest.mark.promise(4),
    pytest.mark.skipif(importlib.util.find_spec("schemathesis") is None, reason="schemathesis is not installed"),
]

Recorder = Callable[[str, object], None]


def made_from_the_schema(folder: Path, record_property: Recorder, *, examples: int, phases: str) -> None:
    """Let schemathesis ask a server as much as it likes. It is a program of its own here: its pytest plugin would load
    with every test run.
    """
    schema = folder / "openapi.json"
    schema.write_text(json.dumps(openapi()), encoding="utf-8")
    with serve(DEMO_VAULT, data_dir=folder / "data") as server:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(schema)),
            *("--url", server.url, "--header", f"Authorization: Bearer {server.token}"),
            *("--checks", "not_a_server_error", "--phases", phases, "--max-examples", str(examples)),
            *("--generation-deterministic", "--continue-on-failure", "--no-color"),
            *("--suppress-health-check", "all", "--warnings", "off", "--request-timeout", "30"),
        ]
        clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert server.process.poll() is None
        assert ask(server, "GET", "/v1/models").status == 200
        log = (server.data_dir / "serve.log").read_text(encoding="utf-8")
        assert "Traceback" not in log, log[-4000:]
    counted = re.search(r"([\d,]+) generated", done.stdout)
    assert counted is not None, done.stdout[-2000:]
    record_property("operations", sum(endpoint.method != "HEAD" for endpoint in endpoints()))
    record_property("requests", int(counted[1].replace(",", "")))


def test_requests_made_from_the_schema_get_no_5xx(tmp_path: Path, record_property: Recorder) -> None:
    made_from_the_schema(tmp_path, record_property, examples=1, phases="fuzzing")


@pytest.mark.nightly
def test_many_requests_made_from_the_schema_get_no_5xx(tmp_path: Path, record_property: Recorder) -> None:
    made_from_the_schema(tmp_path, record_property, examples=100, phases="examples,coverage,fuzzing")
