from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path, PureWindowsPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.config import Config, load_config
from sidecar.errors import ConfigError
from sidecar.setup.config_text import config_text
from sidecar.setup.proposal import Answers, Proposal, propose
from sidecar.setup.toml_text import toml_key, toml_value
from sidecar.setup.writing import checked, read_before, write
from tests.setup.made import OLLAMA, settings, survey_of, vault

HOSTILE = [
    "/home/ana/Minhas notas",
    '/v/quo"te\\back',
    "/v/new\nline\ttab\rreturn",
    "/v/#comment = [x]",
    "/v/'''\"\"\"",
    "/v/メモ/ملاحظات/Заметки/บันทึก/नोट",
    "/v/\u202e\u2028\x7f\x01é",
    "/v/{ } [table] = true",
    "/v/~tilde",
    "/v/$HOME %PATH%",
    "/v/" + "x" * 100_000,
]


def proposed(tmp_path: Path, *paths: str, **answers: Any) -> Proposal:
    return propose(survey_of(), Answers(vaults=tuple(map(vault, paths)), **answers), settings(tmp_path))


def read(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "written.toml"
    file.write_text(text, encoding="utf-8", newline="\n")
    return load_config({}, config_file=file, environ={})


@pytest.mark.parametrize("path", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_written_is_read_back_as_it_was(tmp_path: Path, path: str) -> None:
    proposal = proposed(tmp_path, path, "/second", model=path, data_dir=Path(path) / "data", port=9000)
    config = read(tmp_path, config_text(proposal))
    assert config.vaults == (Path(path), Path("/second"))
    assert (config.model, config.upstream) == (path, None)
    assert (config.embedding_model, config.port, config.data_dir) == ("builtin", 9000, Path(path) / "data")


@pytest.mark.parametrize("model", [None, "qwen3:4b", "extractive"])
@pytest.mark.parametrize("upstream", [None, OLLAMA])
def test_models_are_read_back_as_they_were(tmp_path: Path, model: str | None, upstream: str | None) -> None:
    proposal = proposed(tmp_path, "/v", model=model, upstream=upstream, embedding="none")
    config = read(tmp_path, config_text(proposal))
    assert (config.model, config.upstream, config.embedding_model) == (proposal.model, proposal.upstream, "none")


def test_a_path_of_windows_keeps_its_backslashes() -> None:
    paths = [PureWindowsPath(r"C:\Users\ana\new\tables"), PureWindowsPath(r"\\server\share\Notas")]
    assert tomllib.loads(f"vaults = {toml_value(paths)}")["vaults"] == [str(path) for path in paths]


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_a_string_and_a_key(text: str) -> None:
    assert tomllib.loads(f"{toml_key(text)} = {toml_value(text)}") == {text: text}


@pytest.mark.parametrize("value", [True, False, 0, -3, 600.0, [], ["a", "b"], {"a b": "c", "d": {"url": "x"}}, {}])
def test_other_values_are_read_back(value: object) -> None:
    assert tomllib.loads(f"x = {toml_value(value)}")["x"] == value


def test_what_is_no_utf_8_and_what_toml_has_not_is_refused() -> None:
    for value in ("/v/\udcff", None, object()):
        with pytest.raises(ConfigError):
            toml_value(value)


def test_every_setting_has_a_comment_that_says_what_it_means(tmp_path: Path) -> None:
    text = config_text(proposed(tmp_path, "/v", port=9000))
    for line, before in zip(text.splitlines()[1:], text.splitlines(), strict=False):
        if " = " in line and not line.startswith("#"):
            assert before.startswith("# "), line
    assert all(len(line) <= 100 for line in text.splitlines())


KEPT = """
exclude = ["Journal/**"]
local_only = ["Health/**"]
keep_alive = 60.0
log_level = "debug"
vaults = ["/old"]
port = 9999
model = "old"
upstream = "http://127.0.0.1:11434/v1"
upstream_key = "secret"

[indexing]
on_battery = "pause"

[kinds]
"/some/where" = "logseq"

[upstreams.gpu]
url = "http://gpu:8000/v1"
key = "k"

[aliases]
"my model" = "vault"
"""


def test_settings_that_a_set_up_does_not_decide_are_kept(tmp_path: Path) -> None:
    before = settings(tmp_path, KEPT)
    text = config_text(proposed(tmp_path, "/new", model="new", upstream=OLLAMA), tomllib.loads(KEPT))
    after = read(tmp_path, text)
    for name in ("exclude", "local_only", "keep_alive", "log_level", "on_battery", "kinds", "upstreams", "aliases"):
        assert getattr(after, name) == getattr(before, name), name
    assert (after.vaults, after.model, after.port) == ((Path("/new"),), "new", 8484)
    assert after.upstream_key == "secret"


@pytest.mark.parametrize("upstream", [None, "https://elsewhere.example/v1"])
def test_a_key_is_not_given_to_another_server(tmp_path: Path, upstream: str | None) -> None:
    text = config_text(proposed(tmp_path, "/new", upstream=upstream), tomllib.loads(KEPT))
    assert "secret" not in text
    assert read(tmp_path, text).upstream_key is None


def test_a_file_is_replaced_whole_and_every_copy_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "config.toml"
    assert write(file, "port = 1\n") is None
    assert write(file, "port = 2\n") == file.with_name("config.toml.bak")
    assert write(file, "port = 3\n") == file.with_name("config.toml.bak2")
    assert {path.name: path.read_text(encoding="utf-8") for path in file.parent.iterdir()} == {
        "config.toml": "port = 3\n",
        "config.toml.bak": "port = 1\n",
        "config.toml.bak2": "port = 2\n",
    }
    if os.name == "posix":
        assert {stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()} == {0o600}


def test_what_is_in_the_file_already_is_not_written_again(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    write(file, "port = 1  # ção\n")
    assert write(file, "port = 1  # ção\n") is None
    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real = tmp_path / "dotfiles" / "sidecar.toml"
    real.write_text("port = 1\n", encoding="utf-8")
    link = tmp_path / "config.toml"
    link.symlink_to(real)
    assert write(link, "port = 2\n") == real.with_name("sidecar.toml.bak")
    assert (link.is_symlink(), real.read_text(encoding="utf-8")) == (True, "port = 2\n")


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        write(tmp_path / "file" / "config.toml", "port = 1\n")
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        write(tmp_path / "config.toml", "port = 1\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "file"]


def test_a_file_that_is_not_there_decides_nothing(tmp_path: Path) -> None:
    before = read_before(tmp_path / "config.toml")
    assert (before.table, before.decided, before.config.vaults) == (None, frozenset(), ())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["port = ", 'port = "x"', "nonsense = 1", "\udcff"])
def test_a_broken_file_is_never_replaced(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError) as raised:
        read_before(file)
    assert f"Mend {file}, or move it away" in (raised.value.hint or "")


def test_a_link_that_leads_nowhere_is_told_as_that(tmp_path: Path) -> None:
    link = tmp_path / "config.toml"
    link.symlink_to(tmp_path / "drive" / "sidecar.toml")
    with pytest.raises(ConfigError, match="which is not there"):
        read_before(link)


def test_what_is_no_ordinary_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    for file in (tmp_path / "config.toml", Path(os.devnull)):
        with pytest.raises(ConfigError, match="no ordinary file"):
            read_before(file)


def test_a_text_is_checked_before_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    inside = config_text(proposed(tmp_path, str(tmp_path), data_dir=tmp_path / "data"))
    file.unlink()
    with pytest.raises(ConfigError, match="lies inside the vault"):
        checked(inside, file)
    with pytest.raises(ConfigError):
        checked("port = 99999999\n", file)
    assert list(tmp_path.iterdir()) == []
