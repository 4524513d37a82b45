from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.service.under_systemd import CANNOT, control_groups
from tests.serving import environment, until

_NEEDED = ("unshare", "mount", "nsenter", "systemctl", "systemd-run", "dbus-daemon")
_APART = ("unshare", "--mount", "--pid", "--fork", "--mount-proc")
Facts = dict[str, Any]


@pytest.fixture(scope="module")
def life() -> Facts:
    """What a service lived through under a real systemd of its own."""
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if sys.platform != "linux" or missing or not Path("/lib/systemd/systemd").exists():
        pytest.skip(f"there is no systemd to start here: {', '.join(missing) or sys.platform}")
    if os.geteuid() != 0:
        pytest.skip("a systemd apart from this machine's needs root")
    name = f"sidecar-test-{secrets.token_hex(8)}"
    command = [*_APART, sys.executable, "-m", "tests.service.under_systemd", name]
    root = Path(__file__).resolve().parents[2]
    environ = environment(PYTHONPATH=str(root))
    try:
        done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, timeout=300, check=False)
    finally:
        for group in control_groups(name):
            until(lambda group=group: _removed(group))  # type: ignore[misc]  # bound now, in the loop
    if done.returncode in (CANNOT, 1) and not done.stdout.startswith("{") and "Traceback" not in done.stderr:
        pytest.skip(f"this machine cannot start a systemd apart: {done.stdout}{done.stderr}"[:300])
    assert done.returncode == 0, done.stderr
    found: Facts = json.loads(done.stdout.splitlines()[-1])
    return found


def _removed(group: Path) -> bool:
    for folder in sorted((path for path in [group, *group.rglob("*")] if path.is_dir()), reverse=True):
        with contextlib.suppress(OSError):
            folder.rmdir()
    return not group.exists()


def test_an_installed_service_runs_is_enabled_and_is_watched(life: Facts) -> None:
    assert life["installed"]["code"] == 0, life["installed"]
    assert "starts at each login" in life["installed"]["output"]
    first = life["first"]
    assert (first["ActiveState"], first["SubState"], first["UnitFileState"]) == ("active", "running", "enabled")
    assert first["WatchdogUSec"] == "2min"
    assert life["status"]["running"] is True
    assert life["status"]["pid"] == int(first["MainPID"])
    assert life["status"]["command"][-1] == '/home/ana/Notas "velhas" $HOME 100%'
    assert life["status"]["url"].startswith("http://127.0.0.1:")


def test_the_service_tells_what_it_does(life: Facts) -> None:
    assert life["told"]


def test_the_service_can_write_its_data_and_no_note(life: Facts) -> None:
    assert "PrivateUsers=yes" in life["unit"]
    assert "Read-only file system" in life["writes to the vault"]
    assert life["writes to the data folder"] == ""


def test_a_second_installation_leaves_the_process_alone_and_restart_does_not(life: Facts) -> None:
    assert life["installed again"]["code"] == 0
    assert life["second"]["MainPID"] == life["first"]["MainPID"]
    assert life["restarted"]["code"] == 0
    assert life["third"]["MainPID"] not in ("0", life["first"]["MainPID"])


def test_the_service_starts_without_its_data_folder_for_a_new_one(life: Facts) -> None:
    assert life["without its data folder"] == "active"


def test_a_server_that_hangs_is_started_anew(life: Facts) -> None:
    assert life["hung"]


def test_beside_a_server_started_by_hand_it_does_not_start_again_and_again(life: Facts) -> None:
    found = life["beside another"]
    assert found["ExecMainStatus"] == "3"
    assert (found["ActiveState"], found["SubState"]) == ("failed", "failed")


def test_an_uninstalled_service_leaves_the_vault_alone(life: Facts) -> None:
    assert life["uninstalled"]["code"] == 0, life["uninstalled"]
    assert life["left"] == ['Notas "velhas" $HOME 100%/a.md']
    assert life["still there"] == "not-found"
