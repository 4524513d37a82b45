"""The first run, through the real program: at a pseudo-terminal, and where there is none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.cli.setup_prompts import tab_binding
from sidecar.config import load_config
from tests.cli.terminal import CTRL_C, CTRL_D, Shown, at_terminal
from tests.serving import environment, serve

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="homes and terminals are made as on Linux")
TABLE, NOW, REPLACE = "q leaves", "Index the notes now?", "Replace"


class Home:
    """A home folder with nothing of Sidecar in it, and nothing of this machine's programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / ".config" / "sidecar" / "config.toml"
        self.data = folder / ".local" / "share" / "sidecar"

    @property
    def environ(self) -> dict[str, str]:
        # A PATH without the system's programs: whatever service manager this machine has is left alone.
        told = environment(HOME=str(self.folder), PATH=str(self.folder / "bin"), TERM="xterm", COLUMNS="120")
        hidden = ("XDG_", "SUDO_", "OLLAMA_", "HF_", "SIDECAR_")
        return {name: value for name, value in told.items() if not name.startswith(hidden)}

    def vault(self, name: str = "Notas", *, listed: bool = True) -> Path:
        notes = self.folder / name
        notes.mkdir(parents=True)
        (notes / "Numbat.md").write_text("The numbat eats termites.", encoding="utf-8")
        if listed:
            place = self.folder / ".config" / "obsidian"
            place.mkdir(parents=True)
            vaults = {"a": {"path": str(notes)}, "b": {"path": str(self.folder / "drive" / "Gone")}}
            (place / "obsidian.json").write_text(json.dumps({"vaults": vaults}), encoding="utf-8")
        return notes

    def files(self) -> set[str]:
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()}

    def typed(self, *typed: tuple[str, str], arguments: tuple[str, ...] = ()) -> Shown:
        return at_terminal(arguments, typed, environ=self.environ, folder=self.folder)

    def piped(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "sidecar", *arguments]
        return subprocess.run(
            command, env=self.environ, cwd=self.folder, capture_output=True, text=True, timeout=90, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home").mkdir()
    return Home(tmp_path / "home")


def test_enter_and_enter_again_lead_to_settings_from_which_the_server_answers(home: Home) -> None:
    notes = home.vault()
    shown = home.typed((TABLE, "\n"), (NOW, "\n"))
    assert shown.code == 0, shown.text
    for part in ("Notas", "1 note", "Left out", "Chat model", "1 note in 1 piece", "sidecar connect", "sidecar ask"):
        assert part in shown.text
    config = load_config({}, config_file=home.config, environ={})
    assert (config.vaults, config.embedding_model) == ((notes,), "builtin")
    assert home.config.stat().st_mode & 0o777 == 0o600
    with serve("--config", home.config, "--model", "extractive", data_dir=home.data) as server:
        assert server.best("numbat") == "Numbat.md"
        answer = server.official.chat.completions.create(
            model="vault", messages=[{"role": "user", "content": "What does the numbat eat?"}]
        )
    assert "termites" in (answer.choices[0].message.content or "")


@pytest.mark.parametrize(
    "typed",
    [
        [(TABLE, CTRL_C)],
        [(TABLE, CTRL_D)],
        [(TABLE, "1\n"), ("to add", CTRL_D)],
        [(TABLE, "5\n"), ("65535", "9000\n"), (TABLE, CTRL_C)],
    ],
    ids=["ctrl-c", "end of input", "amid a question", "after a change"],
)
def test_leaving_midway_writes_nothing(home: Home, typed: list[tuple[str, str]]) -> None:
    home.vault()
    before = home.files()
    shown = home.typed(*typed)
    assert (shown.code, "Nothing was written." in shown.text) == (130, True)
    assert home.files() == before


def test_leaving_once_the_settings_are_written_says_so(home: Home) -> None:
    home.vault()
    shown = home.typed((TABLE, "\n"), (NOW, CTRL_C))
    assert (shown.code, "The settings are written" in shown.text, home.config.exists()) == (130, True, True)
    assert "Nothing was written" not in shown.text


def test_what_cannot_be_accepted_is_told_and_can_be_changed(home: Home) -> None:
    home.vault()
    shown = home.typed(
        (TABLE, "4\n"), ("and the log", "~/Notas/data\n"), (TABLE, "\n"), (TABLE, "4\n"), ("and the log", "~/data\n"),
        (TABLE, "\n"), (NOW, "n\n"),
    )  # fmt: skip
    assert (shown.code, "lies inside the vault" in shown.text) == (0, True), shown.text
    assert load_config({}, config_file=home.config, environ={}).data_dir == home.folder / "data"


def test_the_same_set_up_again_replaces_nothing(home: Home) -> None:
    home.vault()
    home.typed((TABLE, "\n"), (NOW, "n\n"))
    before = home.files()
    shown = home.typed((TABLE, "\n"), (NOW, "n\n"), arguments=("setup",))
    assert (shown.code, REPLACE in shown.text, home.files() == before) == (0, False, True), shown.text


def test_a_port_that_only_the_settings_may_have_is_kept_by_enter(home: Home) -> None:
    home.vault()
    shown = home.typed((TABLE, "5\n"), ("[0]", "\n"), (TABLE, "q\n"), arguments=("setup", "--port", "0"))
    assert (shown.code, "no such port" in shown.text) == (0, False), shown.text


def test_what_would_be_better_is_said_to_who_is_asked_nothing(home: Home) -> None:
    home.vault()
    done = home.piped("setup", "--print", "--model", "none")
    assert "answers in quotations" in done.stderr
    assert "answers in quotations" not in done.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_names_of_any_script_go_through_pipes_of_any_encoding(home: Home, encoding: str) -> None:
    notes = home.vault("メモ 😀")
    listing = home.folder / ".config" / "obsidian" / "obsidian.json"
    entries = {"a": {"path": str(notes)}, "b": {"path": "/half\ud800"}}
    listing.write_text(json.dumps({"vaults": entries}), encoding="utf-8")
    for flags in (["--print"], ["--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "sidecar", "setup", *flags], env=home.environ | {"PYTHONIOENCODING": encoding},
            capture_output=True, timeout=90, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout.decode(encoding))
    assert facts["proposal"]["vaults"] == [str(notes)]
    assert facts["found"]["vanished_vaults"] == ["/half\ud800"]


@pytest.mark.parametrize(
    ("library", "binding"),
    [
        (None, "tab: complete"),
        ("Importing this module enables command line editing using GNU readline.", "tab: complete"),
        ("Importing this module enables command line editing using libedit readline.", "bind ^I rl_complete"),
    ],
)
def test_tab_is_bound_in_the_words_of_the_library(library: str | None, binding: str) -> None:
    assert tab_binding(library) == binding


def test_q_leaves_and_writes_nothing(home: Home) -> None:
    home.vault()
    before = home.files()
    assert home.typed((TABLE, "q\n")).code == 0
    assert home.files() == before


def test_each_line_can_be_changed_and_what_is_wrong_is_told(home: Home) -> None:
    notes, more = home.vault(), home.vault("Mais notas", listed=False)
    shown = home.typed(
        (TABLE, "7\n"), (TABLE, "1\n"), ("to add", "~/no such folder\n"),
        (TABLE, "1\n"), ("to add", "~/Mais notas\n"),
        (TABLE, "1\n"), ("to add", "2 1\n"),
        (TABLE, "2\n"), ("GGUF file", "http://127.0.0.1:1/v1\n"), ("that it lists", "mine:7b\n"),
        (TABLE, "3\n"), ("GGUF file", "none\n"),
        (TABLE, "4\n"), ("and the log", "~/data\n"),
        (TABLE, "5\n"), ("65535", "80\n"), (TABLE, "5\n"), ("65535", "9000\n"),
        (TABLE, "6\n"), (TABLE, "\n"), (NOW, "n\n"),
    )  # fmt: skip
    assert shown.code == 0, shown.text
    for part in ("Type a number from 1 to 6", "does not exist", "That is no such port", "It cannot be:"):
        assert part in shown.text
    config = load_config({}, config_file=home.config, environ={})
    assert (config.vaults, config.model, config.upstream) == ((more, notes), "mine:7b", "http://127.0.0.1:1/v1")
    assert (config.embedding_model, config.data_dir, config.port) == ("none", home.folder / "data", 9000)
    assert not (home.folder / "data").exists()


def test_without_a_vault_the_demonstration_is_offered_and_answers(home: Home) -> None:
    shown = home.typed(("to try things on", "/no/such\n"), ("to try things on", "\n"), (TABLE, "\n"), (NOW, "n\n"))
    assert shown.code == 0, shown.text
    assert "Logseq graph" in shown.text
    assert "gate code" in shown.text
    answer = home.piped("ask", "--model", "extractive", "What is the gate code of the cabin?")
    assert "4471" in answer.stdout, answer.stderr


def test_with_settings_the_program_alone_says_how_it_stands_and_asks_nothing(home: Home) -> None:
    notes = home.vault()
    home.piped("setup", "--yes", "--no-index", "--model", "none")
    shown = home.typed()
    assert shown.code == 0
    for part in ("does not run", str(notes), str(home.config), "sidecar serve"):
        assert part in shown.text
    with serve("--config", home.config, data_dir=home.data) as server:
        shown = home.typed()
        assert (shown.code, f"{server.url}/v1" in shown.text) == (0, True)
        assert "1 indexed" in shown.text


def test_of_a_service_that_does_not_run_it_says_how_to_start_it(home: Home) -> None:
    home.vault()
    home.piped("setup", "--yes", "--no-index", "--model", "none")
    program = home.folder / "bin" / "systemctl"
    program.parent.mkdir()
    unit = home.folder / ".config" / "systemd" / "user" / "sidecar.service"
    assert "service restart" not in home.typed().text
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=sidecar serve\n", encoding="utf-8")
    program.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    program.chmod(0o755)
    shown = home.typed()
    assert (shown.code, "sidecar service restart" in shown.text) == (0, True), shown.text


def test_settings_that_are_there_are_replaced_when_that_is_wanted_and_keep_what_they_keep(home: Home) -> None:
    home.vault()
    home.config.parent.mkdir(parents=True)
    before = 'local_only = ["Health/**"]\nport = 9123\n'
    home.config.write_text(before, encoding="utf-8")
    home.typed((TABLE, "\n"), (REPLACE, "n\n"), arguments=("setup",))
    assert home.config.read_text(encoding="utf-8") == before
    shown = home.typed((TABLE, "\n"), (REPLACE, "\n"), (NOW, "n\n"), arguments=("setup",))
    assert shown.code == 0, shown.text
    config = load_config({}, config_file=home.config, environ={})
    assert (config.local_only, config.port, len(config.vaults)) == (("Health/**",), 9123, 1)
    assert home.config.with_name("config.toml.bak").read_text(encoding="utf-8") == before


def test_without_a_terminal_nothing_is_ever_asked(home: Home) -> None:
    home.vault()
    before = home.files()
    alone = home.piped()
    assert (alone.returncode, alone.stdout) == (2, "")
    assert "Usage: sidecar" in alone.stderr
    asked = home.piped("setup")
    assert (asked.returncode, "--yes" in asked.stderr) == (2, True)
    assert home.files() == before


def test_a_terminal_at_one_end_alone_is_none(home: Home) -> None:
    ours, theirs = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "sidecar"], stdin=theirs, capture_output=True, env=home.environ, timeout=90,
            check=False,
        )  # fmt: skip
    finally:
        os.close(theirs)
        os.close(ours)
    assert (done.returncode, b"Usage: sidecar" in done.stderr) == (2, True)


