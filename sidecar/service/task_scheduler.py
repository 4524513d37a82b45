"""The service on Windows: a task of the Task Scheduler that starts at this account's login.

`RestartOnFailure` acts when a task could not be started, not when its program ended badly, so the trigger also repeats:
every five minutes the task is started, and while it runs that is ignored. Sources:
https://learn.microsoft.com/en-us/windows/win32/taskschd/task-scheduler-schema and MS-TSCH, 2.5.4.2.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape, unescape

from sidecar.errors import ConfigError
from sidecar.service.commands import Command, Runner
from sidecar.service.plan import Account, Launch, Plan
from sidecar.service.state import State

TASK = "Sidecar"
_REFUSED = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_TEMPLATE = """<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Sidecar: answers from your notes</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Repetition>
        <Interval>PT5M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
      <Enabled>true</Enabled>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <IdleSettings>
      <StopOnIdleEnd>false</StopOnIdleEnd>
      <RestartOnIdle>false</RestartOnIdle>
    </IdleSettings>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>6</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>3</Count>
    </RestartOnFailure>
  </Settings>
  <Data>{words}</Data>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


def task_file(account: Account) -> Path:
    """Where the task's description is kept, for the next installation to compare with."""
    named = account.environ.get("LOCALAPPDATA", "")
    return (Path(named) if named else account.home / "AppData" / "Local") / "sidecar-service" / "task.xml"


def plan(account: Account, launch: Launch) -> Plan:
    """The task, and the commands that go with it. Raises ConfigError for paths that no task can hold."""
    file = task_file(account)
    create = _tasks("/Create", "/XML", str(file), "/F")
    end = _tasks("/End", optional=True)
    return Plan(
        file=file,
        content=task(launch, user=account.name),
        begin=(end, create, _tasks("/Run")),
        ensure=(create, _tasks("/Run")),
        restart=(end, _tasks("/Run")),
        end=(end, _tasks("/Delete", "/F", optional=True)),
        folders=(file.parent,),
    )


def task(launch: Launch, *, user: str) -> bytes:
    """The task's description, in UTF-16 with its mark. `user` is the domain, a backslash and the name."""
    for word in (*launch.words, user):
        if _REFUSED.search(word):
            shown = word.encode("unicode_escape").decode("ascii")
            raise ConfigError(f"The task cannot hold {shown}: a control character.", hint="Rename the folder.")
    # `Data` is there for whoever reads the task again: a command line has no one reading.
    text = _TEMPLATE.format(
        user=escape(user),
        words=escape(json.dumps(launch.words, ensure_ascii=False)),
        program=escape(launch.words[0]),
        arguments=escape(subprocess.list2cmdline(launch.words[1:])),
    )
    return b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le")


def state(account: Account, run: Runner) -> State:
    """What is installed. Whether it runs is told in the language of the system, and therefore not read from there."""
    file = task_file(account)
    found = run(("schtasks", "/Query", "/TN", TASK))
    known = found.code == 0
    return State(
        file=file,
        installed=known,
        enabled=known,
        running=False,
        pid=None,
        detail="the task is registered" if known else (found.errors.strip().splitlines() or ["no such task"])[0],
        words=words_of(file),
    )


def words_of(file: Path) -> tuple[str, ...]:
    """The command in a task's description; empty when there is none."""
    try:
        found = re.search(r"<Data>(.*)</Data>", file.read_bytes().decode("utf-16"))
        words = json.loads(unescape(found[1])) if found else []
    except (OSError, ValueError):
        return ()
    return tuple(str(word) for word in words)


def _tasks(verb: str, *words: str, optional: bool = False) -> Command:
    return Command(words=("schtasks", verb, "/TN", TASK, *words), optional=optional)
