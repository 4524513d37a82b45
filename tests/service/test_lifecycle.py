"""Who is in the way of the service, and whose server it is that runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sidecar.config import Config, load_config
from sidecar.errors import AlreadyRunningError
from sidecar.runtime import datafolder
from sidecar.runtime.folder_lock import acquire
from sidecar.service import lifecycle
from sidecar.service.plan import Platform
from sidecar.service.state import State

STOPPED = State(
    file=Path("/sidecar.service"), installed=True, enabled=True, running=False, pid=None, detail="", words=("/sidecar",)
)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Settings whose data folder a server of this very process seems to use."""
    config = load_config({"data_dir": tmp_path / "data", "port": 0}, environ={})
    datafolder.prepare(config.data_dir)
    facts = {"url": "http://127.0.0.1:9", "pid": os.getpid()}
    (config.data_dir / "runtime.json").write_text(json.dumps(facts), encoding="utf-8")
    return config


@pytest.mark.parametrize(("platform", "running"), [("linux", False), ("macos", False), ("windows", True)])
def test_a_server_that_the_manager_does_not_know_was_started_by_hand(
    config: Config, platform: Platform, running: bool
) -> None:
    assert lifecycle.with_server(STOPPED, config, platform=platform).running is running


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
