"""What Sidecar is made of: pinned, hashed, each with its reason, listed; and a wheel that runs alone."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.serving import DEMO_VAULT, environment, stop, until

ROOT = Path(__file__).parents[2]
_REQUIREMENTS = sorted((ROOT / "scripts" / "requirements").glob("*.txt"))
_STAGES = ("core", "builtin", "pdf", "mcp", "llama")
_PINNED = re.compile(r"^[A-Za-z0-9._-]+==[^\s;*]+( ?; ?.+?)? \\$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def project() -> dict[str, Any]:
    facts: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return facts


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(*stages: str) -> set[str]:
    """The names of what these stages install."""
    lines = [line for stage in stages for line in _lines(ROOT / "scripts" / "requirements" / f"{stage}.txt")]
    return {plain(line.partition("==")[0]) for line in lines if "==" in line and not line.startswith(" ")}


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("path", _REQUIREMENTS, ids=lambda path: path.stem)
def test_everything_is_locked_to_a_version_and_the_hashes_of_its_files(path: Path) -> None:
    lines = _lines(path)
    assert [line for line in lines if not (_PINNED.match(line) or _HASH.match(line))] == []
    # A line that pins a version goes on, and what it goes on with is a hash.
    assert not [
        line
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if _PINNED.match(line) and not _HASH.match(after)
    ]


def test_what_is_required_is_locked_and_has_its_reason_on_the_page() -> None:
    facts = project()
    extras = facts["optional-dependencies"]
    wanted = [*facts["dependencies"], *(line for name in _STAGES[1:] for line in extras[name])]
    names = {plain(re.split(r"[<>=\[; ]", line)[0]) for line in wanted}
    assert names <= locked(*_STAGES)
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| ")
    ]
    reasons = {row[0]: row[1] for row in rows}
    assert [name for name in sorted(names) if not reasons.get(name)] == []


def test_no_package_that_is_installed_with_it_runs_code_at_every_start_of_python() -> None:
    """A `.pth` file of a package is read, and its `import` lines run, whenever Python starts. The only one that may lie
    in an environment besides is of setuptools, which Python 3.11 itself puts there, and that of the editable install.
    """
    found = {}
    for name in locked(*_STAGES):
        try:
            files = metadata.files(name) or ()
        except metadata.PackageNotFoundError:
            continue
        found[name] = [str(file) for file in files if file.suffix == ".pth" or file.name in _AT_START]
    assert len(found) > 20
    assert {name: files for name, files in found.items() if files} == {}


_AT_START = frozenset({"sitecustomize.py", "usercustomize.py"})


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "sbom.py")],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    written: dict[str, Any] = json.loads(done.stdout)
    again = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "sbom.py")], capture_output=True, timeout=60, check=True
    )
    assert again.stdout.decode("utf-8") == done.stdout
    return written


def test_the_bill_of_materials_lists_what_is_locked(bill: dict[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert bill["metadata"]["component"]["version"] == project()["version"]
    assert {component["name"] for component in bill["components"]} == locked(*_STAGES)
    for component in bill["components"]:
        assert component["type"] == "library"
        assert component["scope"] in ("required", "optional")
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
        (files,) = component["externalReferences"]
        assert files["type"] == "distribution"
        assert files["hashes"]
        assert all(
            file["alg"] == "SHA-256" and re.fullmatch("[0-9a-f]{64}", file["content"]) for file in files["hashes"]
        )


def test_the_bill_says_under_which_licence_what_is_installed_came(bill: dict[str, Any]) -> None:
    for component in bill["components"]:
        licences = component.get("licenses", [])
        # As the schema has it: one expression, or any number of licences with an SPDX name or their own.
        assert all(set(entry) in ({"expression"}, {"license"}) for entry in licences)
        assert len(licences) <= 1 or all("license" in entry for entry in licences)
        if importlib.util.find_spec(component["name"].replace("-", "_")) is not None:
            assert licences, component["name"]


def test_the_bill_says_who_needs_whom(bill: dict[str, Any]) -> None:
    refs = [component["bom-ref"] for component in bill["components"]]
    assert len(refs) == len(set(refs))
    needed = {entry["ref"]: entry["dependsOn"] for entry in bill["dependencies"]}
    root = bill["metadata"]["component"]["bom-ref"]
    assert needed.keys() == {root, *refs}
    # Everything is there because something needs it, and that because Sidecar does.
    reached, ahead = {root}, [root]
    while ahead:
        new = set(needed[ahead.pop()]) - reached
        reached |= new
        ahead += new
    assert reached == {root, *refs}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the wheel, is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(folder)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / done.stdout.split()[-1]


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = archive.read(next(name for name in names if name.endswith("/entry_points.txt"))).decode("utf-8")
    info = f"obsidian_sidecar-{project()['version']}.dist-info/"
    assert [name for name in names if not name.startswith(("sidecar/", info))] == []
    assert [name for name in names if name.endswith((".pth", ".pyc")) or Path(name).name in _AT_START] == []
    package = {path.relative_to(ROOT).as_posix() for path in (ROOT / "sidecar").rglob("*") if path.is_file()}
    assert {name for name in names if name.startswith("sidecar/")} == {
        path for path in package if "__pycache__" not in path and not path.endswith(".pyc")
    }
    # Nothing hooks itself into other programs: the one entry point is the command.
    assert entry_points.split() == ["[console_scripts]", "sidecar", "=", "sidecar.cli:run"]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel in it, that sees the packages which are installed here and this source
    not at all.
    """
    folder = tmp_path_factory.mktemp("alone") / "venv"
    # This Python's own pip where it has one: making another takes seconds.
    borrowed = importlib.util.find_spec("pip") is not None
    try:
        venv.create(folder, with_pip=not borrowed)
    except subprocess.CalledProcessError:
        pytest.skip("this Python makes no environments with pip (ensurepip)")
    python = _program(folder, "python")
    pip = [sys.executable, "-m", "pip", "--python", str(python)] if borrowed else [str(python), "-m", "pip"]
    install = [*pip, "install", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)]
    subprocess.run(install, capture_output=True, env=environment(), timeout=120, check=True)
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout.strip()
    # `.pth` files in there, as that of this source, are not read: the path is added alone.
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(site) / "dependencies.pth").write_text("\n".join(sorted(paths)) + "\n", encoding="utf-8")
    return folder


