from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.clients.program import Platform
from sidecar.errors import ConfigError, SidecarError
from sidecar.service import installing, launchd, manager, server_logs, systemd, task_scheduler
from sidecar.service.commands import Outcome, run_here
from sidecar.service.plan import Launch, Plan
from sidecar.service.state import State
from tests.service.machines import LAUNCH, Manager, account

PLATFORMS: tuple[Platform, ...] = ("linux", "macos", "windows")


def _plan(platform: Platform, home: Path, launch: Launch = LAUNCH) -> Plan:
    return manager.plan_for(account(platform, home), launch)[0]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_second_installation_leaves_a_running_service_alone(tmp_path: Path, platform: Platform) -> None:
    first, second = Manager(), Manager()
    assert installing.install(_plan(platform, tmp_path), run=first)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert not installing.install(_plan(platform, tmp_path), run=second)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    stopping = {"restart", "bootout", "/End"}
    assert stopping & set(first.verbs)
    assert not stopping & set(second.verbs)
    assert "-k" not in {word for words in second.told for word in words}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_another_flag_starts_the_service_anew(tmp_path: Path, platform: Platform) -> None:
    installing.install(_plan(platform, tmp_path), run=Manager())
    other = Manager()
    assert installing.install(_plan(platform, tmp_path, Launch(words=(*LAUNCH.words, "/more"))), run=other)
    assert {"restart", "bootout", "/End"} & set(other.verbs)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_interrupted_installation_is_finished_by_the_next(tmp_path: Path, platform: Platform) -> None:
    class Interrupted(Manager):
        def __call__(self, words: tuple[str, ...]) -> Outcome:
            super().__call__(words)
            raise KeyboardInterrupt

    plan = _plan(platform, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        installing.install(plan, run=Interrupted())
    assert plan.file.read_bytes() == plan.content
    second, third = Manager(), Manager()
    assert installing.install(plan, run=second)
    assert second.told == [command.words for command in plan.begin]
    assert not installing.install(plan, run=third)
    assert third.told == [command.words for command in plan.ensure]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_interrupted_installation_is_uninstalled_whole(tmp_path: Path, platform: Platform) -> None:
    plan = _plan(platform, tmp_path)
    refusing = Manager(**{name: Outcome(code=1) for name in ("enable", "create", "daemon_reload")})
    with pytest.raises(SidecarError):
        installing.install(plan, run=refusing)
    installing.uninstall(plan, run=Manager())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_uninstallation_leaves_what_was_there_before(tmp_path: Path, platform: Platform) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("a", encoding="utf-8")
    plan = _plan(platform, tmp_path)
    installing.install(plan, run=Manager())
    for link in plan.links:
        link.parent.mkdir()
        link.symlink_to(plan.file)
    for folder in plan.folders:
        (folder / "sidecar.err.log").write_text("x", encoding="utf-8")
    outcome = installing.uninstall(plan, run=Manager())
    assert plan.file in outcome.removed
    assert outcome.kept == ()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink()] == ["a.md"]
    assert not [path for path in tmp_path.rglob("*") if path.name in {"default.target.wants", "sidecar"}]
    assert installing.uninstall(plan, run=Manager(disable=Outcome(code=1), bootout=Outcome(code=3))).removed == ()


def test_the_definition_is_readable_by_its_account_alone(tmp_path: Path) -> None:
    plan = _plan("linux", tmp_path)
    installing.install(plan, run=Manager())
    assert plan.file.stat().st_mode & 0o777 == 0o600


def test_what_a_manager_refuses_is_told_with_its_reason(tmp_path: Path) -> None:
    refusing = Manager(create=Outcome(code=1, errors="ERROR: Access is denied.\n"))
    with pytest.raises(SidecarError, match=r"/Create.*code 1: ERROR: Access is denied"):
        installing.install(_plan("windows", tmp_path), run=refusing)
    with pytest.raises(SidecarError, match=r"restart.*it said nothing"):
        installing.install(_plan("linux", tmp_path), run=Manager(restart=Outcome(code=1)))


