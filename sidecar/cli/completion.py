"""`sidecar completion`: the script by which a shell completes commands, options and names, and where it belongs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from sidecar.cli.output import print_wrapped, printable
from sidecar.config import system_environment
from sidecar.errors import ConfigError

_SHELLS = ("bash", "zsh", "fish", "powershell")
_VARIABLE = "_SIDECAR_COMPLETE"
_RC_LINES: Mapping[str, tuple[str, str]] = {
    "bash": ("~/.bashrc", 'eval "$(sidecar completion bash)"'),
    "zsh": ("~/.zshrc, below `compinit`", 'eval "$(sidecar completion zsh)"'),
    "fish": ("~/.config/fish/config.fish", "sidecar completion fish | source"),
    "powershell": ("the file that $PROFILE names", "sidecar completion powershell | Out-String | Invoke-Expression"),
}
"""By shell: its settings file, and the line in it that does without an installed script."""


@click.command()
@click.argument("shell", required=False, type=click.Choice(_SHELLS))
@click.option("--install", is_flag=True, help="Write the script to the shell's usual folder for such.")
def completion(shell: str | None, install: bool) -> None:
    """Have the shell complete commands and names with Tab.

    On a terminal it says what to do; in a pipe it prints the script. Without SHELL, the one in use is meant. The script
    asks this program, so it need not be made anew after an upgrade. No settings file of a shell is ever changed.
    """
    environ = system_environment()
    name = shell or used_shell(environ, platform=sys.platform)
    if install:
        _install(name, environ)
    elif sys.stdout.isatty():
        _explain(name)
    else:
        # Windows would end the lines in its own way, which shells do not take.
        click.echo(script_for(name).encode("utf-8"), nl=False)


def used_shell(environ: Mapping[str, str], *, platform: str) -> str:
    """The shell that this account uses. Raises ConfigError for one that cannot complete."""
    if platform == "win32" and not environ.get("SHELL"):
        return "powershell"
    name = environ.get("SHELL", "").rpartition("/")[2].removesuffix(".exe")
    found = {"pwsh": "powershell"}.get(name, name)
    if found not in _SHELLS:
        raise ConfigError(
            f"Which shell is meant? {f'For {name} there is no completion.' if name else 'SHELL does not say.'}",
            hint=f"Name one: `sidecar completion {'|'.join(_SHELLS)}`.",
        )
    return found


def script_for(shell: str) -> str:
    """The script for a shell. Raises ConfigError where the installed click has none, as older ones for PowerShell."""
    made_by = get_completion_class(shell)
    if made_by is None:
        raise ConfigError(
            f"The installed version of click cannot complete in {shell}.", hint="`pip install --upgrade click` does it."
        )
    return made_by(click.Command("sidecar"), {}, "sidecar", _VARIABLE).source()


def place_of(shell: str, environ: Mapping[str, str], *, home: Path) -> Path | None:
    """Where a shell looks for the completions of an account; `None` for PowerShell, which has no such folder. That of
    zsh has to be named in its settings.
    """
    data = _folder(environ, "XDG_DATA_HOME", home / ".local" / "share")
    if shell == "bash":
        return _folder(environ, "BASH_COMPLETION_USER_DIR", data / "bash-completion") / "completions" / "sidecar"
    if shell == "zsh":
        return data / "zsh" / "site-functions" / "_sidecar"
    if shell == "fish":
        return _folder(environ, "XDG_CONFIG_HOME", home / ".config") / "fish" / "completions" / "sidecar.fish"
    return None


def _folder(environ: Mapping[str, str], name: str, usual: Path) -> Path:
    # The specification has relative paths passed over.
    named = environ.get(name, "")
    return Path(named) if named.startswith("/") else usual


def _install(shell: str, environ: Mapping[str, str]) -> None:
    file = place_of(shell, environ, home=Path.home())
    if file is None:
        settings, line = _RC_LINES[shell]
        raise ConfigError("PowerShell has no folder for completions.", hint=f"Put `{line}` into {settings}.")
    changed = _write(file, script_for(shell))
    click.echo(f"{'Written' if changed else 'Already there, unchanged'}: {printable(str(file))}")
    for sentence in _after(shell, file):
        print_wrapped(sentence, first="", rest="")


def _write(file: Path, script: str) -> bool:
    """Whether the file had to be written. Raises ConfigError for one of somebody else's, or that cannot be written."""
    content = script.encode("utf-8")
    try:
        there = file.read_bytes() if file.exists() else None
        if there == content:
            return False
        if there and _VARIABLE.encode("ascii") not in there:
            raise ConfigError(f"{file} is there already, and is not Sidecar's.", hint="Move it away, or use the line.")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror or error}.") from error
    return True


def _after(shell: str, file: Path) -> tuple[str, ...]:
    settings, line = _RC_LINES[shell]
    if shell == "bash":
        needed = "New shells complete `sidecar` if the package bash-completion is installed."
        return (f"{needed} If not, put `{line}` into {settings} instead.",)
    if shell == "zsh":
        return (f"Put `fpath=({file.parent} $fpath)` into ~/.zshrc, above `compinit`; new shells then complete it.",)
    return ("New shells complete `sidecar`.",)


def _explain(shell: str) -> None:
    settings, line = _RC_LINES[shell]
    click.echo(f"Put this line into {settings}:\n\n  {line}\n")
    if shell != "powershell":
        print_wrapped(f"Or have the script written: `sidecar completion {shell} --install`.", first="", rest="")
    others = [f"`sidecar completion {other}`" for other in _SHELLS if other != shell]
    print_wrapped(f"For another shell: {', '.join(others)}.", first="", rest="")