def test_what_would_be_written_is_printed_and_not_written(home: Home) -> None:
    notes = home.vault()
    before = home.files()
    done = home.piped("setup", "--print", "--port", "9000")
    assert done.returncode == 0, done.stderr
    assert str(home.config) in done.stdout
    (home.folder / "copy.toml").write_text(done.stdout, encoding="utf-8")
    config = load_config({}, config_file=home.folder / "copy.toml", environ={})
    assert (config.vaults, config.port) == ((notes,), 9000)
    facts = json.loads(home.piped("setup", "--json").stdout)
    assert (facts["written"], facts["proposal"]["vaults"]) == (False, [str(notes)])
    assert home.files() - {"copy.toml"} == before


def test_keys_are_written_and_not_printed(home: Home) -> None:
    home.vault()
    home.config.parent.mkdir(parents=True, exist_ok=True)
    servers = '[upstreams.far]\nurl = "https://far.example/v1"\nkey = "quetzal-2"\n'
    near = 'upstream = "http://127.0.0.1:9/v1"\nupstream_key = "quetzal-1"\nmodel = "m"\n'
    home.config.write_text(near + servers, encoding="utf-8")
    printed = home.piped("setup", "--print")
    assert printed.returncode == 0, printed.stderr
    assert "quetzal" not in printed.stdout + printed.stderr
    assert "Keys are not printed" in printed.stderr
    assert "quetzal" not in home.piped("setup", "--json").stdout
    assert home.piped("setup", "--yes", "--replace", "--no-index").returncode == 0
    config = load_config({}, config_file=home.config, environ={})
    assert (config.upstream_key, config.upstreams["far"]["key"]) == ("quetzal-1", "quetzal-2")
    assert home.config.stat().st_mode & 0o077 == 0


