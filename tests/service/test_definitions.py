from __future__ import annotations

import os
import plistlib
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import ConfigError
from sidecar.service import launchd, systemd, task_scheduler
from sidecar.service.plan import Launch
from sidecar.service.systemd_unit import quoted, unit_text, words_of
from tests.service.goldens import FOLDER, definitions
from tests.service.machines import LAUNCH, account

_NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
_words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"))


@pytest.mark.parametrize("name", definitions())
def test_a_definition_is_as_it_was_agreed(name: str) -> None:
    assert definitions()[name] == (FOLDER / name).read_bytes(), "renew with `python -m tests.service.goldens`"


@given(st.lists(_words, min_size=1))
def test_every_word_comes_back_from_every_definition(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    launch = Launch(words=tuple(words))
    assert words_of(unit_text(launch, home=Path("/home/ana"))) == launch.words
    file = tmp_path_factory.getbasetemp() / "definition"
    file.write_bytes(launchd.agent(launch, logs=Path("/logs")))
    assert launchd.words_of(file) == launch.words
    file.write_bytes(task_scheduler.task(launch, user="ana"))
    assert task_scheduler.words_of(file) == launch.words


def test_a_command_is_read_back_whole_whatever_counts_as_a_line_break_elsewhere() -> None:
    launch = Launch(words=("/bin/sidecar", "--data-dir", "/a\u2028b\u2029c\x85d"))
    assert words_of(unit_text(launch, home=Path("/home/ana"))) == launch.words


@pytest.mark.parametrize("bad", ["/notes\nRestart=no", "/a\0b", "/a\x1b[2J", "/not-utf8-\udcff", "/a\rb"])
def test_what_would_break_out_of_a_definition_is_refused(bad: str) -> None:
    launch = Launch(words=("/bin/sidecar", "serve", bad))
    with pytest.raises(ConfigError):
        systemd.plan(account("linux"), launch)
    with pytest.raises(ConfigError):
        launchd.plan(account("macos"), launch)
    with pytest.raises(ConfigError):
        task_scheduler.plan(account("windows"), launch)
    with pytest.raises(ConfigError):
        systemd.plan(account("linux"), Launch(words=("/bin/sidecar",), writable=(Path(bad.replace("\0", "\n")),)))


def test_a_megabyte_of_one_character_is_quoted() -> None:
    assert len(quoted("%" * 2**20)) == 2 * 2**20 + 2
    assert words_of("ExecStart=:" + quoted("\\" * 2**20)) == ("\\" * 2**20,)


def test_the_agent_starts_anew_after_a_failure_alone_and_reads_for_its_account_alone() -> None:
    facts = plistlib.loads(launchd.plan(account("macos"), LAUNCH).content)
    assert facts["KeepAlive"] == {"SuccessfulExit": False}
    assert facts["RunAtLoad"] is True
    assert facts["Umask"] == 0o077
    assert facts["ThrottleInterval"] >= 10
    assert facts["ProgramArguments"] == list(LAUNCH.words)
    assert facts["StandardErrorPath"] == "/Users/ana/Library/Logs/sidecar/sidecar.err.log"


def test_the_task_has_no_time_limit_and_goes_on_on_batteries() -> None:
    content = task_scheduler.plan(account("windows"), LAUNCH).content
    assert content.startswith(b"\xff\xfe")
    tree = ElementTree.fromstring(content)
    settings = {
        each.tag.removeprefix(_NAMESPACE): each.text for each in tree.findall(f"./{_NAMESPACE}Settings/{_NAMESPACE}*")
    }
    assert settings["ExecutionTimeLimit"] == "PT0S"
    assert settings["DisallowStartIfOnBatteries"] == "false"
    assert settings["StopIfGoingOnBatteries"] == "false"
    assert settings["MultipleInstancesPolicy"] == "IgnoreNew"
    users = {each.text for each in tree.iter(f"{_NAMESPACE}UserId")}
    assert users == {"HAUS\\ana"}
    arguments = tree.find(f".//{_NAMESPACE}Arguments")
    assert arguments is not None
    assert arguments.text == subprocess.list2cmdline(LAUNCH.words[1:])


@pytest.mark.parametrize(
    ("config_home", "file"),
    [
        ("", "/home/ana/.config/systemd/user/sidecar.service"),
        ("/cfg", "/cfg/systemd/user/sidecar.service"),
        ("relative", "/home/ana/.config/systemd/user/sidecar.service"),
    ],
)
def test_the_unit_lies_where_systemd_looks(config_home: str, file: str) -> None:
    assert systemd.unit_file(account("linux", XDG_CONFIG_HOME=config_home)) == Path(file)


def test_what_lies_in_a_temporary_folder_is_not_hidden_from_the_service() -> None:
    launch = Launch(words=("/bin/sidecar",), writable=(Path("/home/ana/data"),), paths=(Path("/tmp/notes"),))
    assert "PrivateTmp" not in unit_text(launch, home=Path("/home/ana"))
    assert 'ReadWritePaths="-/tmp"' in unit_text(launch, home=Path("/home/ana"))
    assert "PrivateTmp=yes" in unit_text(LAUNCH, home=Path("/home/ana"))


def _analyze(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(runtime), "LC_ALL": "C"}
    command = ["systemd-analyze", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60, check=False)


analyzed = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@analyzed
@pytest.mark.parametrize("version", [0, 252])
def test_systemd_has_nothing_to_say_against_the_unit(tmp_path: Path, version: int) -> None:
    program = tmp_path / 'weird "$HOME" 100% \\ dir' / "sidecar"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    launch = Launch(words=(str(program), "serve", "a ; b", "é"), writable=(tmp_path / "da ta 100%",))
    unit = tmp_path / "sidecar.service"
    unit.write_text(unit_text(launch, home=tmp_path, version=version), encoding="utf-8")
    found = _analyze(tmp_path, "--user", "verify", "--man=no", str(unit))
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@analyzed
@pytest.mark.parametrize("extra", ["", "PrivateTmp"])
def test_the_unit_leaves_little_exposed(tmp_path: Path, extra: str) -> None:
    unit = tmp_path / "sidecar.service"
    launch = Launch(words=("/bin/true",), paths=(Path("/tmp" if extra else "/home/ana"),))
    unit.write_text(unit_text(launch, home=tmp_path), encoding="utf-8")
    # In tenths of the score: 50 is 5.0.
    found = _analyze(tmp_path, "security", "--user", "--offline=true", "--threshold=50", "--no-pager", str(unit))
    assert found.returncode == 0, found.stdout[-200:] + found.stderr
    assert "exposure level" in found.stdout
