"""`sidecar models list`, `pull` and `remove`, as a person at a terminal, or a script, runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gguf", reason="the gguf package, which writes model files, is not installed")

from tests.local_models.files import add_to_hugging_face, add_to_ollama, write_model, write_split
from tests.local_models.hub_server import Blob, FakeHub, hub_server
from tests.serving import DEMO_VAULT, INTERRUPTIBLE, environment, serve

LIBRARY = ("registry.ollama.ai", "library")


class Machine:
    """A home of its own, with a data folder in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "data"
        self.models = self.data / "models"
        hidden = ("HF_", "HUGGING", "OLLAMA", "XDG_", "APPDATA")
        inherited = {name: value for name, value in environment().items() if not name.startswith(hidden)}
        self.environ = inherited | {"HOME": str(home), "USERPROFILE": str(home), "NO_PROXY": "127.0.0.1"}

    def command(self, *arguments: str | Path) -> list[str]:
        return [sys.executable, "-m", "sidecar", "models", *map(str, arguments), "--data-dir", str(self.data)]

    def run(self, *arguments: str | Path, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=self.environ | extra,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    def facts(self, *arguments: str | Path, **extra: str) -> Any:
        done = self.run(*arguments, "--json", **extra)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with hub_server() as running:
        running.licences["owner/repo"] = "apache-2.0"
        yield running


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    return write_model(tmp_path / "made" / "m.gguf", width=512).read_bytes()


def test_an_empty_machine_has_no_models(machine: Machine) -> None:
    assert machine.facts("list")["models"] == []
    assert not machine.data.exists()


def test_models_of_every_program_are_listed_with_what_their_headers_say(machine: Machine, content: bytes) -> None:
    write_model(machine.models / "o" / "r" / "Own.gguf", keys={"general.license": "mit"})
    write_split(machine.home / ".lmstudio" / "models" / "o" / "r", "Split", 2)
    add_to_ollama(machine.home / ".ollama" / "models", (*LIBRARY, "tiny", "1b"), content)
    cached = write_model(machine.home / "x.gguf", architecture="clip").read_bytes()
    add_to_hugging_face(machine.home / ".cache" / "huggingface" / "hub", "o/h", "mmproj.gguf", cached, commit="a" * 40)
    models = {model["name"]: model for model in machine.facts("list")["models"]}
    owners = {"Own": "sidecar", "Split": "lm_studio", "tiny:1b": "ollama", "mmproj": "hugging_face"}
    assert {name: model["owner"] for name, model in models.items() if name in owners} == owners
    own = models["Own"]
    assert (own["kind"], own["licence"], own["context_length"], own["quantisation"]) == ("chat", "mit", 4096, "F16")
    assert (own["usable"], own["chat_template"], own["parameters"]) == (True, False, 2048)
    assert len(models["Split"]["files"]) == 2
    assert (models["mmproj"]["usable"], models["mmproj"]["kind"]) == (False, None)
    assert "projector" in models["mmproj"]["problem"]


def test_in_a_pipe_every_model_is_one_line_with_its_path(machine: Machine) -> None:
    path = write_model(machine.models / "o" / "r" / "Own.gguf")
    (machine.models / "bro\tken.gguf").write_bytes(b"x" * 100)
    heads, *lines = machine.run("list").stdout.splitlines()
    fields = [line.split("\t") for line in lines]
    assert {len(each) for each in fields} == {len(heads.split("\t"))}
    assert str(path) in {each[-1] for each in fields}
    assert any("unusable: " in each[2] for each in fields)


def test_a_model_is_fetched_and_told_how_to_use(machine: Machine, hub: FakeHub, content: bytes) -> None:
    hub.files["owner/repo/Tiny-Q4.gguf"] = Blob(content=content)
    done = machine.run("pull", "hf:owner/repo/Tiny-Q4.gguf", HF_ENDPOINT=hub.endpoint)
    assert done.returncode == 0, done.stderr
    assert "licence: apache-2.0" in done.stderr
    assert "1.0 MB of 1.0 MB" in done.stderr
    assert "sidecar serve --model Tiny-Q4" in done.stdout
    (model,) = machine.facts("list")["models"]
    assert (model["name"], model["licence"]) == ("Tiny-Q4", "apache-2.0")
    assert (machine.models / "owner" / "repo" / "Tiny-Q4.gguf").read_bytes() == content


def test_a_dry_run_fetches_nothing(machine: Machine, hub: FakeHub, content: bytes) -> None:
    hub.files["owner/repo/Tiny-Q4.gguf"] = Blob(content=content)
    facts = machine.facts("pull", "hf:owner/repo/Tiny-Q4.gguf", "--dry-run", HF_ENDPOINT=hub.endpoint)
    assert (facts["size"], facts["fetched"], facts["licence"]) == (len(content), 0, "apache-2.0")
    assert hub.transfers() == []
    assert not machine.data.exists()


def test_the_json_of_a_pull_says_what_was_fetched(machine: Machine, hub: FakeHub, content: bytes) -> None:
    hub.files["owner/repo/Tiny-Q4.gguf"] = Blob(content=content)
    facts = machine.facts("pull", "hf:owner/repo:Q4", HF_ENDPOINT=hub.endpoint)
    assert (facts["name"], facts["kind"], facts["problem"]) == ("Tiny-Q4", "chat", None)
    assert facts["fetched"] == facts["files"][0]["here"] == len(content)


def test_of_a_repository_with_several_models_one_has_to_be_named(
    machine: Machine, hub: FakeHub, content: bytes
) -> None:
    for name in ("A-Q4_K_M", "A-Q8_0"):
        hub.files[f"owner/repo/{name}.gguf"] = Blob(content=content)
    done = machine.run("pull", "hf:owner/repo", HF_ENDPOINT=hub.endpoint)
    assert done.returncode == 1
    assert "hf:owner/repo/A-Q4_K_M.gguf" in done.stderr
    named = machine.run("pull", "hf:owner/repo:q8_0", HF_ENDPOINT=hub.endpoint)
    assert named.returncode == 0, named.stderr
    missing = machine.run("pull", "hf:owner/repo:Q2_K", HF_ENDPOINT=hub.endpoint)
    assert "It has A-Q4_K_M.gguf, A-Q8_0.gguf" in missing.stderr


REFUSED = {
    "offline": (["hf:owner/repo/Tiny-Q4.gguf"], {"SIDECAR_OFFLINE": "1"}, "Offline mode is on"),
    "offline by the libraries' variable": (["hf:owner/repo/m.gguf"], {"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE"),
    "not in the catalogue": (["nothing-like-it"], {}, "has no model 'nothing-like-it'"),
    "without its hf:": (["owner/repo/m.gguf"], {}, "hf:owner/repo/m.gguf"),
    "no reference": (["hf:owner"], {}, "not a reference"),
    "not there": (["hf:owner/nothing/m.gguf"], {}, "no repository owner/nothing"),
}


@pytest.mark.parametrize(("arguments", "environ", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_fetched_is_said(
    machine: Machine, hub: FakeHub, arguments: list[str], environ: dict[str, str], said: str
) -> None:
    done = machine.run("pull", *arguments, HF_ENDPOINT=hub.endpoint, **environ)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    if "offline" in said.lower():
        assert hub.seen == []


def test_the_token_is_never_shown(machine: Machine, hub: FakeHub, content: bytes) -> None:
    hub.files["owner/repo/Tiny-Q4.gguf"] = Blob(content=content, gated=True)
    arguments = ("pull", "hf:owner/repo/Tiny-Q4.gguf")
    wrong = machine.run(*arguments, HF_ENDPOINT=hub.endpoint, HF_TOKEN="hf_secret", SIDECAR_LOG_LEVEL="debug")
    assert wrong.returncode == 1
    right = machine.run(*arguments, HF_ENDPOINT=hub.endpoint, HF_TOKEN="hf_right", SIDECAR_LOG_LEVEL="debug")
    assert right.returncode == 0, right.stderr
    assert not any(word in each.stdout + each.stderr for each in (wrong, right) for word in ("hf_secret", "hf_right"))


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent otherwise on this system")
def test_ctrl_c_keeps_what_came_and_the_next_pull_goes_on(machine: Machine, hub: FakeHub, content: bytes) -> None:
    blob = hub.files["owner/repo/Tiny-Q4.gguf"] = Blob(content=content, hold=threading.Event())
    command = [*INTERRUPTIBLE, *machine.command("pull", "hf:owner/repo/Tiny-Q4.gguf")]
    environ = machine.environ | {"HF_ENDPOINT": hub.endpoint}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as pulling:
        assert blob.reached.wait(30)
        part = machine.models / "owner" / "repo" / "Tiny-Q4.gguf.part"
        assert pulling.stderr is not None
        while not part.exists() or not part.stat().st_size:
            assert pulling.poll() is None
        pulling.send_signal(signal.SIGINT)
        _, complaints = pulling.communicate(timeout=30)
    assert pulling.returncode == 130
    assert b"Traceback" not in complaints
    assert blob.hold is not None
    blob.hold.set()
    (left,) = machine.facts("list")["unfinished"]
    assert left["size"] > 0
    hub.seen.clear()
    done = machine.run("pull", left["pull"], HF_ENDPOINT=hub.endpoint)
    assert done.returncode == 0, done.stderr
    assert hub.transfers()[0].headers["range"] == f"bytes={left['size']}-"
    assert machine.facts("list")["unfinished"] == []


def test_removing_asks_and_a_script_says_yes(machine: Machine) -> None:
    parts = write_split(machine.models / "o" / "r", "Large", 2)
    asked = machine.run("remove", "large")
    assert asked.returncode == 1
    assert "--yes" in asked.stderr
    assert all(part.exists() for part in parts)
    size = sum(part.stat().st_size for part in parts)
    assert machine.facts("remove", "large", "--yes")["freed_bytes"] == size
    assert list(machine.models.iterdir()) == []


def test_what_other_programs_have_is_left_to_them(machine: Machine, content: bytes) -> None:
    add_to_ollama(machine.home / ".ollama" / "models", (*LIBRARY, "tiny", "1b"), content)
    studio = write_model(machine.home / ".lmstudio" / "models" / "o" / "r" / "Studio.gguf")
    cache = machine.home / ".cache" / "huggingface" / "hub"
    add_to_hugging_face(cache, "o/h", "Cached.gguf", content + b"\0", commit="a" * 40)
    for name, hint in (
        ("tiny:1b", "ollama rm tiny:1b"),
        ("Studio", str(studio)),
        ("Cached", "hf cache rm model/o/h"),
        ("nothing", "sidecar models list"),
    ):
        done = machine.run("remove", name, "--yes")
        assert done.returncode == 1
        assert hint in done.stderr
    assert studio.exists()


def test_a_model_that_the_server_uses_is_not_removed(tmp_path: Path, tiny_chat_gguf: Path) -> None:
    machine = Machine(tmp_path)
    path = machine.models / "o" / "r" / "Used-Q4.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(tiny_chat_gguf.read_bytes())
    other = write_model(machine.models / "Other.gguf")
    with serve(DEMO_VAULT, "--model", path, "--embedding-model", "none", data_dir=machine.data, wait=False) as server:
        done = machine.run("remove", "used-q4", "--yes")
        assert done.returncode == 1
        assert f"The server at {server.url} uses Used-Q4" in done.stderr
        assert machine.run("remove", "other", "--yes").returncode == 0
    assert path.exists()
    assert not other.exists()
