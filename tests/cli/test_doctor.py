from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.inference.upstream_server import closed_port
from tests.models import tiny_chat
from tests.serving import DEMO_VAULT, environment, serve


def run(*arguments: str | Path, **extra: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sidecar", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment() | extra,
        timeout=60,
        check=False,
    )


def test_the_doctor_looks_without_a_server_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = run("doctor", "--vault", DEMO_VAULT, "--data-dir", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert "not running" in done.stdout
    assert "offline lock of this command: audit-hook" in done.stdout
    assert "not indexed yet" in done.stdout
    assert "\x1b" not in done.stdout
    assert not (tmp_path / "data").exists()


def test_the_doctor_tells_what_the_index_has(tmp_path: Path) -> None:
    assert run("index", DEMO_VAULT, "--data-dir", tmp_path).returncode == 0
    facts = json.loads(run("doctor", "--vault", DEMO_VAULT, "--data-dir", tmp_path, "--json").stdout)
    (vault,) = facts["vaults"]
    assert vault["on_disk"] == vault["status"]["files"]
    assert vault["index_bytes"] > 0
    assert facts["data_folder"]["exists"]


def test_the_doctor_tells_of_the_machine_the_models_and_the_servers(tmp_path: Path) -> None:
    model = tiny_chat.build(tmp_path / "tiny.gguf")
    arguments = ("doctor", "--vault", DEMO_VAULT, "--data-dir", tmp_path / "data", "--model", model)
    servers = ("--upstream", f"http://127.0.0.1:{closed_port()}/v1")
    facts = json.loads(run(*arguments, *servers, "--json").stdout)
    assert facts["hardware"]["total"] >= facts["hardware"]["available"] > 0
    assert facts["hardware"]["cores"] > 0
    chat, embedding, rerank = facts["models"]["models"]
    assert chat["fits"]
    assert chat["expected_tokens_per_second"] > 0
    assert (embedding["source"], rerank["name"]) == ("built in", None)
    (server,) = facts["upstreams"]
    assert (server["reached"], server["on_this_machine"]) == (False, True)
    done = run(*arguments, *servers)
    assert done.returncode == 0, done.stderr
    for section in ("Security\n", "Hardware\n", "Models\n", "Upstream default\n", "Vault demo\n"):
        assert section in done.stdout
    assert "not reached" in done.stdout


def test_an_upstream_elsewhere_in_offline_mode_is_told_and_the_rest_as_well(tmp_path: Path) -> None:
    arguments = ("doctor", "--vault", DEMO_VAULT, "--data-dir", tmp_path, "--upstream", "http://192.0.2.1/v1")
    done = run(*arguments, SIDECAR_OFFLINE="1")
    assert done.returncode == 0, done.stderr
    assert "`offline` is set" in done.stdout
    assert "Vault demo" in done.stdout


def test_the_doctor_asks_a_running_server(tmp_path: Path) -> None:
    with serve(DEMO_VAULT, data_dir=tmp_path) as server:
        server.ready()
        done = run("doctor", "--data-dir", tmp_path)
        assert done.returncode == 0, done.stderr
        assert f"running at {server.url}" in done.stdout
        assert "Vault demo" in done.stdout
        lock = server.status()["offline_lock"]
        assert f"offline lock of the server: {lock.replace('+', ', ')}" in " ".join(done.stdout.split())
        assert "a key is asked for" in done.stdout


def test_a_server_that_asks_for_no_key_is_told_by_its_own_word(tmp_path: Path) -> None:
    with serve(DEMO_VAULT, "--no-auth", data_dir=tmp_path):
        facts = json.loads(run("doctor", "--data-dir", tmp_path, "--json").stdout)
    warnings = [check["text"] for check in facts["security"]["checks"] if check["level"] == "warning"]
    assert ["no key is asked for" in text for text in warnings] == [True]
    assert facts["security"]["offline_lock"].startswith("audit-hook")


def test_an_archive_is_one_vault(tmp_path: Path) -> None:
    archive = tmp_path / "Export.zip"
    with zipfile.ZipFile(archive, "w") as export:
        export.writestr("Home 0123456789abcdef0123456789abcdef.md", "# Home")
    data = tmp_path / "data"
    assert run("index", archive, "--data-dir", data).returncode == 0
    (alone,) = json.loads(run("doctor", "--vault", archive, "--data-dir", data, "--json").stdout)["vaults"]
    with serve(archive, data_dir=data) as server:
        server.ready()
        (served,) = json.loads(run("doctor", "--data-dir", data, "--json").stdout)["vaults"]
    for vault in (alone, served):
        assert vault["kind"] == "notion"
        assert vault["on_disk"] == vault["status"]["files"] == 1
        assert vault["index_bytes"] > 0


def test_a_vault_that_is_gone_makes_the_doctor_fail_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "Notes").mkdir()
    done = run("doctor", "--vault", tmp_path / "Ntoes", "--vault", DEMO_VAULT, "--data-dir", tmp_path / "data")
    assert done.returncode == 1
    assert "does not exist" in done.stdout
    assert "Did you mean" in done.stdout
    assert "Vault demo" in done.stdout
    assert "Traceback" not in done.stderr


def test_without_a_vault_the_doctor_says_how_to_name_one(tmp_path: Path) -> None:
    done = run("doctor", "--data-dir", tmp_path / "data", HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "No vault was named" in done.stdout


def test_where_only_ascii_can_be_shown_only_ascii_is(tmp_path: Path) -> None:
    done = run("doctor", "--vault", DEMO_VAULT, "--data-dir", tmp_path / "data", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "  ! not indexed yet" in done.stdout


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no terminals of that kind")
def test_on_a_terminal_of_80_columns_nothing_but_long_words_reaches_over_the_edge(tmp_path: Path) -> None:
    code = (
        "import fcntl, os, pty, struct, sys, termios\n"
        "child, terminal = pty.fork()\n"
        "if child == 0:\n"
        "    os.execv(sys.executable, [sys.executable, '-m', 'sidecar', *sys.argv[1:]])\n"
        "fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))\n"
        "seen = b''\n"
        "try:\n"
        "    while part := os.read(terminal, 65536):\n"
        "        seen += part\n"
        "except OSError:\n"
        "    pass\n"
        "sys.stdout.buffer.write(seen)\n"
    )
    command = [sys.executable, "-c", code, "doctor", "--vault", str(DEMO_VAULT), "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, env=environment() | {"NO_COLOR": "1"}, timeout=60, check=False)
    lines = done.stdout.decode("utf-8").splitlines()
    assert any("not indexed yet" in line for line in lines), lines
    assert all(len(_plain(line)) <= 80 or " " not in _plain(line).strip() for line in lines)


def _plain(line: str) -> str:
    return "".join(part.partition("m")[2] if number else part for number, part in enumerate(line.split("\x1b")))
