from __future__ import annotations

import json
import os
import plistlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import DEMO_VAULT, environment


def _sidecar(*words: str, home: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    # A PATH without the system's programs: whatever manager this machine has is left alone.
    environ = environment(HOME=str(home), PATH=str(home / "bin"), **extra)
    environ = {name: value for name, value in environ.items() if not name.startswith(("XDG_", "SUDO_"))}
    command = [sys.executable, "-m", "sidecar", "service", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("platform", "holds"),
    [
        ("linux", ["[Service]", "systemctl --user enable sidecar.service", "sidecar.service"]),
        ("macos", ["<key>KeepAlive</key>", "launchctl bootstrap gui/", "LaunchAgents"]),
        ("windows", ["<ExecutionTimeLimit>PT0S", "schtasks /Create", "task.xml"]),
    ],
)
def test_a_dry_run_prints_the_file_and_the_commands_and_changes_nothing(
    tmp_path: Path, platform: str, holds: list[str]
) -> None:
    vault = tmp_path / "No tas"
    words = ("install", str(vault), "--port", "8585", "--print", "--platform", platform)
    done = _sidecar(*words, "--data-dir", str(tmp_path / "data"), home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [word for word in (*holds, str(vault), "8585", str(tmp_path / "data")) if word not in done.stdout] == []
    assert _files(tmp_path) == []


def test_the_printed_agent_is_a_description_that_launchd_can_read(tmp_path: Path) -> None:
    done = _sidecar("install", str(tmp_path), "--print", "--platform", "macos", home=tmp_path)
    text = done.stdout[done.stdout.index("<?xml") : done.stdout.index("</plist>") + len("</plist>")]
    assert plistlib.loads(text.encode())["ProgramArguments"][-2:] == ["--", str(tmp_path)]


@pytest.mark.skipif(sys.platform != "linux", reason="another system has another manager")
def test_without_systemd_nothing_is_written_and_the_way_out_is_named(tmp_path: Path) -> None:
    done = _sidecar("install", str(DEMO_VAULT), "--data-dir", str(tmp_path / "data"), home=tmp_path)
    assert done.returncode == 1
    assert "systemctl is not installed" in done.stderr
    assert "/etc/wsl.conf" in done.stderr
    assert _files(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can be somebody else under sudo")
def test_under_sudo_nothing_is_installed(tmp_path: Path) -> None:
    environ = environment(HOME=str(tmp_path), SUDO_USER="ana")
    command = [sys.executable, "-m", "sidecar", "service", "install", str(DEMO_VAULT)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "without sudo" in done.stderr
    assert _files(tmp_path) == []


def test_what_is_not_installed_is_said_to_be_so(tmp_path: Path) -> None:
    assert "Not installed" in _sidecar("status", home=tmp_path).stdout
    facts = json.loads(_sidecar("status", "--json", home=tmp_path).stdout)
    assert (facts["installed"], facts["running"], facts["command"]) == (False, False, [])
    restart = _sidecar("restart", home=tmp_path)
    assert (restart.returncode, "not installed" in restart.stderr) == (1, True)
    uninstall = _sidecar("uninstall", home=tmp_path)
    assert (uninstall.returncode, uninstall.stdout) == (0, "")


def test_without_a_service_no_data_folder_is_deleted_as_it_may_be_anothers(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "token").write_text("x", encoding="utf-8")
    dry = _sidecar("uninstall", "--purge-data", "--print", home=tmp_path, SIDECAR_DATA_DIR=str(data))
    assert str(data) not in dry.stdout
    done = _sidecar("uninstall", "--purge-data", home=tmp_path, SIDECAR_DATA_DIR=str(data))
    assert (done.returncode, "by hand" in done.stderr) == (1, True)
    assert (data / "token").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the unit is systemd's")
def test_a_service_is_uninstalled_when_its_settings_cannot_be_read(tmp_path: Path) -> None:
    unit = tmp_path / ".config" / "systemd" / "user" / "sidecar.service"
    unit.parent.mkdir(parents=True)
    broken = tmp_path / "config.toml"
    broken.write_text("port = [", encoding="utf-8")
    for words, code in ((("uninstall",), 0), (("uninstall", "--purge-data"), 1)):
        unit.write_text(f'[Service]\nExecStart=:"/sidecar" "serve" "--config" "{broken}"\n', encoding="utf-8")
        done = _sidecar(*words, home=tmp_path)
        assert (done.returncode, unit.exists()) == (code, False), done.stderr
        assert "cannot be read" in " ".join(done.stderr.split())


def test_a_platform_is_only_printed_for(tmp_path: Path) -> None:
    assert _sidecar("install", str(DEMO_VAULT), "--platform", "macos", home=tmp_path).returncode == 2


def test_settings_of_the_shell_are_passed_on_or_named(tmp_path: Path) -> None:
    settings = tmp_path / "c.toml"
    settings.write_text("port = 8600\n", encoding="utf-8")
    extra = {"SIDECAR_CONFIG": str(settings), "SIDECAR_DATA_DIR": str(tmp_path / "d"), "SIDECAR_PARALLEL": "2"}
    done = _sidecar("install", str(DEMO_VAULT), "--print", "--platform", "linux", home=tmp_path, **extra)
    assert f'"--config" "{settings}"' in done.stdout
    assert f'"--data-dir" "{tmp_path / "d"}"' in done.stdout
    assert "does not see SIDECAR_PARALLEL of" in done.stderr