def test_an_agent_is_loaded_again_and_again_while_launchd_still_has_the_old_one(tmp_path: Path) -> None:
    waits: list[float] = []

    class Leaving(Manager):
        def __call__(self, words: tuple[str, ...]) -> Outcome:
            super().__call__(words)
            busy = words[1] == "bootstrap" and len(waits) < 3
            return Outcome(code=5, errors="Bootstrap failed: 5: Input/output error") if busy else Outcome(code=0)

    launching = Leaving()
    installing.install(_plan("macos", tmp_path), run=launching, sleep=waits.append)
    assert launching.verbs == ["bootout", "enable", *["bootstrap"] * 4]
    refusing = Manager(bootstrap=Outcome(code=5, errors="Bootstrap failed"))
    with pytest.raises(SidecarError, match="Bootstrap failed"):
        installing.install(_plan("macos", tmp_path / "b"), run=refusing, sleep=lambda _: None)


def test_a_file_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("not a folder", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"sidecar\.service cannot be written"):
        installing.install(_plan("linux", tmp_path), run=Manager())


@pytest.mark.parametrize(
    ("errors", "code", "hint"),
    [
        ("System has not been booted with systemd as init system (PID 1). Can't operate.", 1, "/etc/wsl.conf"),
        ("systemctl is not installed", 127, "/etc/wsl.conf"),
    ],
)
def test_a_system_without_systemd_is_told_of(errors: str, code: int, hint: str) -> None:
    with pytest.raises(SidecarError) as found:
        systemd.check(Manager(show_environment=Outcome(code=code, errors=errors)))
    assert found.value.hint is not None
    assert hint in found.value.hint


def test_a_session_without_a_bus_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = Manager(show_environment=Outcome(code=1, errors="Failed to connect to bus: No medium found"))
    monkeypatch.setattr(systemd, "_booted", lambda: True)
    with pytest.raises(SidecarError, match="No medium found") as found:
        systemd.check(refusing)
    assert found.value.hint is not None
    assert "enable-linger" in found.value.hint


def test_a_mac_without_a_desktop_session_is_told_of() -> None:
    refusing = Manager(print=Outcome(code=113, errors="Could not find domain for user gui: 501"))
    with pytest.raises(SidecarError, match="Could not find domain"):
        launchd.check(account("macos"), refusing)
    launchd.check(account("macos"), Manager())


def test_without_namespaces_the_unit_has_no_walls_and_the_user_is_told() -> None:
    plan, notes = manager.plan_for(account("linux"), LAUNCH, run=Manager())
    assert b"PrivateUsers=yes" in plan.content
    assert notes == ()

    class Narrow(Manager):
        def __call__(self, words: tuple[str, ...]) -> Outcome:
            super().__call__(words)
            return Outcome(code=217 if words[0] == "systemd-run" else 0, output="systemd 255 (255.4-1ubuntu8)\n+PAM")

    plan, notes = manager.plan_for(account("linux"), LAUNCH, run=Narrow())
    assert b"PrivateUsers" not in plan.content
    assert b"SystemCallFilter" in plan.content
    assert b"RestartSteps=" in plan.content
    assert "namespaces" in notes[0]


@pytest.mark.parametrize(
    ("searched", "folder"),
    [
        ("/run/user/501/systemd/user {home}/.config/systemd/user /etc/systemd/user\n", "{home}/.config/systemd/user"),
        ("{home}/own/systemd/user /etc/systemd/user\n", "{home}/own/systemd/user"),
        ("", "{home}/own/systemd/user"),
    ],
)
def test_the_unit_lies_where_systemd_looks_and_not_where_the_shell_says(
    tmp_path: Path, searched: str, folder: str
) -> None:
    shell = account("linux", tmp_path, XDG_CONFIG_HOME=str(tmp_path / "own"))
    said = Outcome(code=0, output=searched.format(home=tmp_path))
    found = manager.found_account(shell, Manager(show=said))
    assert systemd.unit_file(found) == Path(folder.format(home=tmp_path), "sidecar.service")
    assert manager.found_account(account("macos", tmp_path), Manager()).unit_folder is None


