"""The README's client snippets, run as written, and the demonstration vault's questions, against a real server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import DEMO_VAULT, Server, environment, serve

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "http://127.0.0.1:8484"
SNIPPETS = re.findall(r"^```(\w+) client\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
RUNNERS = {
    "python": (sys.executable, "-c"),
    "js": ("node", "--input-type=module", "--eval"),
    "bash": ("bash", "-c"),
}
QUESTIONS = [
    json.loads(line) for line in (DEMO_VAULT.parent / "demo-questions.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(DEMO_VAULT, data_dir=tmp_path_factory.mktemp("demo")) as server:
        yield server


def test_the_readme_has_a_snippet_for_each_kind_of_client() -> None:
    assert [language for language, _ in SNIPPETS] == ["python", "js", "bash"]
    assert all(ADDRESS in code for _, code in SNIPPETS)


@pytest.mark.parametrize(("language", "code"), SNIPPETS, ids=[language for language, _ in SNIPPETS])
def test_a_client_snippet_of_the_readme_answers_from_the_vault(demo: Server, language: str, code: str) -> None:
    program, *options = RUNNERS[language]
    needed = (program, "curl") if language == "bash" else (program,)
    if missing := [name for name in needed if shutil.which(name) is None]:
        pytest.skip(f"{missing[0]} is not installed")
    done = subprocess.run(
        [program, *options, code.replace(ADDRESS, demo.url)],
        env=environment(SIDECAR_KEY=demo.token, NO_PROXY="127.0.0.1", no_proxy="127.0.0.1"),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "The gate code for the cabin is 4471-B." in done.stdout
    assert "[[Cabin#Getting in]]" in done.stdout


@pytest.mark.parametrize("question", QUESTIONS, ids=[question["question"] for question in QUESTIONS])
def test_a_question_to_the_demonstration_vault_is_answered_from_its_note(
    demo: Server, question: dict[str, str]
) -> None:
    assert demo.best(question["question"]) == question["expect_path"]
    answer = demo.official.chat.completions.create(
        model="vault", messages=[{"role": "user", "content": question["question"]}]
    )
    assert question["expect_text"] in (answer.choices[0].message.content or "")


def test_the_private_note_of_the_demonstration_vault_is_never_found(demo: Server) -> None:
    assert "Private/Diary.md" not in demo.indexed()
    assert "Private/Diary.md" not in demo.found("heliotrope-21")