def test_with_flags_all_is_answered_and_facts_are_one_document(home: Home) -> None:
    one, two = home.vault("um", listed=False), home.vault("dois", listed=False)
    flags = ["--vault", "um", "--vault", str(two), "--vault", str(one), "--model", "none", "--embedding-model", "none"]
    done = home.piped("setup", "--yes", "--json", *flags, "--config", "mine.toml", "--data-dir", "data")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["written"], facts["config_file"], facts["backup"]) == (True, str(home.folder / "mine.toml"), None)
    assert facts["proposal"]["service"] is False
    config = load_config({}, config_file=home.folder / "mine.toml", environ={})
    assert (config.vaults, config.data_dir) == ((one, two), home.folder / "data")
    assert "1 note in 1 piece" in done.stderr
    assert "--config" in done.stderr
    assert not home.config.exists()


def test_an_existing_file_is_not_replaced_unasked(home: Home) -> None:
    home.vault()
    first = home.piped("setup", "--yes", "--no-index")
    assert first.returncode == 0, first.stderr
    text = home.config.read_text(encoding="utf-8")
    again = home.piped("setup", "--yes", "--no-index", "--port", "9000")
    assert (again.returncode, "--replace" in again.stderr) == (1, True)
    assert home.config.read_text(encoding="utf-8") == text
    assert home.piped("setup", "--yes", "--no-index", "--port", "9000", "--replace").returncode == 0
    assert home.config.with_name("config.toml.bak").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--vault", "nowhere"], "does not exist"),
        (["--vault", "Notas", "--upstream", "ftp://x"], "is not a base URL"),
        (["--vault", "Notas", "--data-dir", "Notas/data"], "lies inside the vault"),
        ([], "--demo"),
        (["--vault", "Notas", "--service"], "systemd"),
    ],
)
def test_what_cannot_be_is_said_with_what_to_do(home: Home, flags: list[str], says: str) -> None:
    home.vault(listed=False)
    done = home.piped("setup", "--yes", "--no-index", *flags)
    assert (done.returncode, says in done.stderr) == (1, True), done.stderr
    # The settings are right all the same where only the service cannot be.
    assert home.config.exists() == ("--service" in flags)


