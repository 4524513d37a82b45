"""The trial on macOS: an agent of its own, run once, reads the guarded folders and writes down what it found.

It is the same program as the service, started by the same launchd, so macOS asks and answers as it will for the
service. Whoever waits for a question to be answered hangs in the system: a folder is therefore read in a thread that
nobody waits for longer than the deadline, and what is known so far is written after each folder.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sidecar.service.commands import Runner
from sidecar.service.guarded import Finding
from sidecar.service.launchd import LABEL, agent, agent_file, log_folder
from sidecar.service.plan import Account, Launch

PREFLIGHT = f"{LABEL}.preflight"
FOLDER_SECONDS = 10.0
_START_SECONDS = 10.0


def listed(folder: Path) -> str:
    """Read a folder's first entry, and say what came of it. May hang for as long as macOS asks the user."""
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except PermissionError:
        return "refused"
    except (OSError, ValueError):
        return "missing"
    return "opened"


def answer(
    file: Path,
    folders: Sequence[Path],
    *,
    seconds: float = FOLDER_SECONDS,
    read: Callable[[Path], str] = listed,
) -> None:
    """Read the folders, as the agent, and write to `file` what came of each. Raises OSError when that cannot be."""
    facts: dict[str, object] = {"program": os.path.realpath(sys.executable), "folders": {}, "complete": False}
    found: dict[str, str] = {}
    for folder in folders:
        found[str(folder)] = _within(seconds, read, folder)
        _write(file, facts | {"folders": found})
    _write(file, facts | {"folders": found, "complete": True})


def interpret(text: str, folders: Sequence[Path]) -> tuple[Finding, ...]:
    """What an answer says of each folder; `unknown` where it says nothing."""
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        facts = {}
    told = facts.get("folders") if isinstance(facts, dict) else None
    found = told if isinstance(told, dict) else {}
    program = str(facts.get("program", "")) if isinstance(facts, dict) else ""
    return tuple(
        Finding(folder=folder, answer=str(found.get(str(folder), "unknown")), program=program) for folder in folders
    )


def try_folders(
    account: Account,
    program: tuple[str, ...],
    folders: Sequence[Path],
    *,
    run: Runner,
    sleep: Callable[[float], object] = time.sleep,
    seconds: float = FOLDER_SECONDS,
) -> tuple[Finding, ...]:
    """Run the trial agent for the folders and wait for what it found. Leaves nothing of it."""
    logs, plist = log_folder(account), agent_file(account, PREFLIGHT)
    file = logs / f"preflight-{secrets.token_hex(4)}.json"
    words = (*program, "service", "preflight", "--answer", str(file), "--", *map(str, folders))
    for folder in (logs, plist.parent):
        folder.mkdir(parents=True, exist_ok=True)
    plist.write_bytes(agent(Launch(words=words), logs=logs, label=PREFLIGHT, once=True))
    target = f"gui/{account.uid}/{PREFLIGHT}"
    try:
        run(("launchctl", "bootout", target))
        if run(("launchctl", "bootstrap", f"gui/{account.uid}", str(plist))).code == 0:
            _await(file, sleep=sleep, seconds=_START_SECONDS + seconds * len(folders))
        return interpret(_text(file), folders)
    finally:
        run(("launchctl", "bootout", target))
        for left in (plist, file, logs / "preflight.out.log", logs / "preflight.err.log"):
            left.unlink(missing_ok=True)


def _await(file: Path, *, sleep: Callable[[float], object], seconds: float) -> None:
    for _ in range(round(seconds / 0.25)):
        if '"complete": true' in _text(file):
            return
        sleep(0.25)


def _within(seconds: float, read: Callable[[Path], str], folder: Path) -> str:
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(read(folder)), daemon=True)
    reader.start()
    reader.join(seconds)
    return found[0] if found else "waiting"


def _write(file: Path, facts: dict[str, object]) -> None:
    beside = file.with_name(f".{file.name}")
    beside.write_text(json.dumps(facts), encoding="utf-8")
    beside.replace(file)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
