"""`sidecar completion`: scripts that real shells load, and where they are written."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.cli.completion import place_of, script_for, used_shell
from sidecar.errors import ConfigError
from tests.cli.test_commands import in_a_terminal, run
from tests.serving import environment

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="bash completes on POSIX systems")
# What a shell does when Tab is pressed after these words; the last one is being written.
BASH = """
sidecar() { "$PYTHON" -m sidecar "$@"; }
export -f sidecar
mkdir -p "$HOME/bin"
printf '#!/bin/sh\\nexec "%s" -m sidecar "$@"\\n' "$PYTHON" > "$HOME/bin/sidecar"
chmod +x "$HOME/bin/sidecar"
unset -f sidecar
PATH="$HOME/bin:$PATH"
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
compopt() { :; }
_sidecar_completion sidecar
printf '%s\\n' "${COMPREPLY[@]}"
complete -p sidecar
"""


def in_bash(script: Path, *words: str, home: Path) -> list[str]:
    """What bash offers for the last word, and how it was told to complete."""
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", BASH, "bash", str(script), *words],
        env=environment(HOME=str(home), PYTHON=sys.executable),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.splitlines()


@POSIX
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("sidecar", "sea"), ["search"]),
        (("sidecar", "completion", ""), ["bash", "zsh", "fish", "powershell"]),
        (("sidecar", "connect", "open-"), ["open-webui"]),
        (("sidecar", "connect", "copilot", "o"), []),
        (("sidecar", "service", "un"), ["uninstall"]),
    ],
)
def test_bash_completes_with_the_script_that_was_installed(
    tmp_path: Path, words: tuple[str, ...], offered: list[str]
) -> None:
    done = run("completion", "bash", "--install", HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path / "data"))
    assert done.returncode == 0, done.stderr
    script = tmp_path / "data" / "bash-completion" / "completions" / "sidecar"
    *found, told = in_bash(script, *words, home=tmp_path)
    assert [word for word in found if word] == offered
    assert "_sidecar_completion" in told


@pytest.mark.parametrize(("shell", "check"), [("zsh", "-n"), ("fish", "--no-execute")])
def test_other_shells_can_read_their_script(tmp_path: Path, shell: str, check: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    file = tmp_path / "script"
    file.write_text(script_for(shell), encoding="utf-8")
    subprocess.run([program, check, str(file)], check=True, timeout=60)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_a_pipe_is_given_the_script_and_a_terminal_what_to_do(shell: str) -> None:
    piped = run("completion", shell)
    assert piped.returncode == 0, piped.stderr
    assert piped.stdout == script_for(shell)
    assert f"{shell}_complete" in piped.stdout
    code, shown = in_a_terminal("stdout", "completion", shell)
    text = shown.decode("utf-8")
    assert code == 0
    assert f"sidecar completion {shell}" in text
    assert "_SIDECAR_COMPLETE" not in text


@pytest.mark.parametrize(
    ("environ", "platform", "shell"),
    [
        ({"SHELL": "/bin/bash"}, "linux", "bash"),
        ({"SHELL": "/opt/homebrew/bin/fish"}, "darwin", "fish"),
        ({"SHELL": "zsh"}, "darwin", "zsh"),
        ({"SHELL": "/usr/bin/pwsh"}, "linux", "powershell"),
        ({}, "win32", "powershell"),
        ({"SHELL": "/usr/bin/bash.exe"}, "win32", "bash"),
    ],
)
def test_the_shell_in_use_is_meant_when_none_is_named(environ: dict[str, str], platform: str, shell: str) -> None:
    assert used_shell(environ, platform=platform) == shell


@pytest.mark.parametrize("shell", ["", "/bin/sh", "/usr/bin/nu"])
def test_a_shell_that_cannot_complete_is_answered_with_those_that_can(shell: str) -> None:
    with pytest.raises(ConfigError) as error:
        used_shell({"SHELL": shell}, platform="linux")
    assert "bash|zsh|fish|powershell" in str(error.value.hint)


@POSIX
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_second_installation_changes_nothing_and_no_settings_file_is_written(tmp_path: Path, shell: str) -> None:
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "", "BASH_COMPLETION_USER_DIR": ""}
    (tmp_path / ".zshrc").write_text("mine\n", encoding="utf-8")
    first = run("completion", shell, "--install", **home)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    second = run("completion", shell, "--install", **home)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "Written:" in first.stdout
    assert "unchanged" in second.stdout
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before
    assert set(before) == {tmp_path / ".zshrc", place_of(shell, {}, home=tmp_path)}
    assert ("fpath=(" in first.stdout) is (shell == "zsh")


@POSIX
def test_what_is_not_sidecars_is_left_and_told(tmp_path: Path) -> None:
    file = tmp_path / "fish" / "completions" / "sidecar.fish"
    file.parent.mkdir(parents=True)
    file.write_text("# mine", encoding="utf-8")
    done = run("completion", "fish", "--install", XDG_CONFIG_HOME=str(tmp_path))
    assert (done.returncode, file.read_text(encoding="utf-8")) == (1, "# mine")
    assert "not Sidecar's" in done.stderr
    assert run("completion", "powershell", "--install").returncode == 1


def test_a_relative_folder_is_passed_over_as_the_specification_has_it(tmp_path: Path) -> None:
    found = place_of("bash", {"XDG_DATA_HOME": "data"}, home=tmp_path)
    assert found == tmp_path / ".local/share/bash-completion/completions/sidecar"
