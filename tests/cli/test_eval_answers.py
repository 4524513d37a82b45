"""`sidecar eval --answers` as a person at a terminal, or a script, runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.serving import DEMO_VAULT, INTERRUPTIBLE, environment, serve

QUESTIONS: list[dict[str, Any]] = [
    {"question": "What is the gate code for the cabin?", "expected": ["Cabin#Getting in"], "answer": "4471-B"},
    {"question": "Quanto custa o condomínio?", "expected": ["Condomínio"], "language": "pt", "tags": ["money"]},
    {"question": "Which gate code has the cabin?", "expected": ["Home"], "answer": "99"},
    {"question": "xylograph zeppelin quokka", "expected": []},
]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "sidecar", "eval", *map(str, arguments)]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments, "--answers"),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(),
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> list[str | Path]:
    """Flags for the demonstration vault, searched by words alone, so that what no note says is found nowhere."""
    return ["--vault", DEMO_VAULT, "--embedding-model", "none", "--data-dir", tmp_path_factory.mktemp("data")]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("questions") / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, QUESTIONS)), encoding="utf-8")
    return path


def test_in_a_pipe_figures_of_answers_are_lines_with_tabs_below_those_of_search(
    file: Path, place: list[str | Path]
) -> None:
    done = run(file, *place)
    assert done.returncode == 0, done.stderr
    search, answers = done.stdout.split("\nAnswers of extractive: 4 questions\n")
    assert "nDCG@10" in search
    heads, *rows = [line.split("\t") for line in answers.splitlines() if "\t" in line]
    figures = {row[0]: dict(zip(heads, row, strict=True)) for row in rows}
    assert list(figures) == ["all", "en", "pt", "#money"]
    assert (figures["all"]["recall"], figures["all"]["says it"]) == ("66.7", "50.0")
    assert (figures["all"]["abstained"], figures["all"]["falsely"]) == ("100.0", "0.0")
    assert figures["pt"]["abstained"] == "-"
    assert "No answer in the vault: 1 of 1 answers say so; the model was given nothing for 1." in answers
    assert "1 answer with a fault; --failures lists them." in answers
    assert "\x1b" not in done.stdout


def test_answers_with_a_fault_are_listed_with_what_is_wrong(file: Path, place: list[str | Path]) -> None:
    told = run(file, *place, "--failures").stdout
    assert "  line 3: Which gate code has the cabin?\n    cites none of the notes expected; does not say '99'" in told
    assert "    expected: Home.md\n    cited: Places/Cabin.md" in told
    assert "    answer: No language model is loaded" in told


def test_json_and_what_is_saved_hold_every_answer_and_can_be_compared_with(
    file: Path, place: list[str | Path], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    done = run(file, *place, "--json", "--save", kept)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert json.loads(kept.read_text(encoding="utf-8")) == found
    assert (found["answers"]["model"], found["answers"]["served"], found["answers"]["complete"]) == (
        "extractive",
        False,
        True,
    )
    assert "4471-B" in found["answers"]["results"][0]["text"]
    found["answers"]["results"][0] |= {"faults": ["was bad"], "recall": 0.0}
    kept.write_text(json.dumps(found), encoding="utf-8")
    told = run(file, *place, "--compare", kept).stdout
    assert "Now without a fault:\n  What is the gate code for the cabin? (was bad)" in told
    assert "  citation recall 33.3 → 66.7\n" in told
    assert "Answers since then, over 4 questions answered both times:" in told
    comparison = json.loads(run(file, *place, "--compare", kept, "--json").stdout)
    assert comparison["answer_comparison"]["common"] == 4
    assert comparison["comparison"]["common"] == 4


def test_results_of_before_answers_were_measured_are_compared_by_their_search(
    file: Path, place: list[str | Path], tmp_path: Path
) -> None:
    old = {"format": 1, "limit": 10, "results": [{"key": ["x"], "question": "x", "rank": None, "score": 0.0}]}
    (tmp_path / "old.json").write_text(json.dumps(old), encoding="utf-8")
    done = run(file, *place, "--compare", tmp_path / "old.json")
    assert done.returncode == 0, done.stderr
    assert "The results that were kept hold no answers to compare with." in done.stdout
    (tmp_path / "old.json").write_text(json.dumps(old | {"answers": {"results": [{}]}}), encoding="utf-8")
    done = run(file, *place, "--compare", tmp_path / "old.json")
    assert (done.returncode, "its answers cannot be read" in done.stderr) == (1, True)


def test_a_sample_asks_some_of_the_questions_and_a_seed_which(file: Path, place: list[str | Path]) -> None:
    lines = [
        [each["line"] for each in json.loads(run(file, *place, "--json", "--sample", "2", *more).stdout)["results"]]
        for more in ([], ["--seed", "1"])
    ]
    assert [len(each) for each in lines] == [2, 2]
    assert lines[0] != lines[1]


def test_names_and_answers_cannot_steer_the_terminal(place: list[str | Path], tmp_path: Path) -> None:
    record = {
        "question": "\x1b[31mgate code of the cabin",
        "expected": ["Home"],
        "tags": ["\x1b[2J"],
        "answer": "\x1b]0;",
    }
    (tmp_path / "questions.jsonl").write_text(json.dumps(record), encoding="utf-8")
    done = run(tmp_path / "questions.jsonl", *place, "--failures")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout


def test_a_running_server_is_asked_and_its_own_index_left_alone(file: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serve(DEMO_VAULT, "--embedding-model", "none", data_dir=data) as server:
        server.ready()
        places: tuple[list[str | Path], ...] = ([], ["--vault", DEMO_VAULT, "--model", "extractive"])
        for more in places:
            done = run(file, "--data-dir", data, "--json", *more)
            assert done.returncode == 0, done.stderr
            found = json.loads(done.stdout)["answers"]
            assert (found["served"], found["model"]) == (True, "extractive")
            assert found["overall"]["recall"] == pytest.approx(2 / 3, abs=1e-4)
            assert (found["overall"]["abstained"], found["overall"]["unsupported"]) == (1.0, 0.0)
            # What a server does not tell.
            assert found["overall"]["given_nothing"] is found["overall"]["altered"] is None
            assert found["overall"]["completion_tokens"] > 0
        here = run(file, "--data-dir", data, "--json", "--embedding-model", "none")
        assert json.loads(here.stdout)["answers"]["served"] is False
        assert server.best("gate code for the cabin") == "Places/Cabin.md"


class _Upstream(BaseHTTPRequestHandler):
    """A model server that refuses the second question and never answers the third."""

    asked = 0
    stuck = Event()
    release = Event()

    def do_GET(self) -> None:
        self._send({"object": "list", "data": [{"id": "m", "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "Hi" not in str(body["messages"]):
            type(self).asked += 1
        if type(self).asked == 2:
            self._send({"error": {"message": "too hot"}}, status=400)
            return
        if type(self).asked == 3:
            self.stuck.set()
            self.release.wait(30)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for delta, reason in (({"role": "assistant", "content": "It is 4471-B [[Cabin]]."}, None), ({}, "stop")):
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            self.wfile.write(b"data: " + json.dumps({"id": "1", "choices": [choice]}).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def _send(self, facts: dict[str, Any], *, status: int = 200) -> None:
        content = json.dumps(facts).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class calls it so
        """Say nothing."""


@pytest.fixture
def upstream() -> Iterator[str]:
    _Upstream.asked = 0
    _Upstream.stuck.clear()
    _Upstream.release.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    _Upstream.release.set()
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_interrupted_it_tells_what_was_measured_and_errors_of_a_model_are_counted(
    file: Path, place: list[str | Path], upstream: str, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    more = ["--upstream", upstream, "--model", "m", "--answers", "--save", str(kept)]
    interruptible = [*INTERRUPTIBLE, *command(file, *place, *more)]
    with subprocess.Popen(
        interruptible, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert _Upstream.stuck.wait(60)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "Answers of m: 1 question\n" in stdout
    assert "Interrupted: 2 of 4 questions were not asked." in stdout
    assert "Not answered: 1 question." in stdout
    assert "too hot" in stdout
    found = json.loads(kept.read_text(encoding="utf-8"))["answers"]
    assert (found["complete"], [each["line"] for each in found["results"]]) == (False, [1])
    assert found["results"][0]["recall"] == 1.0


def test_a_model_that_answers_nothing_at_all_is_an_error(file: Path, place: list[str | Path]) -> None:
    done = run(file, *place, "--upstream", "http://127.0.0.1:9/v1", "--model", "m")
    assert done.returncode == 1
    assert "No question was answered." in done.stderr
    assert "Traceback" not in done.stderr
