"""`sidecar connect` for MCP clients: the command that it prints, and the check that starts it as they would."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tomllib
from pathlib import Path

import pytest

from sidecar.clients.advice import Outcome
from sidecar.clients.catalogue import find_client
from sidecar.clients.facts import Facts
from sidecar.clients.filling import fill_snippet
from sidecar.clients.mcp_check import STEPS, check_mcp
from sidecar.clients.mcp_program import mcp_program
from tests.cli.test_running_server import run
from tests.mcp_server.talking import write_notes
from tests.serving import environment

ODD = (
    "/opt/my «apps»/it's\\here/sidecar",
    "mcp",
    "--vault",
    'C:\\Notes "of mine"\t{{$key}} <<mcp_args>> $key',
    "日記 🧭",
)


def outcomes(*words: str, patience: float = 90.0, **environ: str) -> list[Outcome]:
    async def all_of_them() -> list[Outcome]:
        return [each async for each in check_mcp(words, environ=environment(**environ), patience=patience)]

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("name", ["claude-desktop", "cursor", "vs-code", "zed", "lm-studio", "mcp"])
def test_settings_hold_the_very_words_whatever_is_in_them(name: str) -> None:
    facts = Facts(root_url="http://127.0.0.1:8484", vault="Notes", program=ODD)
    for snippet in find_client(name).snippets:
        text = fill_snippet(snippet.text, snippet.language, facts.values)
        if snippet.language == "json":
            (servers,) = json.loads(text).values()
        elif snippet.language == "toml":
            servers = tomllib.loads(text)["mcp_servers"]
        else:
            continue
        own = servers["sidecar"]
        words = own["command"] if isinstance(own["command"], list) else [own["command"], *own["args"]]
        assert tuple(words[: len(ODD)]) == ODD
        assert words[len(ODD) :] == (["--client-is-local"] if name == "lm-studio" else [])


def test_a_command_for_a_shell_is_read_by_it_as_it_was_meant(tmp_path: Path) -> None:
    snippet = find_client("claude-code").snippets[0]
    facts = Facts(root_url="http://127.0.0.1:8484", vault="Notes", program=ODD)
    command = fill_snippet(snippet.text, snippet.language, facts.values)
    claude = tmp_path / "claude"
    claude.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n", encoding="utf-8")
    claude.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = asyncio.run(_shell(command, path))
    assert json.loads(done) == ["mcp", "add", "--scope", "user", "sidecar", "--", *ODD]


async def _shell(command: str, path: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, stdout=asyncio.subprocess.PIPE, env=environment(PATH=path)
    )
    return (await process.communicate())[0]


def test_what_was_given_by_flags_and_variables_is_written_out_with_whole_paths(tmp_path: Path) -> None:
    words = mcp_program(
        data_dir=None,
        config_file=Path("here.toml"),
        vaults=(Path("Notes"),),
        environ={"SIDECAR_DATA_DIR": str(tmp_path)},
        executable=tmp_path / "python",
        platform="linux",
    )
    assert words == (
        *(str(tmp_path / "python"), "-P", "-m", "sidecar", "mcp", "--data-dir", str(tmp_path)),
        *("--config", str(Path("here.toml").absolute()), "--vault", str(Path("Notes").absolute())),
    )


def test_on_windows_it_is_a_program_that_has_an_output(tmp_path: Path) -> None:
    def words() -> tuple[str, ...]:
        python = tmp_path / "pythonw.exe"
        return mcp_program(data_dir=None, config_file=None, vaults=(), environ={}, executable=python, platform="win32")

    assert words() == (str(tmp_path / "python.exe"), "-P", "-m", "sidecar", "mcp")
    (tmp_path / "sidecar.exe").touch()
    assert words() == (str(tmp_path / "sidecar.exe"), "mcp")


def test_the_command_is_started_as_the_client_would_start_it(tmp_path: Path) -> None:
    vault = write_notes(tmp_path / "Notes of mine", {"Numbat.md": "# Numbat\n\nA note on termites.\n"})
    done = run("connect", "claude", "--data-dir", tmp_path / "data", "--vault", vault, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, told["test"]
    assert [step["does"] for step in told["test"]] == list(STEPS)
    assert [step["level"] for step in told["test"]] == ["ok"] * 4
    assert told["test"][2]["text"] == "Notes of mine (notes: 1)"
    own = json.loads(told["snippets"][0]["text"])["mcpServers"]["sidecar"]
    assert own["args"][-2:] == ["--vault", str(vault)]
    assert Path(own["command"]).is_absolute()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('Loading…')", "something else than the protocol"),
        ("import sys; print('Error: no.', file=sys.stderr); print('Hint: do.', file=sys.stderr)", "ended: no."),
        ("", "it said nothing"),
        ("print('x' * 9_000_000, end='')", "does not end"),
        ("print('[' * 100_000)", "something else than the protocol"),
        (
            "import json; print(json.dumps({'jsonrpc': '2.0', 'id': 1, 'error': {'code': 1, 'message': 'not today'}}))",
            "not today",
        ),
    ],
)
def test_a_command_that_does_not_answer_rightly_is_told_of(code: str, said: str) -> None:
    (outcome,) = outcomes(sys.executable, "-c", code)
    assert (outcome.level, outcome.does) == ("error", STEPS[0])
    assert said in outcome.text
    assert outcome.hint


def test_one_that_never_answers_is_ended_and_one_that_is_not_there_told_of(tmp_path: Path) -> None:
    (outcome,) = outcomes(sys.executable, "-c", "import sys; sys.stdin.read()", patience=0.5)
    assert "no answer within 0.5 s" in outcome.text
    (outcome,) = outcomes(str(tmp_path / "gone"), "mcp")
    assert "could not be started" in outcome.text


def test_the_shells_own_settings_are_not_what_the_client_has() -> None:
    code = "import os, sys; print('Error:', sorted(n for n in os.environ if n.startswith('SIDECAR')), file=sys.stderr)"
    (outcome,) = outcomes(sys.executable, "-c", code, SIDECAR_DATA_DIR="/elsewhere")
    assert outcome.text == "the command ended: []"
