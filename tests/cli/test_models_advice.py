from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models import tiny_chat
from tests.serving import environment

TERMINAL = (
    "import fcntl, os, pty, struct, sys, termios\n"
    "child, terminal = pty.fork()\n"
    "if child == 0:\n"
    "    os.execv(sys.executable, [sys.executable, '-m', 'sidecar', *sys.argv[2:]])\n"
    "fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))\n"
    "seen = b''\n"
    "try:\n"
    "    while part := os.read(terminal, 65536):\n"
    "        seen += part\n"
    "except OSError:\n"
    "    pass\n"
    "sys.stdout.buffer.write(seen)\n"
)


def run(tmp_path: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sidecar", "models", *map(str, arguments), "--data-dir", str(tmp_path / "data")]
    env = environment(HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path))
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=env, timeout=120, check=False)


def test_fit_says_what_a_model_of_the_catalogue_needs_and_what_is_there(tmp_path: Path) -> None:
    facts = json.loads(run(tmp_path, "fit", "qwen3-4b-q4", "--json").stdout)
    memory = facts["memory"]
    parts = ("weights", "kv_cache", "compute", "process", "embedding", "rerank")
    assert memory["total"] == sum(memory[part] for part in parts)
    assert memory["weights"] == 2_497_281_120
    assert memory["available"] > 0
    assert facts["verdict"] in {"fits", "fits_with_q8_0_cache", "fits_with_shorter_context", "does_not_fit"}


def test_a_model_larger_than_any_machine_does_not_fit_and_the_best_that_does_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, "fit", "qwen3-32b-q4", "--context", str(2**24), "--json")
    facts = json.loads(done.stdout)
    assert facts["verdict"] in {"fits_with_shorter_context", "does_not_fit"}
    assert facts["wanted_context_length"] == 2**24
    assert facts["best"] is None or facts["best"]["memory"]["total"] < facts["memory"]["available"]


def test_fit_takes_a_path_and_prints_lines_with_tabs_in_a_pipe(tmp_path: Path) -> None:
    model = tiny_chat.build(tmp_path / "my model.gguf")
    done = run(tmp_path, "fit", model, "--context", "2048")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("my model\npart\tmemory\n")
    assert "key-value cache\t0.0 GiB\t2,048 tokens, f16" in done.stdout
    assert "It fits." in done.stdout
    assert "estimate" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_fit_takes_the_name_of_a_model_that_is_here(tmp_path: Path) -> None:
    (tmp_path / "data" / "models").mkdir(parents=True)
    tiny_chat.build(tmp_path / "data" / "models" / "mine.gguf")
    assert json.loads(run(tmp_path, "fit", "mine", "--json").stdout)["model"] == "mine"


@pytest.mark.parametrize(
    ("name", "said"), [("qwen3-4b", "Did you mean qwen3-4b-q4"), ("zzz", "models list"), ("x" * 9000, "No model")]
)
def test_a_name_that_nothing_has_is_an_error_with_what_is_like_it(tmp_path: Path, name: str, said: str) -> None:
    done = run(tmp_path, "fit", name)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr) < 1000


def test_a_broken_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF")
    done = run(tmp_path, "fit", tmp_path / "broken.gguf")
    assert done.returncode == 1
    assert "broken.gguf" in done.stderr
    assert "Traceback" not in done.stderr


def test_recommend_measures_and_answers_with_choices_and_commands(tmp_path: Path) -> None:
    facts = json.loads(run(tmp_path, "recommend", "--language", "pt", "--json").stdout)
    assert [choice["component"] for choice in facts["choices"]] == ["chat", "embedding", "rerank"]
    assert facts["machine"]["bandwidth"] is None or facts["machine"]["bandwidth"] > 0
    needed = sum(choice["memory"] or 0 for choice in facts["choices"])
    assert needed < facts["machine"]["available"] + sum(gpu["free"] for gpu in facts["machine"]["gpus"])
    assert facts["commands"][-1].startswith("sidecar serve")
    for choice in facts["choices"]:
        assert choice["here"] or f"sidecar models pull {choice['choice']}" in facts["commands"]


@pytest.mark.parametrize("language", ["portuguese", "p", "é", "p1", ""])
def test_what_is_no_code_of_a_language_is_refused(tmp_path: Path, language: str) -> None:
    done = run(tmp_path, "recommend", "--language", language)
    assert done.returncode == 2
    assert "two letters" in done.stderr


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no terminals of that kind")
@pytest.mark.parametrize("width", [80, 120])
def test_on_a_terminal_nothing_but_commands_reaches_over_the_edge(tmp_path: Path, width: int) -> None:
    command = [sys.executable, "-c", TERMINAL, str(width), "models", "recommend", "--data-dir", str(tmp_path)]
    env = environment(HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path), TERM="dumb")
    done = subprocess.run(command, capture_output=True, env=env, timeout=120, check=False)
    lines = [line.rstrip() for line in done.stdout.decode("utf-8").splitlines()]
    assert any(line.startswith("reranking") for line in lines), lines
    assert all(len(line) <= width for line in lines if not line.startswith("  ") and "Measuring" not in line), lines
