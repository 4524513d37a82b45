"""The service on Linux: a unit of the account's own systemd, and what systemd says of it."""

from __future__ import annotations

import re
from pathlib import Path

from sidecar.errors import SidecarError
from sidecar.service.commands import NOT_FOUND, Command, Outcome, Runner
from sidecar.service.plan import Account, Launch, Plan
from sidecar.service.state import State
from sidecar.service.systemd_unit import WALLS, unit_text, words_of

UNIT = "sidecar.service"
_CTL = ("systemctl", "--user")
_ASKED = "LoadState,ActiveState,SubState,MainPID,Result,ExecMainStatus,NRestarts,StatusText,UnitFileState"
# The exit codes with which systemd says that it could not build a wall: user, namespace, capabilities.
_WALL_CODES = {"217", "218", "226"}
_LINGER = (
    "Is this a session by ssh, su or sudo? `loginctl enable-linger` gives the account its systemd without a desktop;"
    " then sign in again."
)


def unit_file(account: Account) -> Path:
    """Where the unit lies."""
    return (account.unit_folder or _named_folder(account)) / UNIT


def unit_folder(account: Account, run: Runner) -> Path:
    """Where this account's systemd looks for units. It was started before this shell, whose `XDG_CONFIG_HOME` it need
    not have; where it does not answer, the shell's word is taken.
    """
    named, usual = _named_folder(account), account.home / ".config" / "systemd" / "user"
    searched = run((*_CTL, "show", "--property", "UnitPath", "--value")).output.split()
    return usual if str(usual) in searched and str(named) not in searched else named


def _named_folder(account: Account) -> Path:
    named = account.environ.get("XDG_CONFIG_HOME", "")
    return (Path(named) if named.startswith("/") else account.home / ".config") / "systemd" / "user"


def plan(account: Account, launch: Launch, *, walled: bool = True, version: int = 0) -> Plan:
    """The unit, and the commands that go with it. Raises ConfigError for paths that no unit can hold."""
    file = unit_file(account)
    return Plan(
        file=file,
        content=unit_text(launch, home=account.home, walled=walled, version=version).encode("utf-8"),
        begin=(_ctl("daemon-reload"), _ctl("enable", UNIT), _ctl("reset-failed", UNIT, optional=True), _restart()),
        ensure=(_ctl("daemon-reload"), _ctl("enable", UNIT), _ctl("start", UNIT)),
        restart=(_ctl("reset-failed", UNIT, optional=True), _restart()),
        end=(_ctl("disable", "--now", UNIT, optional=True),),
        gone=(_ctl("daemon-reload", optional=True), _ctl("reset-failed", UNIT, optional=True)),
        links=(file.parent / "default.target.wants" / UNIT,),
    )


def check(run: Runner) -> None:
    """Raise SidecarError where no systemd of this account answers, saying what to do."""
    found = run((*_CTL, "show-environment"))
    if found.code == 0:
        return
    told = found.errors.strip().splitlines()[:1]
    detail = f": {told[0]}" if told else ""
    if found.code == NOT_FOUND or "not been booted with systemd" in found.errors or not _booted():
        raise SidecarError(
            f"This system was not started by systemd{detail}.",
            hint="In WSL, write `[boot]` and `systemd=true` into /etc/wsl.conf and run `wsl --shutdown`. In a"
            " container, have the container start `sidecar serve`. Else start it as your system starts programs.",
        )
    raise SidecarError(f"systemd does not answer for this account{detail}.", hint=_LINGER)


def version_of(run: Runner) -> int:
    """Systemd's version, 0 when it does not say."""
    found = re.match(r"systemd (\d{1,4})", run(("systemctl", "--version")).output)
    return int(found[1]) if found else 0


def can_be_walled(run: Runner) -> bool:
    """Whether this account's systemd can build the walls of namespaces: tried with a program that does nothing."""
    properties = [word for wall in (*WALLS, "PrivateTmp=yes") for word in ("--property", wall)]
    return run(("systemd-run", "--user", "--wait", "--collect", "--quiet", *properties, "/bin/true")).code == 0


def state(account: Account, run: Runner) -> State:
    """What is installed, and how it fares."""
    file = unit_file(account)
    words = words_of(_text(file))
    found = run((*_CTL, "show", UNIT, "--property", _ASKED))
    facts = dict(line.split("=", 1) for line in found.output.splitlines() if "=" in line)
    pid = int(facts.get("MainPID", "0") or 0) if facts.get("MainPID", "0").isdigit() else 0
    return State(
        file=file,
        installed=file.is_file(),
        enabled=facts.get("UnitFileState") == "enabled",
        running=facts.get("ActiveState") in {"active", "activating", "reloading", "deactivating"} and pid > 0,
        pid=pid or None,
        detail=_detail(found, facts),
        words=words,
    )


def _detail(found: Outcome, facts: dict[str, str]) -> str:
    if found.code != 0:
        return (found.errors.strip().splitlines() or ["systemd does not answer"])[0]
    words = [f"{facts.get('ActiveState', 'unknown')} ({facts.get('SubState', 'unknown')})"]
    if facts.get("Result", "success") != "success":
        words.append(f"last end: {facts['Result']}, exit code {facts.get('ExecMainStatus', '?')}")
    if facts.get("ExecMainStatus") in _WALL_CODES:
        words.append("systemd could not build the sandbox: `sidecar service install` tries anew what it can")
    if facts.get("NRestarts", "0") != "0":
        words.append(f"started anew {facts['NRestarts']} times")
    return "; ".join([*words, *([facts["StatusText"]] if facts.get("StatusText") else [])])


def _ctl(*words: str, optional: bool = False) -> Command:
    return Command(words=(*_CTL, *words), optional=optional)


def _restart() -> Command:
    return _ctl("restart", UNIT)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _booted() -> bool:
    # What sd_booted(3) looks at.
    return Path("/run/systemd/system").is_dir()
