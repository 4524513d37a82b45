"""Who is in the way of the service, and whose server it is that runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sidecar.clients.program import Platform
from sidecar.config import Config, load_config
from sidecar.errors import AlreadyRunningError
from sidecar.runtime import datafolder
from sidecar.runtime.folder_lock import acquire
from sidecar.service import lifecycle
from sidecar.service.state import State

STOPPED = State(
    file=Path("/sidecar.service"), installed=True, enabled=True, running=False, pid=None, detail="", words=("/sidecar",)
)

TASK = replace(STOPPED, words=("C:\\v\\pythonw.exe", "-P", "-m", "sidecar", "serve", "--", "C:\\Notes"))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Settings whose data folder a server of this very process seems to use."""
    config = load_config({"data_dir": tmp_path / "data", "port": 0}, environ={})
    datafolder.prepare(config.data_dir)
    facts = {"url": "http://127.0.0.1:9", "pid": os.getpid()}
    (config.data_dir / "runtime.json").write_text(json.dumps(facts), encoding="utf-8")
    return config


@pytest.mark.parametrize("platform", ["linux", "macos"])
def test_a_server_that_the_manager_does_not_know_was_started_by_hand(config: Config, platform: Platform) -> None:
    found = lifecycle.with_server(TASK, config, platform=platform, command_of=lambda _: TASK.words)
    assert not found.running


@pytest.mark.parametrize(
    ("command", "running"),
    [
        (TASK.words, True),
        # A virtual environment starts the interpreter that it was made with; the flags may be older ones.
        (("C:\\Python\\pythonw.exe", *TASK.words[1:5], "--port", "1"), True),
        (("C:\\v\\Scripts\\sidecar.exe", "serve", "--", "C:\\Notes"), False),
        (("C:\\v\\python.exe", "-m", "sidecar", "serve"), False),
        ((), False),
    ],
)
def test_on_windows_a_server_is_the_services_when_it_was_started_as_the_task_starts_it(
    config: Config, command: tuple[str, ...], running: bool
) -> None:
    found = lifecycle.with_server(TASK, config, platform="windows", command_of=lambda _: command)
    assert (found.running, found.pid) == (running, os.getpid() if running else None)


def test_how_a_process_was_started_is_asked_of_the_system(config: Config) -> None:
    ours = tuple(psutil.Process(os.getpid()).cmdline())
    begun = replace(TASK, words=(*ours, "serve"))
    assert not lifecycle.with_server(begun, config, platform="windows").running
    begun = replace(TASK, words=("other", *ours[1:], "serve"))
    assert not lifecycle.with_server(begun, config, platform="windows").running
    child = subprocess.Popen([sys.executable, "-c", "input()", "serve"], stdin=subprocess.PIPE)
    try:
        facts = {"url": "http://127.0.0.1:9", "pid": child.pid}
        (config.data_dir / "runtime.json").write_text(json.dumps(facts), encoding="utf-8")
        begun = replace(TASK, words=("pythonw", "-c", "input()", "serve", "--port", "9"))
        assert lifecycle.with_server(begun, config, platform="windows").pid == child.pid
    finally:
        child.kill()
        child.communicate()


def test_a_stopped_service_is_not_installed_again_beside_a_server_that_was_started_by_hand(config: Config) -> None:
    by_hand = acquire(config)
    try:
        with pytest.raises(AlreadyRunningError):
            lifecycle.refuse_other(config, lifecycle.with_server(STOPPED, config, platform="linux"))
    finally:
        by_hand.release()
    lifecycle.refuse_other(config, STOPPED)


def test_a_server_that_is_still_ending_is_waited_for_and_one_that_goes_on_is_told_of(config: Config) -> None:
    ending = acquire(config)
    rounds: list[float] = []

    def end_soon(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 3:
            ending.release()

    lifecycle.await_end(config, sleep=end_soon)
    assert len(rounds) == 3
    other = acquire(config)
    with pytest.raises(AlreadyRunningError):
        lifecycle.await_end(config, sleep=lambda _: None)
    other.release()
