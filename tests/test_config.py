from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Config, config_path, load_config
from sidecar.errors import ConfigError


def load(tmp_path: Path, toml: str = "", environ: dict[str, str] | None = None, **flags: Any) -> Config:
    file = tmp_path / "config.toml"
    file.write_text(toml, encoding="utf-8")
    return load_config({"data_dir": tmp_path / "data"} | flags, config_file=file, environ=environ or {})


def test_flags_win_over_the_environment_over_the_file_over_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path).port == 8484
    assert load(tmp_path, "port = 1").port == 1
    assert load(tmp_path, "port = 1", {"SIDECAR_PORT": "2"}).port == 2
    assert load(tmp_path, "port = 1", {"SIDECAR_PORT": "2"}, port=3).port == 3


def test_vaults_in_the_file_are_meant_from_the_files_folder(tmp_path: Path) -> None:
    assert load(tmp_path, 'vaults = ["notes", "/elsewhere"]').vaults == (
        tmp_path / "notes",
        Path("/elsewhere").absolute(),
    )


def test_what_indexing_does_on_battery_stands_in_its_table(tmp_path: Path) -> None:
    assert load(tmp_path).on_battery == "slow"
    assert load(tmp_path, '[indexing]\non_battery = "pause"').on_battery == "pause"
    assert load(tmp_path, '[indexing]\non_battery = "pause"', {"SIDECAR_ON_BATTERY": " Run "}).on_battery == "run"


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('on_battery = "pause"', "outside a table"),
        ('indexing = "pause"', "no table"),
        ('[indexing]\non_batery = "pause"', "on_batery"),
        ('[indexing]\non_battery = "stop"', "run, slow, pause"),
        ("[indexing]\non_battery = true", "a string is wanted"),
    ],
)
def test_a_table_of_settings_that_is_not_right_is_refused(tmp_path: Path, toml: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load(tmp_path, toml)


def test_lists_and_flags_in_the_environment(tmp_path: Path) -> None:
    config = load(tmp_path, environ={"SIDECAR_EXCLUDE": "Journal/**, Old/**", "SIDECAR_AUTH": "false"})
    assert config.exclude == ("Journal/**", "Old/**")
    assert config.auth is False


def test_what_is_wrong_with_a_server_is_said_without_its_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no slash") as refused:
        load(tmp_path, '[upstreams."a/b"]\nurl = "http://gpu:1"\nkey = "secret"\n')
    assert "secret" not in refused.value.message


def test_the_kind_of_a_vault_is_set_by_its_path_or_name(tmp_path: Path) -> None:
    toml = """
        vaults = ["graph", "export.zip"]
        [kinds]
        "./graph" = "Logseq"
        Export = "notion"
        "/elsewhere/graph" = "folder"
    """
    config = load(tmp_path, toml)
    assert config.vaults == (tmp_path / "graph", tmp_path / "export.zip")
    assert config.kind_of(tmp_path / "graph") == "logseq"
    assert config.kind_of(Path("/elsewhere/graph").absolute()) == "folder"
    assert config.kind_of(tmp_path / "somewhere" / "Export") == "notion"
    assert config.kind_of(tmp_path / "Export" / "graph") is None


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_the_kind_of_a_vault_behind_a_link_is_set_by_either_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for key in ("link", "real"):
        config = load(tmp_path, f'kinds = {{ "./{key}" = "logseq" }}')
        assert config.kind_of(tmp_path / "real") == config.kind_of(tmp_path / "link") == "logseq"


def test_kinds_are_not_read_from_the_environment(tmp_path: Path) -> None:
    assert load(tmp_path, environ={"SIDECAR_KINDS": "logseq"}).kinds == {}


def test_templates_are_read_when_that_is_wished(tmp_path: Path) -> None:
    assert load(tmp_path).include_templates is False
    assert load(tmp_path, "include_templates = true").include_templates is True
    assert load(tmp_path, environ={"SIDECAR_INCLUDE_TEMPLATES": "1"}).include_templates is True


def test_calls_that_notes_ask_for_are_allowed_when_that_is_wished(tmp_path: Path) -> None:
    assert load(tmp_path).tool_calls_from_notes == "checked"
    assert load(tmp_path, "tool_calls_from_notes = 'allowed'").tool_calls_from_notes == "allowed"


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    config = load(tmp_path, environ={"SIDECAR_AUTH": "", "SIDECAR_PORT": "", "SIDECAR_MODEL": ""})
    assert config.auth is True
    assert config.port == 8484
    assert config.model is None


@pytest.mark.parametrize(
    ("toml", "flags", "says"),
    [
        ("prot = 1", {}, "prot"),
        ("port = 'many'", {}, "port"),
        ("port = 70000", {}, "70000"),
        ("not toml", {}, "TOML"),
        ("upstream = 'localhost:11434'", {}, "base URL"),
        ("log_level = 'loud'", {}, "loud"),
        ("", {"host": "0.0.0.0"}, "other machines"),
        ("", {"host": "0.0.0.0", "allow_remote": True, "auth": False}, "do not go together"),
        ("aliases = 3", {}, "aliases"),
        ("port = true", {}, "port"),
        ("", {"data_dir": ""}, "data_dir"),
        ("", {"vaults": ["~no-such-user-here/notes"]}, "vaults"),
        ("kinds = 'logseq'", {}, "kinds"),
        ("[kinds]\nNotes = 'roam'", {}, "`obsidian`, `logseq`, `notion`, `folder`"),
        ("[kinds]\nNotes = 3", {}, "kinds"),
        ("include_templates = 'perhaps'", {}, "include_templates"),
        ("tool_calls_from_notes = 'never'", {}, "checked or allowed"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, toml: str, flags: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(tmp_path, toml, **flags)


def test_a_settings_file_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load_config({}, config_file=tmp_path / "none.toml", environ={})
    assert config_path({"SIDECAR_CONFIG": "/x/y.toml"}) == Path("/x/y.toml")
