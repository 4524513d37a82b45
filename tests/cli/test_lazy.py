"""What commands load: as little as they need, told by the modules that are there when the real program ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sidecar.cli.lazy import LazyGroup, NamedCommand
from sidecar.cli.program import sidecar
from sidecar.cli.registry import COMMANDS
from tests.serving import DEMO_VAULT, Server, environment, serve

# What holds the notes, the models and the server: a tenth of a second and ten megabytes, or more, each.
ENGINE = (
    *("numpy", "apsw", "pydantic", "starlette", "uvicorn", "tokenizers", "watchfiles"),
    *("sidecar.index.database", "sidecar.runtime.runtime", "sidecar.chat.answering", "sidecar.api.app"),
)
HEAVY = (*ENGINE, "httpx2", "rich.console", "asyncio")
PROGRAM = f"""
import sys
from sidecar.cli import run
sys.argv[0] = "sidecar"
try:
    code = run()
finally:
    print("LOADED", *sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


def loaded(*arguments: str | Path) -> set[str]:
    """Which of the heavy modules the program has loaded when it ends well."""
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment(), timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    *_, last = done.stderr.splitlines()
    assert last.startswith("LOADED")
    return set(last.split()[1:])


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_as_it_describes_itself(name: str) -> None:
    source, listed = COMMANDS[name]
    command = NamedCommand(name, source=source, help=listed)
    real = command.load()
    assert real.name == name
    assert not real.hidden
    assert [command.get_short_help_str(width) for width in (20, 45, 90, 500)] == [
        real.get_short_help_str(width) for width in (20, 45, 90, 500)
    ]


def test_every_command_can_be_run_and_no_other() -> None:
    context = click.Context(sidecar)
    assert set(sidecar.list_commands(context)) == set(COMMANDS)
    assert not isinstance(sidecar.resolve_command(context, ["token", "show"])[1], NamedCommand)
    with pytest.raises(click.UsageError, match="No such command"):
        sidecar.resolve_command(context, ["tokens"])


def test_what_is_no_command_is_not_taken_for_one() -> None:
    group = LazyGroup("group")
    group.add_command(NamedCommand("odd", source="sidecar.cli.registry:COMMANDS", help="Odd."))
    with pytest.raises(TypeError, match="is no command"):
        group.resolve_command(click.Context(group), ["odd"])


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["config", "path"]])
def test_listing_and_telling_load_nothing_heavy(arguments: list[str]) -> None:
    assert loaded(*arguments) == set()


@pytest.mark.parametrize("arguments", [["token", "show"], ["token", "rotate"], ["config", "show", "--json"]])
def test_token_and_settings_load_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    # asyncio is behind the locks of files, with which keys of clients are kept.
    assert loaded(*arguments, "--data-dir", tmp_path / "data") <= {"asyncio"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(DEMO_VAULT, data_dir=tmp_path_factory.mktemp("lazy") / "data") as server:
        yield server


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["status", "--json"],
        ["search", "boiler"],
        ["search", "boiler", "--explain", "--vault", DEMO_VAULT],
        ["related", "Boiler"],
        ["why", "Boiler.md", "boiler"],
        ["ask", "What did the boiler repair cost?"],
    ],
)
def test_what_a_running_server_answers_is_asked_without_the_engine(server: Server, arguments: list[str | Path]) -> None:
    found = loaded(*arguments, "--data-dir", server.data_dir)
    assert found & set(ENGINE) == set()
    assert "httpx2" in found


def test_without_a_server_the_same_command_answers_by_itself(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "Numbat.md").write_text("The numbat eats termites.", encoding="utf-8")
    found = loaded("search", "numbat", "--vault", tmp_path / "vault", "--data-dir", tmp_path / "data")
    assert {"numpy", "apsw", "sidecar.runtime.runtime"} <= found


def test_the_lock_is_closed_before_a_command_is_loaded(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "seen = []\n"
        "def hook(event, found):\n"
        "    if event == 'sys.addaudithook':\n"
        "        seen.append('lock')\n"
        "    elif event == 'import' and found[0] in ('httpx2', 'asyncio'):\n"
        "        seen.append(found[0])\n"
        "sys.addaudithook(hook)\n"
        "from sidecar.cli import run\n"
        "run()\n"
        "print('SEEN', *seen, file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", program, "search", "x", "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60, check=False)
    words = done.stderr.splitlines()[-1].split()
    assert words[:2] == ["SEEN", "lock"]
    assert {"httpx2", "asyncio"} <= set(words)


def completed(shell: str, words: str, place: str) -> list[str]:
    """What the program tells a shell that completes."""
    told = {"_SIDECAR_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": place}
    command = [sys.executable, "-m", "sidecar"]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment(**told), timeout=60, check=False
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("shell", "words", "place", "expected"),
    [
        ("bash", "sidecar se", "1", ["plain,search", "plain,serve"]),
        ("bash", "sidecar token ", "2", ["plain,rotate", "plain,show"]),
        ("bash", "sidecar search --ex", "2", ["plain,--explain"]),
        ("zsh", "sidecar sea", "1", ["plain", "search", "Search the notes."]),
        ("zsh", "sidecar token ro", "2", ["plain", "rotate"]),
        ("fish", "sidecar", "sea", ["plain,search", "Search the notes."]),
        ("fish", "sidecar search", "--ex", ["plain,--explain"]),
    ],
)
def test_shells_complete_commands_and_their_options(shell: str, words: str, place: str, expected: list[str]) -> None:
    told = "\n".join(completed(shell, words, place))
    assert [part for part in expected if part not in told] == []
    assert "config" not in told


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_asks_the_program(shell: str) -> None:
    told = environment(_SIDECAR_COMPLETE=f"{shell}_source")
    done = subprocess.run(
        [sys.executable, "-m", "sidecar"], capture_output=True, text=True, env=told, timeout=60, check=False
    )
    assert f"_SIDECAR_COMPLETE={shell}_complete" in done.stdout


def test_names_are_completed_without_loading_the_commands() -> None:
    told = environment(_SIDECAR_COMPLETE="bash_complete", COMP_WORDS="sidecar ", COMP_CWORD="1")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=told, timeout=60, check=False
    )
    assert "plain,serve" in done.stdout
    assert done.stderr.split() == ["LOADED"]
