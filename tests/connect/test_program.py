from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.clients.program import installed_program, place_warning
from sidecar.service.serving_words import serving_words, unseen_settings


def _program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_command_beside_the_interpreter_is_run_and_its_links_are_not_followed(tmp_path: Path) -> None:
    real = _program(tmp_path / "python-3.12.4" / "python3")
    link = tmp_path / "tools" / "obsidian-sidecar" / "bin" / "python"
    script = _program(link.with_name("sidecar"))
    link.symlink_to(real)
    assert installed_program(link, platform="linux") == (str(script),)


def test_without_a_command_the_module_is_run_and_no_folder_stands_in_its_place(tmp_path: Path) -> None:
    python = _program(tmp_path / "bin" / "python")
    assert installed_program(python, platform="macos") == (str(python), "-P", "-m", "sidecar")


@pytest.mark.parametrize(
    "begin",
    [
        "#!{old}/bin/python3\n",
        "#!{old}/bin/python3.12 -sE\n",
        '#!/bin/sh\n\'\'\'exec\' "{old}/bin/python" "$0" "$@"\n',
        "#!/bin/sh\n'''exec' {old}/bin/python3 \"$0\" \"$@\"\n",
    ],
)
def test_the_command_of_a_moved_environment_is_not_run_as_it_leads_to_the_old_place(tmp_path: Path, begin: str) -> None:
    python = _program(tmp_path / "mo ved" / "bin" / "python")
    script = _program(python.with_name("sidecar"))
    script.write_text(begin.format(old=tmp_path / "old"), encoding="utf-8")
    assert installed_program(python, platform="linux") == (str(python), "-P", "-m", "sidecar")
    here = begin.format(old=tmp_path / "mo ved")
    script.write_text(here, encoding="utf-8")
    assert installed_program(python, platform="linux") == (str(script),)


@pytest.mark.parametrize("begin", [b"#!/usr/bin/env python3\n", b"\x7fELF", b"", b"#!/bin/sh\n'''exec' \"$(dirname"])
def test_a_command_that_names_no_interpreter_is_run(tmp_path: Path, begin: bytes) -> None:
    python = _program(tmp_path / "bin" / "python")
    script = _program(python.with_name("sidecar"))
    script.write_bytes(begin)
    assert installed_program(python, platform="linux") == (str(script),)


def test_on_windows_the_interpreter_without_a_window_is_run(tmp_path: Path) -> None:
    python = _program(tmp_path / "Scripts" / "python.exe")
    assert installed_program(python, platform="windows")[0] == str(python)
    windowless = _program(tmp_path / "Scripts" / "pythonw.exe")
    assert installed_program(python, platform="windows") == (str(windowless), "-P", "-m", "sidecar")


def test_homebrews_link_is_taken_in_place_of_a_folder_with_a_version(tmp_path: Path) -> None:
    cellar = tmp_path / "homebrew" / "Cellar" / "obsidian-sidecar" / "0.1.0"
    python = _program(cellar / "libexec" / "bin" / "python")
    script = _program(cellar / "libexec" / "bin" / "sidecar")
    assert installed_program(python, platform="macos") == (str(script),)
    opt = tmp_path / "homebrew" / "opt" / "obsidian-sidecar"
    opt.parent.mkdir()
    opt.symlink_to(cellar)
    assert installed_program(python, platform="macos") == (str(opt / "libexec" / "bin" / "sidecar"),)


@pytest.mark.parametrize(
    "program",
    [
        "/home/ana/.cache/uv/archive-v0/x1/bin/sidecar",
        "/Users/ana/Library/Caches/uv/archive-v0/x1/bin/sidecar",
        "C:\\Users\\ana\\AppData\\Local\\uv\\cache\\archive-v0\\x1\\Scripts\\pythonw.exe",
        "C:\\Users\\ana\\AppData\\Local\\Temp\\x\\Scripts\\pythonw.exe",
        "/tmp/venv/bin/sidecar",
        "/private/var/folders/x/venv/bin/sidecar",
        "/home/ana/src/sidecar/.tox/py311/bin/sidecar",
        "/nix/store/abc-sidecar/bin/sidecar",
        "/home/ana/.pyenv/versions/3.12.1/bin/sidecar",
        "/opt/homebrew/Cellar/obsidian-sidecar/0.1.0/bin/sidecar",
    ],
)
def test_a_program_that_will_not_stay_is_told_of(program: str) -> None:
    assert place_warning(program)


@pytest.mark.parametrize(
    "program",
    [
        "/home/ana/.local/share/uv/tools/obsidian-sidecar/bin/sidecar",
        "/home/ana/.local/share/pipx/venvs/obsidian-sidecar/bin/sidecar",
        "/Users/ana/notes/.venv/bin/sidecar",
        "/opt/homebrew/opt/obsidian-sidecar/libexec/bin/sidecar",
        "C:\\Users\\ana\\AppData\\Roaming\\uv\\tools\\obsidian-sidecar\\Scripts\\pythonw.exe",
        "/home/ana/tmp/venv/bin/sidecar",
        "/home/ana/temperature/venv/bin/sidecar",
    ],
)
def test_a_program_that_stays_is_not(program: str) -> None:
    assert place_warning(program) is None


@pytest.mark.parametrize(
    ("flags", "vaults", "words"),
    [
        ({"port": None, "host": None, "no_auth": False, "offline": None}, [], ["serve"]),
        ({"port": 0, "no_auth": True}, [], ["serve", "--port", "0", "--no-auth"]),
        ({"config_file": "c.toml"}, ["no tas"], ["serve", "--config", "HERE/c.toml", "--", "HERE/no tas"]),
        ({"data_dir": Path("../x")}, ["-v"], ["serve", "--data-dir", "HERE/../x", "--", "HERE/-v"]),
        ({"model": "qwen3:4b"}, [], ["serve", "--model", "qwen3:4b"]),
        ({"embedding_model": "here.gguf"}, [], ["serve", "--embedding-model", "HERE/here.gguf"]),
        ({"model": "./qwen3"}, [], ["serve", "--model", "HERE/qwen3"]),
        # Files in the current folder by the names of models: only the place says which is meant.
        ({"model": "qwen3"}, [], ["serve", "--model", "qwen3"]),
        ({"embedding_model": "builtin"}, [], ["serve", "--embedding-model", "builtin"]),
    ],
)
def test_the_flags_that_were_given_are_passed_on_with_paths_from_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: dict[str, Any], vaults: list[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("here.gguf", "qwen3", "builtin"):
        (tmp_path / name).touch()
    wanted = [word.replace("HERE/../", f"{tmp_path.parent}/").replace("HERE", str(tmp_path)) for word in words]
    assert list(serving_words(flags, map(Path, vaults))) == wanted


def test_settings_of_the_shell_that_a_service_does_not_see_are_named() -> None:
    environ = {"SIDECAR_MODEL": "x", "SIDECAR_CONFIG": "/c", "SIDECAR_PORT": "", "SIDECAR_API_KEY": "k", "PATH": "/bin"}
    assert unseen_settings(environ, ["config_file"]) == ("SIDECAR_MODEL",)
