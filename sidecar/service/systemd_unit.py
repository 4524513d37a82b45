"""The text of the systemd unit: what is run, how it is watched, and what it may not do.

Three kinds of walls, all of which an account of its own can build. Filters of calls always hold. Namespaces (`walled`)
make the whole file system read-only but for the data folder, the notes included; some systems let no ordinary account
have them, and systemd then either passes over them or refuses to start the unit, so whether they hold is tried before.
The program's own offline lock stands inside: the calls that it is made of are let through.

Left out on purpose: `PrivateDevices` and `DeviceAllow` (graphics processors), `MemoryDenyWriteExecute` (the drivers of
graphics processors compile at run time), `IPAddressDeny` (needs rights over control groups that a user's manager lacks,
and an upstream server may be on the local network), `ProcSubset` and `ProtectProc` (memory and processes are measured),
`ProtectKernelTunables` (an ordinary account can write none, and in containers it keeps the unit from starting).
Source: https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from sidecar.errors import ConfigError
from sidecar.service.plan import Launch

_BACK_OFF_SINCE = 254
"""The version of systemd from which on waits between restarts can grow."""
WALLS = (
    "PrivateUsers=yes",
    "CapabilityBoundingSet=",
    # Without the second one the first leaves out the homes, and the notes with them.
    "ProtectSystem=strict",
    "ProtectHome=read-only",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
)
_REFUSED = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
# What systemd takes in no program's name, however it is written; a shell becomes the program, as the same process.
_NO_PROGRAM = re.compile("[\"'\\\\]")
_BY_SHELL = ("/bin/sh", "-c", 'exec "$0" "$@"')
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108  # looked at, not written to
# Where drivers keep compiled programs for the graphics processor: without it, each start compiles them anew.
_DRIVER_CACHES = (
    ".nv",
    ".cache/nvidia",
    ".cache/mesa_shader_cache",
    ".cache/mesa_shader_cache_db",
    ".cache/comgr",
)
_CALLS = "landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp"


def unit_text(launch: Launch, *, home: Path, walled: bool = True, version: int = 0) -> str:
    """The unit for a command. `version` is systemd's, 0 when it is not known. Raises ConfigError for a path that no
    unit can hold.
    """
    sections = (_unit(), _service(launch, version), _filters(), *([_walls(launch, home)] if walled else []), _install())
    return "\n".join(line for section in sections for line in section) + "\n"


def quoted(word: str) -> str:
    """A word as systemd reads it back. Raises ConfigError for control characters and names that are no UTF-8."""
    if _REFUSED.search(word):
        raise ConfigError(
            f"The systemd unit cannot hold {word.encode('unicode_escape').decode('ascii')}: a line break, another"
            " control character, or a name that is not UTF-8.",
            hint="Rename the folder.",
        )
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def words_of(text: str) -> tuple[str, ...]:
    """The command in a unit that was made here, word by word; empty when there is none."""
    # Not `splitlines`: it also parts at characters that systemd takes as they are, such as U+2028.
    line = next((line for line in text.split("\n") if line.startswith("ExecStart=:")), "")
    quotations = re.findall(r'"([^"\\]*(?:\\.[^"\\]*)*)"', line)
    words = tuple(re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in quotations)
    return words[len(_BY_SHELL) :] if words[: len(_BY_SHELL)] == _BY_SHELL else words


def _started(words: tuple[str, ...]) -> tuple[str, ...]:
    return (*_BY_SHELL, *words) if _NO_PROGRAM.search(words[0]) else words


def _unit() -> list[str]:
    return [
        "[Unit]",
        "Description=Sidecar: answers from your notes",
        "StartLimitIntervalSec=30min",
        "StartLimitBurst=8",
    ]


def _service(launch: Launch, version: int) -> list[str]:
    growing = ["RestartSteps=5", "RestartMaxDelaySec=5min"] if version >= _BACK_OFF_SINCE else []
    # `:` keeps `$` as it is. Ends that another start would only repeat: a wrong flag, another Sidecar.
    return [
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart=:{' '.join(quoted(word) for word in _started(launch.words))}",
        "Restart=on-failure",
        "RestartSec=10",
        *growing,
        "RestartPreventExitStatus=2 3",
        "TimeoutStartSec=5min",
        "TimeoutStopSec=20",
        "WatchdogSec=2min",
        "KillMode=mixed",
        "OOMPolicy=continue",
        "UMask=0077",
    ]


def _filters() -> list[str]:
    return [
        "",
        "NoNewPrivileges=yes",
        "SystemCallArchitectures=native",
        f"SystemCallFilter=@system-service {_CALLS}",
        "SystemCallFilter=~@privileged",
        "SystemCallErrorNumber=EPERM",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "LockPersonality=yes",
        "KeyringMode=private",
    ]


def _walls(launch: Launch, home: Path) -> list[str]:
    writable = [*launch.writable, *(home / folder for folder in _DRIVER_CACHES)]
    # Whoever keeps something there means to see it, and a folder of its own would hide it.
    own = not any(_is_temporary(path) for path in (*launch.paths, *launch.writable))
    return [
        "",
        *WALLS,
        *_made_anew(launch.writable[:1]),
        *_read_write(writable if own else [*writable, *_TEMPORARY]),
        *(["PrivateTmp=yes"] if own else []),
    ]


def _made_anew(folders: Iterable[Path]) -> list[str]:
    # Who deletes the data folder for a fresh start would else have a service that may not make it: behind the walls
    # only what is there can be written to. `+` is outside of them, and `-` leaves what fails to the server to tell.
    return [f"ExecStartPre=-+:mkdir -p -- {quoted(str(folder))}" for folder in folders]


def _read_write(folders: Iterable[Path]) -> list[str]:
    # `-`: one that is missing is passed over.
    return [f"ReadWritePaths={quoted(f'-{folder}')}" for folder in dict.fromkeys(folders)]


def _is_temporary(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in _TEMPORARY)


def _install() -> list[str]:
    return ["", "[Install]", "WantedBy=default.target"]