def _alone() -> dict[str, str]:
    # Whoever runs the tests of another folder than the one that is installed has its path there.
    return {name: value for name, value in environment().items() if name != "PYTHONPATH"}


def _program(folder: Path, name: str) -> Path:
    return folder / ("Scripts" if sys.platform == "win32" else "bin") / name


def test_the_wheel_installs_alone_and_says_its_version(installed: Path, tmp_path: Path) -> None:
    def said(*words: str) -> str:
        done = subprocess.run(
            words, cwd=tmp_path, env=_alone(), capture_output=True, encoding="utf-8", timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert project()["version"] in said(str(_program(installed, "sidecar")), "--version")
    where = said(str(_program(installed, "python")), "-c", "import sidecar; print(sidecar.__file__)")
    assert Path(where.strip()).is_relative_to(installed)
    # The table of models lies beside the code that reads it.
    assert json.loads(
        said(str(_program(installed, "sidecar")), "models", "list", "--json", "--data-dir", str(tmp_path))
    )


@pytest.fixture
def running(installed: Path, tmp_path: Path) -> Iterator[httpx2.Client]:
    """A server of the wheel, outside the repository."""
    command = [
        str(_program(installed, "sidecar")),
        "serve",
        str(DEMO_VAULT),
        "--port",
        "0",
        "--data-dir",
        str(tmp_path),
    ]
    with (tmp_path / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=_alone(), stdout=log, stderr=log)
    try:
        until(lambda: (tmp_path / "runtime.json").exists() or process.poll() is not None, seconds=60)
        assert process.poll() is None, (tmp_path / "serve.log").read_text(encoding="utf-8")
        url = json.loads((tmp_path / "runtime.json").read_text(encoding="utf-8"))["url"]
        key = (tmp_path / "token").read_text(encoding="utf-8").strip()
        headers = {"authorization": f"Bearer {key}"}
        with httpx2.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
            yield client
    finally:
        assert stop(process) == 0


def test_a_server_of_the_wheel_indexes_and_finds(running: httpx2.Client) -> None:
    until(lambda: running.get("/vault/status").json()["ready"], seconds=60)
    found = running.post("/vault/search", json={"query": "gate code"}).json()["results"]
    assert found[0]["path"] == "Places/Cabin.md"
    # Token ids are read with the table that lies in the package.
    embedded = running.post("/v1/embeddings", json={"model": "text-embedding-3-small", "input": [[9906, 1917]]})
    assert embedded.status_code == 200, embedded.text
