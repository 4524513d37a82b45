"""A program: a login service's whole life under a real systemd of its own; prints what was found as JSON.

It runs as root in mount and process namespaces of its own (see `test_systemd.py`), so that nothing of this machine is
touched: `/run` and `/home` are empty there. The control group, whose name it is given, is left to whoever started
it, as it is in there itself. Exit code 77 says that this machine cannot start such a systemd, and why.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CANNOT = 77
HOME = Path("/home/ana")
VAULT = HOME / 'Notas "velhas" $HOME 100%'
DATA = HOME / "da ta"
UNIT = HOME / ".config" / "systemd" / "user" / "sidecar.service"
FLAGS = ("--data-dir", str(DATA), "--port", "0", "--embedding-model", "none")


def main(group_name: str) -> int:
    """Live through it all."""
    for place in ("/run", "/home"):
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=False).returncode:
            return _cannot(f"{place} cannot be mounted")
    for folder in ("/run/systemd/system", "/run/systemd/unit-root", "/run/systemd/propagate", "/run/user/0", VAULT):
        Path(folder).mkdir(parents=True)
    Path("/run/user/0").chmod(0o700)
    (VAULT / "a.md").write_text("# A note about the boiler\n", encoding="utf-8")
    os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
    os.environ.pop("XDG_CONFIG_HOME", None)
    os.environ.pop("XDG_DATA_HOME", None)
    os.environ |= {"XDG_RUNTIME_DIR": "/run/user/0", "HOME": str(HOME), "SIDECAR_CONFIG": os.devnull, "LC_ALL": "C"}
    for group in control_groups(group_name):
        group.mkdir()
        (group / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
    with subprocess.Popen(["/lib/systemd/systemd", "--user"], stderr=subprocess.DEVNULL) as systemd:
        try:
            if not _comes(lambda: _run("systemctl", "--user", "show-environment").returncode == 0):
                return _cannot("systemd --user does not come up here")
            sys.stdout.write(json.dumps(_life()) + "\n")
        finally:
            systemd.kill()
    return 0


def _life() -> dict[str, Any]:
    facts: dict[str, Any] = {}
    facts["installed"] = _service("install", str(VAULT), *FLAGS)
    facts["unit"] = UNIT.read_text(encoding="utf-8")
    facts["first"] = _shown()
    facts["status"] = json.loads(_service("status", "--json")["output"])
    facts["writes to the vault"] = _inside("touch", str(VAULT / "b.md"))
    facts["writes to the data folder"] = _inside("touch", str(DATA / "b"))
    facts["told"] = _comes(lambda: _shown()["StatusText"] == "Ready: 1 vault")
    facts["installed again"] = _service("install", str(VAULT), *FLAGS)
    facts["second"] = _shown()
    facts["restarted"] = _service("restart")
    facts["third"] = _shown()
    facts["without its data folder"] = _begun_anew()
    facts["hung"] = _hang()
    facts["beside another"] = _beside_another()
    facts["uninstalled"] = _service("uninstall", "--purge-data")
    facts["left"] = sorted(str(path.relative_to(HOME)) for path in HOME.rglob("*") if not path.is_dir())
    facts["still there"] = _shown()["LoadState"]
    return facts


def _begun_anew() -> str:
    """Whether the service runs after its data folder was deleted."""
    _run("systemctl", "--user", "stop", "sidecar.service")
    shutil.rmtree(DATA)
    _run("systemctl", "--user", "start", "sidecar.service")
    return _shown()["ActiveState"]


def _hang() -> bool:
    """Whether a server that has stopped turning is started anew. The times are shorter than an hour of tests."""
    extra = UNIT.with_name("sidecar.service.d") / "short.conf"
    extra.parent.mkdir()
    times = "WatchdogSec=1\nTimeoutStopSec=1\nTimeoutAbortSec=1\nRestartSec=100ms\n"
    extra.write_text(f"[Service]\n{times}", encoding="utf-8")
    _run("systemctl", "--user", "daemon-reload")
    _run("systemctl", "--user", "restart", "sidecar.service")
    before = int(_shown()["MainPID"])
    os.kill(before, signal.SIGSTOP)
    found = _comes(lambda: _shown()["ActiveState"] == "active" and int(_shown()["MainPID"]) not in (0, before))
    extra.unlink()
    extra.parent.rmdir()
    _run("systemctl", "--user", "daemon-reload")
    return found


def _beside_another() -> dict[str, str]:
    """What becomes of the service when a Sidecar that was started by hand has its data folder."""
    _run("systemctl", "--user", "stop", "sidecar.service")
    command = [sys.executable, "-m", "sidecar", "serve", str(VAULT), *FLAGS]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as by_hand:
        _comes((DATA / "runtime.json").exists)
        _run("systemctl", "--user", "start", "sidecar.service")
        found = _shown()
        by_hand.terminate()
    _run("systemctl", "--user", "reset-failed", "sidecar.service")
    return found


def _shown() -> dict[str, str]:
    names = "LoadState,ActiveState,SubState,MainPID,NRestarts,StatusText,ExecMainStatus,UnitFileState,WatchdogUSec"
    lines = _run("systemctl", "--user", "show", "sidecar.service", "--property", names).stdout.splitlines()
    return dict(line.split("=", 1) for line in lines)


def _inside(*words: str) -> str:
    """Run something where the service sees the files, and give what it complained of."""
    return _run("nsenter", "--target", _shown()["MainPID"], "--mount", "--", *words).stderr


def _service(*words: str) -> dict[str, Any]:
    done = _run(sys.executable, "-m", "sidecar", "service", *words)
    return {"code": done.returncode, "output": done.stdout, "errors": done.stderr}


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def _comes(probe: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not (found := probe()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def control_groups(name: str) -> list[Path]:
    """The control group of that name in each hierarchy that systemd uses."""
    roots = [Path(f"/sys/fs/cgroup/{hierarchy}") for hierarchy in ("systemd", "unified", ".")]
    return [root / name for root in roots if (root / "cgroup.procs").exists()]


def _cannot(why: str) -> int:
    sys.stdout.write(f"{why}\n")
    return CANNOT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
