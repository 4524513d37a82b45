"""The entrances in scripts/ and .ci/run, run in a copy of the repository's house with stand-ins for what they start."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BASH = shutil.which("bash")
ENTRANCES = (
    "serve",
    "test",
    "check",
    "clients",
    "plugin",
    "docs",
    "lock",
    "vocabularies",
    "nightly",
    "offline",
    "sbom",
)
TOOLS = (
    *("bash", "cat", "cksum", "cp", "dirname", "env", "find", "git", "grep", "head", "id"),
    *("mkdir", "npm", "rm", "sed", "sleep", "tail", "tr", "uname", "wc"),
)
DEADLINE = 20.0

pytestmark = pytest.mark.skipif(os.name == "nt" or BASH is None, reason="the scripts are for bash on Linux and macOS")


class House:
    """A copy of what the scripts need, in a folder with a blank and an accent in its name, and a PATH of its own."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a clöne"
        self.tools = folder / "tools"
        self.tools.mkdir()
        for name in TOOLS:
            if (path := shutil.which(name)) is not None:
                (self.tools / name).symlink_to(path)
        shutil.copytree(ROOT / "scripts", self.root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / ".ci", self.root / ".ci")
        for name in ("pyproject.toml", "uv.lock"):
            shutil.copy(ROOT / name, self.root / name)

    def program(self, path: Path, *lines: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(("#!/usr/bin/env bash", *lines, "")), encoding="utf-8")
        path.chmod(0o755)

    def override(self, *lines: str) -> None:
        """Redefine functions of install.sh, for every script of this house."""
        with (self.root / "scripts" / "install.sh").open("a", encoding="utf-8") as file:
            file.write("\n".join(("", *lines, "")))

    def environment(self, **more: str) -> dict[str, str]:
        return {"PATH": str(self.tools), "HOME": str(self.root), "LC_ALL": "C.UTF-8", **more}

    def run(self, *argv: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd=cwd or self.root,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=DEADLINE * 3,
        )

    def script(self, name: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.root / name), *arguments, cwd=cwd)

    def bash(self, code: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run("bash", "-euc", f'. "{self.root}/scripts/install.sh"\n{code}', cwd=None, **more)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def installing(house: House) -> House:
    """A house where a stage only writes its name down, unless the environment names it as one that fails."""
    house.override(
        "venv_flags=--without-pip",
        'with_pip() { echo "$1" >>"$root/installed"; [ "$1" != "${FAILS:-}" ]; }',
        'compiler_id() { echo "${COMPILER:-a compiler}"; }',
    )
    return house


def installed(house: House) -> list[str]:
    record = house.root / "installed"
    return record.read_text(encoding="utf-8").split() if record.exists() else []


@pytest.mark.parametrize("name", ENTRANCES)
def test_an_entrance_has_its_run_bit(name: str) -> None:
    assert os.access(ROOT / "scripts" / name, os.X_OK)


@pytest.mark.parametrize("path", ["scripts/install.sh", ".ci/run", *(f"scripts/{name}" for name in ENTRANCES)])
def test_a_script_parses_and_uses_nothing_newer_than_bash_3_2(path: str) -> None:
    assert BASH is not None
    subprocess.run([BASH, "-n", str(ROOT / path)], check=True)
    text = (ROOT / path).read_text(encoding="utf-8")
    newer = (
        r"\b(mapfile|readarray|coproc)\b(?!,)|declare -[An]|local -n|\$\{\w+(,,|\^\^)|&>>|\|&|\$EPOCHREALTIME|wait -n"
    )
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    assert re.findall(newer, code) == []


def test_without_python_serve_says_how_to_get_one(house: House) -> None:
    done = house.script("scripts/serve")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, and none was found" in done.stderr
    assert "SIDECAR_PYTHON=" in done.stderr


def test_without_the_venv_module_serve_names_the_package(house: House) -> None:
    house.program(
        house.tools / "python3",
        'case "$*" in *ensurepip*) exit 1 ;; *version_info*) echo 3.11 ;; *) exit 0 ;; esac',
    )
    house.override("system_name() { echo debian; }")
    done = house.script("scripts/serve")
    assert done.returncode == 1
    assert "has no venv module" in done.stderr
    assert "sudo apt install python3.11-venv" in done.stderr
    assert not (house.root / ".venv").exists()
    assert not (house.root / ".venv.lock").exists()


def test_a_python_without_venv_gives_way_to_one_that_has_it(house: House) -> None:
    house.program(house.tools / "python3.12", 'case "$*" in *ensurepip*) exit 1 ;; *version_info*) echo 3.12 ;; esac')
    house.program(house.tools / "python3", 'case "$*" in *version_info*) echo 3.11 ;; esac')
    assert house.bash("find_python venv ensurepip").stdout.strip() == str(house.tools / "python3")
    assert house.bash("find_python").stdout.strip() == str(house.tools / "python3.12")


def test_a_python_that_is_too_old_is_passed_over(house: House) -> None:
    house.program(house.tools / "python3.13", "exit 127")
    house.program(house.tools / "python3", 'case "$*" in *version_info*) echo 3.10; exit 1 ;; esac')
    assert house.bash("find_python || echo none").stdout.strip() == "none"


def test_a_wrong_sidecar_python_is_named(house: House) -> None:
    done = house.bash("installer=pip; make_venv", SIDECAR_PYTHON="/nowhere/python3")
    assert done.returncode == 1
    assert "SIDECAR_PYTHON is '/nowhere/python3'" in done.stderr


@pytest.mark.parametrize(
    ("system", "missing", "command"),
    [
        ("debian", "compiler", "sudo apt install build-essential"),
        ("ubuntu debian", "headers 3.12", "sudo apt install build-essential python3.12-dev"),
        ("fedora", "compiler", "sudo dnf install gcc-c++"),
        ("rocky rhel centos fedora", "headers", "sudo dnf install gcc-c++ python3-devel"),
        ("arch", "compiler", "sudo pacman -S base-devel"),
        ("alpine", "compiler", "sudo apk add build-base"),
        ("opensuse suse", "compiler", "sudo zypper install gcc-c++"),
        ("macos", "compiler", "xcode-select --install"),
        ("plan9", "compiler", "install a C++ compiler and Python's header files"),
    ],
)
def test_the_missing_package_is_named_as_the_system_calls_it(
    house: House, system: str, missing: str, command: str
) -> None:
    done = house.bash(f'system_name() {{ echo "{system}"; }}; package_for {missing}')
    assert done.stdout.strip() == command


def test_stages_are_installed_once(installing: House) -> None:
    for _ in range(2):
        done = installing.bash("install_sidecar core builtin llama", SIDECAR_PYTHON=sys.executable)
        assert done.returncode == 0, done.stderr
    assert installed(installing) == ["core", "builtin", "llama"]
    assert done.stderr == ""


def test_a_further_stage_is_added_to_what_is_there(installing: House) -> None:
    installing.bash("install_sidecar core", SIDECAR_PYTHON=sys.executable)
    installing.bash("install_sidecar core dev", SIDECAR_PYTHON=sys.executable)
    assert installed(installing) == ["core", "dev"]


def test_a_changed_lock_is_installed_again(installing: House) -> None:
    installing.bash("install_sidecar core", SIDECAR_PYTHON=sys.executable)
    with (installing.root / "uv.lock").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    installing.bash("install_sidecar core", SIDECAR_PYTHON=sys.executable)
    assert installed(installing) == ["core", "core"]


def test_a_moved_clone_gets_a_new_environment(installing: House) -> None:
    installing.bash("install_sidecar core", SIDECAR_PYTHON=sys.executable)
    (installing.root / ".venv" / "old").touch()
    moved = installing.root.with_name("moved")
    installing.root.rename(moved)
    installing.root = moved
    installing.bash("install_sidecar core", SIDECAR_PYTHON=sys.executable)
    assert installed(installing) == ["core", "core"]
    assert not (moved / ".venv" / "old").exists()


def test_without_the_builtin_embedding_the_install_goes_on(installing: House) -> None:
    done = installing.bash("install_sidecar core builtin llama", SIDECAR_PYTHON=sys.executable, FAILS="builtin")
    assert done.returncode == 0
    assert "search is lexical only" in done.stderr
    assert installed(installing) == ["core", "builtin", "llama"]


def test_a_failed_build_is_explained_and_not_repeated_until_the_compiler_changes(installing: House) -> None:
    first = installing.bash("install_sidecar core llama", SIDECAR_PYTHON=sys.executable, FAILS="llama")
    second = installing.bash("install_sidecar core llama", SIDECAR_PYTHON=sys.executable, FAILS="llama")
    assert first.returncode == second.returncode == 0
    assert "Ollama, LM Studio" in first.stderr
    assert second.stderr.count("\n") == 1
    assert installed(installing) == ["core", "llama"]
    installing.bash("install_sidecar core llama", SIDECAR_PYTHON=sys.executable, COMPILER="a newer one")
    assert installed(installing) == ["core", "llama", "llama"]


def test_without_a_compiler_llama_is_left_out_and_the_rest_installed(installing: House) -> None:
    installing.override("compiler_id() { return 1; }", "system_name() { echo debian; }")
    done = installing.bash("install_sidecar core builtin llama", SIDECAR_PYTHON=sys.executable)
    assert done.returncode == 0
    assert "sudo apt install build-essential" in done.stderr
    assert "answers in quotations" in done.stderr
    assert installed(installing) == ["core", "builtin"]


def test_llama_is_left_out_on_request(installing: House) -> None:
    installing.bash("install_sidecar core llama", SIDECAR_PYTHON=sys.executable, SIDECAR_NO_LLAMA="1")
    assert installed(installing) == ["core"]


def test_when_the_core_fails_the_log_is_shown(installing: House) -> None:
    installing.override('with_pip() { echo "no such host"; return 1; }')
    done = installing.bash("install_sidecar core builtin", SIDECAR_PYTHON=sys.executable)
    assert done.returncode == 1
    assert "no such host" in done.stderr
    assert not (installing.root / ".venv.lock").exists()


def test_when_uv_fails_pip_is_tried(installing: House) -> None:
    installing.program(installing.tools / "uv", "exit 0")
    installing.override("with_uv() { return 1; }")
    done = installing.bash("install_sidecar core", SIDECAR_PYTHON=sys.executable)
    assert done.returncode == 0
    assert installed(installing) == ["core"]


def test_a_lock_left_by_a_killed_run_is_taken_over(installing: House) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (installing.root / ".venv.lock").mkdir()
    (installing.root / ".venv.lock" / "pid").write_text(str(gone.pid), encoding="utf-8")
    done = installing.bash("install_sidecar core", SIDECAR_PYTHON=sys.executable)
    assert done.returncode == 0
    assert installed(installing) == ["core"]


def test_an_interrupted_install_stops_its_children_and_goes_on_later(installing: House) -> None:
    installing.override(
        'with_pip() { echo "$1" >>"$root/installed"; [ "$1" != builtin ] || [ -z "${HANGS:-}" ] ||',
        "    { bash -c 'echo $$ >\"'\"$root\"'/child\"; exec sleep 600'; }; }",
    )
    environment = installing.environment(SIDECAR_PYTHON=sys.executable, HANGS="1")
    code = f'. "{installing.root}/scripts/install.sh"; install_sidecar core builtin dev'
    process = subprocess.Popen(["bash", "-euc", code], env=environment, stderr=subprocess.PIPE, text=True)
    record = installing.root / "child"
    wait_until(lambda: record.exists() and record.read_text(encoding="utf-8").strip() != "")
    process.send_signal(signal.SIGTERM)
    _, complaint = process.communicate(timeout=DEADLINE)
    assert process.returncode == 143
    assert "what is done stays done" in complaint
    wait_until(lambda: not is_running(int(record.read_text(encoding="utf-8"))))
    assert not (installing.root / ".venv.lock").exists()
    assert installing.bash("install_sidecar core builtin dev", SIDECAR_PYTHON=sys.executable).returncode == 0
    assert installed(installing) == ["core", "builtin", "builtin", "dev"]


@pytest.mark.parametrize(
    ("log", "phase"),
    [
        ("  Downloading numpy-2.4.6-cp311.whl (18.2 MB)\n", "downloading numpy-2.4.6-cp311.whl"),
        ("Installing collected packages: numpy, h11\n", "installing"),
        ("  *** Configuring CMake...\n  -- The C compiler\n", "configuring"),
        ("  [12/193] Building C object x.o\n  [91/193] Building CXX object\n", "compiling, 47 % (91/193)"),
        ("DEBUG [91/193] /usr/bin/g++ -c x.cpp\nDEBUG  warning: |\n", "compiling, 47 % (91/193)"),
        ("  [193/193] Linking\n  *** Installing project into wheel...\n", "packing"),
        ("", ""),
    ],
)
def test_the_progress_of_a_build_is_read_off_its_log(house: House, log: str, phase: str) -> None:
    (house.root / "log").write_text(log, encoding="utf-8")
    assert house.bash('phase_of "$root/log"').stdout.strip() == phase


def test_a_long_step_says_how_far_it_is(house: House) -> None:
    step = 'step() { echo "[1/2] x"; until grep -q compiling "$root/said"; do sleep 0.1; done; return 3; }'
    said = 'say() { echo "$1" >>"$root/said"; }; : >"$root/said"; first_report=0'
    done = house.bash(f'{step}; {said}; run_step build "$root/log" step || echo "status $?"')
    assert re.match(r"  build: 0:0\d compiling, 50 % \(1/2\)\n", (house.root / "said").read_text(encoding="utf-8"))
    assert done.stdout.strip() == "status 3"


@pytest.fixture
def ready(house: House) -> House:
    """A house where everything is installed, and every program only says what it was called with."""
    house.override("install_sidecar() { :; }")
    for name in ("sidecar", "python", "ruff", "mypy", "lint-imports", "deptry"):
        status = f"${{EXIT_{name.replace('-', '_')}:-0}}"
        house.program(
            house.root / ".venv" / "bin" / name,
            f'echo "{name}:$PWD"; for argument; do echo "<$argument>"; done; exit "{status}"',
        )
    return house


def test_serve_without_a_vault_takes_the_demonstration_vault(ready: House) -> None:
    done = ready.script("scripts/serve", "--port", "0")
    assert done.stdout.splitlines()[1:] == ["<serve>", f"<{ready.root}/tests/vaults/demo>", "<--port>", "<0>"]


def test_serve_hands_on_a_relative_vault_from_where_it_was_called(ready: House, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    done = ready.script("scripts/serve", "Мой vault", "--offline", cwd=elsewhere)
    assert done.stdout.splitlines() == [f"sidecar:{elsewhere}", "<serve>", "<Мой vault>", "<--offline>"]


@pytest.mark.parametrize("code", [0, 1, 5])
def test_test_keeps_the_exit_code_of_pytest(ready: House, code: int) -> None:
    done = ready.run(str(ready.root / "scripts" / "test"), EXIT_python=str(code))
    assert done.returncode == code
    assert "<pytest>" in done.stdout
    assert "Plugin tests: skipped, node" in done.stderr


def test_what_is_required_of_the_plugin_may_not_be_skipped(ready: House) -> None:
    assert ready.script("scripts/plugin").returncode == 0
    done = ready.run(str(ready.root / "scripts" / "plugin"), SIDECAR_PLUGIN="required")
    assert done.returncode == 1
    assert "Plugin tests: skipped, node" in done.stderr
    assert ready.run(str(ready.root / "scripts" / "test"), SIDECAR_PLUGIN="required").returncode == 1
    checked = ready.run(str(ready.root / "scripts" / "check"), SIDECAR_PLUGIN="required")
    assert checked.stdout.splitlines()[-1] == "Failed: the plugin"


def test_the_plugin_is_tested_with_the_python_of_the_environment(ready: House) -> None:
    ready.program(ready.tools / "node", "exit 0")
    (ready.tools / "npm").unlink()
    ready.program(ready.tools / "npm", 'echo "npm $*: $SIDECAR_PYTHON"', "mkdir -p node_modules")
    ready.program(ready.tools / "chromium", "exit 0")
    (ready.root / "obsidian-plugin").mkdir()
    for name in ("package.json", "package-lock.json"):
        (ready.root / "obsidian-plugin" / name).write_text("{}", encoding="utf-8")
    done = ready.script("scripts/plugin")
    assert done.returncode == 0, done.stderr
    python = ready.root / ".venv" / "bin" / "python"
    assert done.stdout.splitlines() == [f"npm test --silent: {python}", f"npm run browser --silent: {python}"]
    ready.program(ready.tools / "npm", '[ "$1" != run ]')
    assert ready.script("scripts/plugin").returncode == 1


def test_test_hands_its_arguments_to_pytest(ready: House) -> None:
    done = ready.script("scripts/test", "tests/a b.py", "-k", "x or y")
    assert done.stdout.splitlines()[1:] == ["<-m>", "<pytest>", "<tests/a b.py>", "<-k>", "<x or y>"]


def test_check_runs_every_step_when_all_pass(ready: House) -> None:
    done = ready.script("scripts/check")
    assert done.returncode == 0, done.stdout
    assert "FAILED" not in done.stdout
    assert done.stdout.count("ok  ") >= 8


def test_check_goes_on_after_a_failure_and_says_so_at_the_end(ready: House) -> None:
    done = ready.run(str(ready.root / "scripts" / "check"), EXIT_ruff="1")
    assert done.returncode == 1
    assert "ok      types" in done.stdout
    assert done.stdout.splitlines()[-1] == "Failed: lint, format"


def test_check_finds_a_large_file(ready: House) -> None:
    (ready.root / "model.bin").write_bytes(b"\0" * 1_500_001)
    done = ready.script("scripts/check")
    assert done.returncode == 1
    assert "model.bin has 1500001 bytes" in done.stdout


def test_clients_says_what_it_skips_and_runs_the_rest(ready: House) -> None:
    # The stand-in for Python makes no environment, there is no node, and nothing to install Chromium with.
    done = ready.script("scripts/clients", "-k", "ollama")
    assert done.returncode == 0, done.stderr
    skipped = [line for line in done.stderr.splitlines() if line.startswith("Skipped: ")]
    assert [word for line in skipped for word in ("Python", "JavaScript", "Chromium") if word in line] == [
        *("Python", "Python"),
        "JavaScript",
        "Chromium",
    ]
    assert done.stdout.splitlines()[-6:] == ["<pytest>", "<tests/clients>", "<-m>", "<clients>", "<-k>", "<ollama>"]


def test_clients_are_installed_once(ready: House) -> None:
    make = f'mkdir -p "$3/bin" && cp "{ready.root}/.venv/bin/python" "$3/bin/python"; echo "$3" >>"{ready.root}/made"'
    ready.program(ready.root / ".venv" / "bin" / "python", f'[ "$2" != venv ] || {{ {make}; }}')
    for _ in range(2):
        assert ready.script("scripts/clients").returncode == 0
    made = (ready.root / "made").read_text(encoding="utf-8").splitlines()
    assert [Path(line).name for line in made] == ["clients", "clients-openai-2"]
    with (ready.root / "scripts" / "requirements" / "clients.txt").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    assert ready.script("scripts/clients").returncode == 0
    made = (ready.root / "made").read_text(encoding="utf-8").splitlines()
    assert [Path(line).name for line in made][2:] == ["clients"]


@pytest.mark.parametrize(
    ("test_status", "check_status", "clients_status", "expected"),
    [(0, 0, 0, 0), (1, 0, 0, 1), (5, 0, 0, 1), (0, 1, 0, 1), (0, 0, 1, 1), (1, 1, 1, 1)],
)
def test_ci_passes_only_when_tests_checks_and_clients_do(
    house: House, test_status: int, check_status: int, clients_status: int, expected: int
) -> None:
    house.program(house.root / "scripts" / "test", f"exit {test_status}")
    house.program(house.root / "scripts" / "check", "echo checks", f"exit {check_status}")
    house.program(house.root / "scripts" / "clients", f"exit {clients_status}")
    done = house.script(".ci/run", cwd=house.root.parent)
    assert done.returncode == expected
    assert "checks" in done.stdout.splitlines()[0]
    assert f"tests:   exit {test_status}" in done.stdout
    assert f"clients: exit {clients_status}" in done.stdout


def test_locked_files_name_no_place_but_the_public_index() -> None:
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    hosts = set(re.findall(r'"\w+://([^/"]*)', lock))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
    assert not re.search(r'(path|directory|find-links) = "/', lock)
    for path in (ROOT / "scripts" / "requirements").glob("*.txt"):
        assert "/" not in path.read_text(encoding="utf-8").replace("scripts/lock", ""), path.name


def test_every_pinned_requirement_has_its_hashes_and_the_version_of_the_lock() -> None:
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r'^name = "([^"]+)"\nversion = "([^"]+)"', lock, re.MULTILINE))
    names = {"core", "builtin", "pdf", "mcp", "llama", "dev"}
    clients = {"clients", "clients-openai-2"}
    files = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "scripts" / "requirements").glob("*.txt")}
    assert set(files) == names | clients
    for name, text in files.items():
        pins = re.findall(r"^([\w.-]+)==([^ ;]+)[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^\w", text, re.MULTILINE))
        # The clients stand in environments of their own and are resolved apart.
        assert set(pins) <= locked or name in clients


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A killed child whose parent is gone may wait for the system's first process to collect it.
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")
