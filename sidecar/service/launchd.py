"""The service on macOS: an agent of the account's launchd, and what launchd says of it.

launchd has no ready, no watchdog and no exit codes that it would not start anew: `KeepAlive` with `SuccessfulExit`
false starts whatever ended badly, and `ThrottleInterval` keeps a minute between two starts. A second Sidecar beside one
that was started by hand costs a try a minute, and takes over when that ends.
Source: launchd.plist(5) and launchctl(1).
"""

from __future__ import annotations

import plistlib
import re
from pathlib import Path
from xml.parsers.expat import ExpatError

from sidecar.errors import ConfigError, SidecarError
from sidecar.service.commands import Command, Runner
from sidecar.service.plan import Account, Launch, Plan
from sidecar.service.printed import printed_folder
from sidecar.service.state import State

LABEL = "local.obsidian-sidecar"
_TRIES = 10
_REFUSED = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def agent_file(account: Account, label: str = LABEL) -> Path:
    """Where the agent's description lies."""
    return account.home / "Library" / "LaunchAgents" / f"{label}.plist"


def log_folder(account: Account) -> Path:
    """Where launchd writes what the server prints."""
    return printed_folder(account.home)


def plan(account: Account, launch: Launch) -> Plan:
    """The agent, and the commands that go with it. Raises ConfigError for paths that no description can hold."""
    file, domain, target = agent_file(account), f"gui/{account.uid}", f"gui/{account.uid}/{LABEL}"
    # launchd removes an agent some time after it says so, and until then takes no other of its name.
    load = _ctl("bootstrap", domain, str(file), tries=_TRIES)
    unload = _ctl("bootout", target, optional=True)
    return Plan(
        file=file,
        content=agent(launch, logs=log_folder(account)),
        begin=(unload, _ctl("enable", target), load),
        ensure=(
            _ctl("enable", target),
            _ctl("bootstrap", domain, str(file), optional=True),
            _ctl("kickstart", target),
        ),
        restart=(_ctl("kickstart", "-k", target),),
        end=(unload,),
        folders=(log_folder(account),),
    )


def agent(launch: Launch, *, logs: Path, label: str = LABEL, once: bool = False) -> bytes:
    """The agent's description. `once` is for a job that runs to its end and is not started again."""
    for word in launch.words:
        if _REFUSED.search(word):
            shown = word.encode("unicode_escape").decode("ascii")
            raise ConfigError(
                f"launchd cannot be given {shown}: it holds a line break or another control character.",
                hint="Rename the folder.",
            )
    name = "preflight" if once else "sidecar"
    facts: dict[str, object] = {
        "Label": label,
        "ProgramArguments": list(launch.words),
        "RunAtLoad": True,
        # Indexing was asked for by nobody at that moment: it must neither slow down other programs nor the battery.
        "ProcessType": "Background",
        "Umask": 0o077,
        # Fixed, as `launchctl setenv` may have put anything into its place; nothing of a shell is passed on.
        "EnvironmentVariables": {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
        "StandardOutPath": str(logs / f"{name}.out.log"),
        "StandardErrorPath": str(logs / f"{name}.err.log"),
    }
    if not once:
        facts |= {"KeepAlive": {"SuccessfulExit": False}, "ThrottleInterval": 60, "ExitTimeOut": 20}
    return plistlib.dumps(facts, sort_keys=False)


def check(account: Account, run: Runner) -> None:
    """Raise SidecarError where launchd has no session of this account to start agents in."""
    found = run(("launchctl", "print", f"gui/{account.uid}"))
    if found.code != 0:
        told = (found.errors.strip().splitlines() or ["no answer"])[0]
        raise SidecarError(
            f"launchd has no desktop session of this account: {told}.",
            hint="Sign in at the Mac itself or by screen sharing, and run this in a terminal there, without sudo.",
        )


def state(account: Account, run: Runner) -> State:
    """What is installed, and how it fares."""
    file = agent_file(account)
    found = run(("launchctl", "print", f"gui/{account.uid}/{LABEL}"))
    facts = dict(re.findall(r"^\t(state|pid|last exit code|runs) = (.*)$", found.output, re.MULTILINE))
    pid = int(facts["pid"]) if facts.get("pid", "").isdigit() else None
    return State(
        file=file,
        installed=file.is_file(),
        enabled=found.code == 0,
        running=pid is not None,
        pid=pid,
        detail="; ".join(f"{name}: {value}" for name, value in facts.items()) or "launchd does not know it",
        words=words_of(file),
    )


def words_of(file: Path) -> tuple[str, ...]:
    """The command in an agent's description; empty when there is none."""
    try:
        words = plistlib.loads(file.read_bytes()).get("ProgramArguments", [])
    except (OSError, ValueError, ExpatError, AttributeError):
        return ()
    return tuple(str(word) for word in words)


def _ctl(*words: str, optional: bool = False, tries: int = 1) -> Command:
    return Command(words=("launchctl", *words), optional=optional, tries=tries)