def test_what_systemd_says_becomes_a_state(tmp_path: Path) -> None:
    plan = _plan("linux", tmp_path)
    installing.install(plan, run=Manager())
    said = (
        "LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=4242\nResult=success\nExecMainStatus=0\n"
        "NRestarts=2\nStatusText=Ready: 1 vault = all\nUnitFileState=enabled\n"
    )
    found = systemd.state(account("linux", tmp_path), Manager(show=Outcome(code=0, output=said)))
    assert (found.installed, found.enabled, found.running, found.pid) == (True, True, True, 4242)
    assert found.detail == "active (running); started anew 2 times; Ready: 1 vault = all"
    assert found.words == LAUNCH.words
    assert found.option("--data-dir") == "/home/ana/Índice 100% $HOME"
    assert found.option("--config") is None
    failed = said.replace("ActiveState=active", "ActiveState=failed").replace("MainPID=4242", "MainPID=0")
    failed = failed.replace("Result=success", "Result=exit-code").replace("Status=0", "Status=226")
    found = systemd.state(account("linux", tmp_path), Manager(show=Outcome(code=0, output=failed)))
    assert not found.running
    assert "exit code 226" in found.detail
    assert "could not build the sandbox" in found.detail


def test_what_launchd_says_becomes_a_state(tmp_path: Path) -> None:
    installing.install(_plan("macos", tmp_path), run=Manager())
    said = "gui/501/x = {\n\tstate = running\n\n\tpid = 77\n\truns = 1\n\t\tstate = x\n\tlast exit code = 0\n}"
    found = launchd.state(account("macos", tmp_path), Manager(print=Outcome(code=0, output=said)))
    assert (found.running, found.pid, found.enabled) == (True, 77, True)
    assert found.words == LAUNCH.words
    gone = launchd.state(account("macos", tmp_path / "x"), Manager(print=Outcome(code=113)))
    assert (gone.installed, gone.running, gone.words) == (False, False, ())


def test_a_definition_that_somebody_else_wrote_is_no_command(tmp_path: Path) -> None:
    file = tmp_path / "x"
    for content in (b"", b"\xff\xfe<", b"<plist>", b"[Service]\nExecStart=/bin/x", b"<Data>{</Data>", b"\0" * 2**20):
        file.write_bytes(content)
        assert launchd.words_of(file) == ()
        assert task_scheduler.words_of(file) == ()
    found = task_scheduler.state(account("windows", tmp_path), Manager(query=Outcome(code=0)))
    assert found.words == ()


def test_the_data_folder_is_deleted_when_it_is_one_and_holds_nothing_of_the_users(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with pytest.raises(ConfigError, match="no token"):
        installing.purge(data, vaults=())
    (data / "token").write_text("x", encoding="utf-8")
    (data / "vault").mkdir()
    with pytest.raises(ConfigError, match="it holds"):
        installing.purge(data, vaults=(data / "vault",))
    installing.purge(data, vaults=(tmp_path / "elsewhere",))
    assert not data.exists()


def test_a_program_that_is_missing_or_fails_is_an_outcome() -> None:
    assert run_here(("no-such-program-here",)).code == 127
    assert run_here(("sh", "-c", "echo é; echo no >&2; exit 3")) == Outcome(code=3, output="é\n", errors="no\n")


def test_lines_that_come_are_shown_whole_and_once(tmp_path: Path) -> None:
    file = tmp_path / "sidecar.log"
    file.write_text("one\ntwo\n", encoding="utf-8")
    steps = iter(["three\nfo", "ur\n", None, "a\n"])

    def write(_seconds: float) -> None:
        text = next(steps)
        if text is None:
            file.write_text("", encoding="utf-8")
        else:
            with file.open("a", encoding="utf-8") as opened:
                opened.write(text)

    assert list(server_logs.following([file], sleep=write, rounds=4)) == ["three", "four", "a"]
    assert server_logs.last_lines(file, lines=5) == ("a",)
    assert server_logs.last_lines(tmp_path / "none", lines=5) == ()
    assert State.option(_state(("x", "--data-dir")), "--data-dir") is None


def _state(words: tuple[str, ...]) -> State:
    return State(file=Path("/x"), installed=True, enabled=True, running=False, pid=None, detail="", words=words)