def test_a_variable_may_name_the_file_that_is_to_be_made(home: Home) -> None:
    home.vault()
    file = home.folder / "elsewhere" / "s.toml"
    environ = home.environ | {"SIDECAR_CONFIG": str(file)}
    shown = at_terminal((), [(TABLE, "\n"), (NOW, "n\n")], environ=environ, folder=home.folder)
    assert (shown.code, file.is_file(), home.config.exists()) == (0, True, False), shown.text


def service_manager(home: Home) -> None:
    """Put a `systemctl` into the home folder that succeeds in everything and starts the server as the unit says."""
    (home.folder / "bin").mkdir()
    program = home.folder / "bin" / "systemctl"
    serve = f"{sys.executable} -m sidecar serve --port 0 --config {home.config} --data-dir {home.data}"
    log = home.folder / "systemctl.log"
    program.write_text(
        f'#!/bin/sh\ncase "$*" in *restart*) {serve} </dev/null >{log} 2>&1 & ;; esac\nexit 0\n', encoding="utf-8"
    )
    program.chmod(0o755)


def test_one_enter_has_the_login_service_installed_and_gives_a_link_that_signs_in(home: Home) -> None:
    home.vault()
    service_manager(home)
    try:
        shown = home.typed((TABLE, "\n"))
        facts = json.loads((home.data / "runtime.json").read_text(encoding="utf-8"))
    finally:
        for file in home.data.glob("runtime.json"):
            os.kill(json.loads(file.read_text(encoding="utf-8"))["pid"], signal.SIGTERM)
    assert shown.code == 0, shown.text
    assert f"{facts['url']}/#sign-in=" in shown.text
    assert "`sidecar status` tells how far" in shown.text
    assert NOW not in shown.text
    assert "serve" in (home.folder / ".config" / "systemd" / "user" / "sidecar.service").read_text(encoding="utf-8")


def test_the_service_is_installed_only_when_somebody_said_so(home: Home) -> None:
    home.vault()
    service_manager(home)
    done = home.piped("setup", "--yes", "--no-index")
    assert (done.returncode, "At login\tno" in done.stderr) == (0, True), done.stderr
    assert not (home.folder / ".config" / "systemd").exists()
