"""The vault is only read: nothing of it changes, whatever is asked, and a vault that cannot be written is enough."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.notes.pdf_writer import paragraphs, write_pdf
from tests.reliability import own_network
from tests.reliability.surface import BODIES, endpoints
from tests.reliability.traced import watching
from tests.reliability.vaults_untouched import VAULTS, differences, photographed
from tests.serving import Server, environment, serve, until

Record = Callable[[str, object], None]
HAS_STRACE = shutil.which("strace") is not None
# Everything by which a file is made, changed, named or removed; `-y` has the folders of relative paths shown.
_CALLS = "%file,ftruncate,fallocate,fchmod,fchown,fsetxattr,fremovexattr"
_FOR_WRITING = re.compile(r"\bO_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)\b")
_CHANGING = re.compile(
    r"\b(?:creat|rename|unlink|rmdir|mkdir|mknod|link|symlink|truncate|ftruncate|fallocate|chmod|fchmod|chown|lchown"
    r"|fchown|utime|utimes|futimesat|utimensat|[lf]?setxattr|[lf]?removexattr)(?:at2?)?\("
)
_MOUNTED = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && ! touch "$1/x" 2>&- && shift && exec "$@"'


@pytest.fixture
def vaults(tmp_path: Path) -> Path:
    """Copies of the vaults of the tests, and of every kind of file that is read, some of them odd."""
    folder = tmp_path / "vaults"
    shutil.copytree(VAULTS, folder, symlinks=True)
    demo = folder / "demo"
    (demo / "Papers").mkdir()
    (demo / "Papers" / "lease.pdf").write_bytes(write_pdf([paragraphs(["The lease of the cabin ends in May."])]))
    (demo / "Plan.canvas").write_text('{"nodes":[{"id":"1","type":"text","text":"buy oars","x":0,"y":0}]}', "utf-8")
    (demo / "Books.base").write_text("views:\n  - type: table\n    name: All\n", encoding="utf-8")
    (demo / "Latin.md").write_bytes("Où est la clé ?".encode("latin-1"))
    (demo / "Broken.md").write_bytes(b"---\na: [\n---\n\xff\xfe\x00 half\n")
    (demo / "Zoë 日記.md").write_text("Conflict?\r\n\ufeff", encoding="utf-8")
    (demo / "Locked.md").write_text("Nobody writes here.", encoding="utf-8")
    (demo / "Locked.md").chmod(0o444)
    (demo / "Papers").chmod(0o555)
    return folder


_COMMANDS = (("search", "gate"), ("ask", "Where is the cabin?"), ("why", "Home.md"), ("doctor",), ("status",))


@pytest.mark.promise(15)
@pytest.mark.nightly
@pytest.mark.parametrize("commands", [_COMMANDS[:1], _COMMANDS], ids=["some", "all"])
def test_nothing_of_a_vault_changes_whatever_is_asked(
    commands: Sequence[Sequence[str]], vaults: Path, tmp_path: Path, record_property: Record
) -> None:
    before = photographed(vaults)
    data, trace = tmp_path / "data", tmp_path / "trace"
    under = [*watching(trace, _CALLS), "-y"] if HAS_STRACE else []
    folders = sorted(path for path in vaults.iterdir() if path.is_dir())
    with serve(*folders, data_dir=data, under=under) as server:
        asked = _everything(server)
        for words in commands:
            _command(*words, data_dir=data)
        server.process.kill()
        server.process.wait()
    _command("index", *folders, "--rebuild", data_dir=data)
    if len(commands) > 1:
        questions = tmp_path / "questions.jsonl"
        questions.write_text('{"question": "What is the gate code?", "expected": ["Cabin"]}\n', encoding="utf-8")
        _command("eval", questions, "--vault", vaults / "demo", "--answers", data_dir=data)
    assert differences(before, photographed(vaults)) == []
    if HAS_STRACE:
        _only_read(trace, vaults, data)
    record_property("requests", asked)
    record_property("files_and_folders", len(before))


@pytest.mark.promise(15)
@pytest.mark.skipif(
    own_network.problem() is not None, reason=own_network.problem() or "mounts of one's own can be made"
)
def test_a_vault_that_nobody_can_write_is_enough(vaults: Path, tmp_path: Path) -> None:
    demo = vaults / "demo"
    mounted = ["unshare", "-rm", "sh", "-c", _MOUNTED, "sh", str(demo)]
    with serve(demo, data_dir=tmp_path / "data", under=mounted) as server:
        assert server.best("gate code") == "Places/Cabin.md"
        assert server.best("buy oars") == "Plan.canvas"
        answer = server.official.chat.completions.create(
            model="vault", messages=[{"role": "user", "content": "What is the gate code for the cabin?"}]
        )
        assert "4471-B" in (answer.choices[0].message.content or "")
        server.client.post("/vault/sync", json={}).raise_for_status()
        (status,) = server.status()["vaults"]
        assert status["problems"] == []
        assert status["failed"] == 0


def _everything(server: Server) -> int:
    """Ask every route, with a right body where it takes one. Says how many requests were answered."""
    response = server.client.post("/v1/responses", json={"model": "vault", "input": "gate code?"}).json()
    asked = 1
    for endpoint in endpoints():
        if endpoint.method == "HEAD":
            continue
        taken = BODIES.get(endpoint.template) if endpoint.method in ("POST", "PUT") else None
        path = endpoint.path().replace("/responses/vault", f"/responses/{response['id']}")
        body = dict(taken.right) if taken is not None else None
        answered = server.client.request(endpoint.method, path, json=body)
        assert answered.status_code < 500, (endpoint, answered.text)
        asked += 1
    until(lambda: server.status()["ready"])
    return asked


def _command(*words: str | Path, data_dir: Path) -> None:
    command = [sys.executable, "-m", "sidecar", *map(str, words), "--data-dir", str(data_dir)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment(), timeout=120, check=False)
    assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])


def _only_read(trace: Path, vaults: Path, data: Path) -> None:
    """The system saw nothing below the vaults opened for writing, or changed; it did see the index."""
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    changing = [line for line in lines if _FOR_WRITING.search(line) or _CHANGING.search(line)]
    assert [line for line in changing if str(vaults) in line] == []
    assert [line for line in changing if str(data) in line]
    assert [line for line in lines if str(vaults / "demo") in line and "O_RDONLY" in line]


def test_a_photograph_shows_what_became_of_a_file(tmp_path: Path) -> None:
    names = ("kept.md", "edited.md", "touched.md", "gone.md")
    for name in names:
        (tmp_path / name).write_text("as it was", encoding="utf-8")
    before = photographed(tmp_path)
    assert differences(before, photographed(tmp_path)) == []
    (tmp_path / "edited.md").write_text("as it is!", encoding="utf-8")
    (tmp_path / "touched.md").chmod(0o600)
    (tmp_path / "gone.md").unlink()
    (tmp_path / "new.md").touch()
    (tmp_path / "touched.md").chmod(0o644)
    found = differences(before, photographed(tmp_path))
    assert {line for line in found if not line.startswith(". ")} == {
        "edited.md has changed",
        "gone.md is gone",
        "new.md is new",
        "touched.md has changed",
    }


def test_a_run_that_changes_a_vault_of_the_tests_fails(pytester_run: Callable[[str], tuple[int, str]]) -> None:
    assert pytester_run("pass") == (0, "")
    code, said = pytester_run("(VAULTS / 'demo' / 'Home.md').write_text('x', encoding='utf-8')")
    assert code == 1
    assert "demo/Home.md has changed" in said


@pytest.fixture
def pytester_run(tmp_path: Path) -> Callable[[str], tuple[int, str]]:
    """Run a test of one line in a pytest of its own, whose vaults are a copy."""
    shutil.copytree(VAULTS, tmp_path / "copies")

    def run(line: str) -> tuple[int, str]:
        (tmp_path / "guard.py").write_text(
            "from tests.reliability import vaults_untouched as guard\nfrom pathlib import Path\n"
            f"guard.VAULTS = Path({str(tmp_path / 'copies')!r})\nfrom tests.reliability.vaults_untouched import *\n",
            encoding="utf-8",
        )
        (tmp_path / "test_one.py").write_text(
            f"from tests.reliability.vaults_untouched import VAULTS\n\ndef test_one():\n    {line}\n", encoding="utf-8"
        )
        path = f"{tmp_path}{os.pathsep}{VAULTS.parents[1]}"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "guard", "-p", "no:cacheprovider", "--rootdir"]
        done = subprocess.run(
            [*command, str(tmp_path), str(tmp_path / "test_one.py")],
            cwd=tmp_path,
            env=environment(PYTHONPATH=path, PYTEST_ADDOPTS=""),
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return done.returncode, "" if done.returncode == 0 else done.stdout

    return run
