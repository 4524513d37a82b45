from __future__ import annotations

import os
import plistlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sidecar.service.commands import Outcome
from sidecar.service.guarded import Finding, advice, guard_of, guarded_folders
from sidecar.service.preflight import answer, interpret, try_folders
from tests.service.machines import Manager, account

HOME = Path("/Users/ana")


@pytest.mark.parametrize(
    ("folder", "what"),
    [
        ("/Users/ana/Documents/Notes", "Documents folder"),
        ("/Users/ana/documents/Notes", "Documents folder"),
        ("/Users/ana/Desktop", "Desktop folder"),
        ("/Users/ana/Downloads/x", "Downloads folder"),
        ("/Users/ana/Library/Mobile Documents/iCloud~md~obsidian/Documents/Notes", "iCloud Drive"),
        ("/Users/ana/Library/CloudStorage/Dropbox/Notes", "cloud storage"),
        ("/Volumes/USB/Notes", "removable or network volume"),
        ("/Volumes", None),
        ("/Users/ana/Notes", None),
        ("/Users/ana/Documents2", None),
        ("/Users/bea/Documents", None),
        ("/Users/ana/Library", None),
        ("/Users/ana", None),
    ],
)
def test_guarded_places_are_known(folder: str, what: str | None) -> None:
    assert guard_of(Path(folder), home=HOME) == what


def test_a_link_that_leads_into_a_guarded_place_is_guarded(tmp_path: Path) -> None:
    (tmp_path / "Documents" / "Notes").mkdir(parents=True)
    (tmp_path / "notes").symlink_to(tmp_path / "Documents" / "Notes")
    (tmp_path / "plain").mkdir()
    folders = [tmp_path / "notes", tmp_path / "plain", tmp_path / "notes"]
    assert guarded_folders(folders, home=tmp_path) == (tmp_path / "notes",)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ("refused", ["does not let", "Full Disk Access", "/opt/python3.12", "Documents folder", "service restart"]),
        ("waiting", ["is asking", "allow it", "/opt/python3.12"]),
        ("missing", ["mounted"]),
        ("unknown", ["could not be found out"]),
    ],
)
def test_the_user_is_told_what_to_grant_and_where(found: str, words: list[str]) -> None:
    finding = Finding(folder=HOME / "Documents" / "Notes", answer=found, program="/opt/python3.12")
    told = advice(finding, home=HOME)
    assert told is not None
    assert [word for word in words if word not in told] == []


def test_of_a_folder_that_was_read_nothing_is_said() -> None:
    assert advice(Finding(folder=HOME / "Documents", answer="opened"), home=HOME) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"folders": 3}', "[" * 100_000, '{"folders": {"/x": "opened"}}']
)
def test_an_answer_that_says_nothing_of_a_folder_leaves_it_unknown(text: str) -> None:
    assert [finding.answer for finding in interpret(text, [Path("/notes")])] == ["unknown"]


def test_a_folder_that_hangs_is_given_up_and_the_others_are_read(tmp_path: Path) -> None:
    asked = threading.Event()

    def read(folder: Path) -> str:
        if folder.name == "hangs":
            asked.wait()
        return "opened"

    folders = [tmp_path / "hangs", tmp_path / "opens"]
    # The one that hangs waits longer than any patience; the other one answers in less than this.
    try:
        answer(tmp_path / "a.json", folders, seconds=0.2, read=read)
    finally:
        asked.set()
    found = interpret((tmp_path / "a.json").read_text(encoding="utf-8"), folders)
    assert [finding.answer for finding in found] == ["waiting", "opened"]
    assert found[0].program == os.path.realpath(sys.executable)


class Launchd(Manager):
    """Runs what an agent's description says, as launchd would, and keeps what it was."""

    def __call__(self, words: tuple[str, ...]) -> Outcome:
        super().__call__(words)
        if words[1] == "bootstrap":
            self.facts = plistlib.loads(Path(words[3]).read_bytes())
            environ = {**os.environ, "SIDECAR_CONFIG": os.devnull}
            subprocess.run(self.facts["ProgramArguments"], check=True, env=environ, timeout=60)
        return Outcome(code=0)


def test_the_trial_runs_as_an_agent_and_leaves_nothing(tmp_path: Path) -> None:
    vault, missing = tmp_path / "Documents" / 'No "tes" é', tmp_path / "Desktop" / "-gone"
    vault.mkdir(parents=True)
    launchd = Launchd()
    program = (sys.executable, "-P", "-m", "sidecar")
    found = try_folders(account("macos", tmp_path), program, [vault, missing], run=launchd)
    assert [finding.answer for finding in found] == ["opened", "missing"]
    assert launchd.verbs == ["bootout", "bootstrap", "bootout"]
    assert "KeepAlive" not in launchd.facts
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_trial_that_launchd_refuses_leaves_its_folders_unknown(tmp_path: Path) -> None:
    refusing = Manager(bootstrap=Outcome(code=5))
    found = try_folders(account("macos", tmp_path), ("sidecar",), [tmp_path], run=refusing)
    assert [finding.answer for finding in found] == ["unknown"]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_trial_that_never_answers_is_given_up(tmp_path: Path) -> None:
    waits: list[float] = []
    found = try_folders(account("macos", tmp_path), ("x",), [tmp_path], run=Manager(), sleep=waits.append, seconds=1)
    assert [finding.answer for finding in found] == ["unknown"]
    assert 10 <= sum(waits) <= 12
