from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Config
from sidecar.runtime.doctor_security import examine_security

needs_rights = pytest.mark.skipif(os.name != "posix", reason="rights are kept otherwise there")


def look(
    tmp_path: Path, *, status: Mapping[str, Any] | None = None, running: Mapping[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """What the doctor says of these settings; `running` is what a server wrote about itself."""
    config = Config(data_dir=tmp_path / "data", **options)
    url = None
    if running is not None:
        config.data_dir.mkdir(mode=0o700)
        config.runtime_file.write_text(json.dumps(running), encoding="utf-8")
        url = running["url"]
    return examine_security(config, status=status, url=url, lock="audit-hook")


def texts(facts: Mapping[str, Any], level: str) -> list[str]:
    return [check["text"] for check in facts["checks"] if check["level"] == level]


def test_the_settings_as_they_come_have_no_warning(tmp_path: Path) -> None:
    facts = look(tmp_path)
    assert texts(facts, "warning") == texts(facts, "error") == []
    assert "a key is asked for" in texts(facts, "ok")
    assert "no server on another machine is set: nothing is sent to one" in texts(facts, "ok")
    assert any(text.startswith("offline lock of this command: audit-hook") for text in texts(facts, "ok"))


WARNED = {
    "no key": ({"auth": False}, "no key is asked for"),
    "an address of the house": ({"host": "192.168.1.20", "allow_remote": True}, "other machines can reach the server"),
    "every address": (
        {"host": "0.0.0.0", "allow_remote": True},
        "can reach the server, on every network of this machine",
    ),
    "a host with a wildcard": ({"allowed_hosts": ("*:8484",)}, "which no client has"),
    "the origin of files": ({"allowed_origins": ("null",)}, "every local file and every sandboxed page"),
    "every origin": ({"allowed_origins": ("*",)}, "there are no wildcards"),
    "an origin without encryption": ({"allowed_origins": ("http://notes.example",)}, "comes unencrypted"),
    "a server without encryption": ({"upstream": "http://192.0.2.7:11434/v1"}, "is not encrypted, its key included"),
    "calls that notes ask for": ({"tool_calls_from_notes": "allowed"}, "can make a client call its tools"),
}


@pytest.mark.parametrize(("options", "said"), WARNED.values(), ids=WARNED)
def test_what_opens_a_door_is_a_warning(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    facts = look(tmp_path, **options)
    (warning,) = texts(facts, "warning")
    assert said in warning
    assert all("\n" not in check["text"] for check in facts["checks"])


NOTED = {
    "remote, but listening here": ({"allow_remote": True}, "the server listens to this machine alone"),
    "a host": ({"allowed_hosts": ("notes.example:443",)}, "clients may also call it notes.example:443"),
    "an origin": ({"allowed_origins": ("app://obsidian.md", "https://a.example")}, "pages of https://a.example may"),
    "a page of this machine": ({"allowed_origins": ("http://localhost:3000",)}, "pages of http://localhost:3000 may"),
    "a name": ({"upstream": "https://llm.example"}, "the name of default is looked up"),
}


@pytest.mark.parametrize(("options", "said"), NOTED.values(), ids=NOTED)
def test_what_is_a_choice_is_a_note(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    facts = look(tmp_path, **options)
    assert texts(facts, "warning") == []
    assert [text for text in texts(facts, "note") if said in text]


def test_what_goes_to_a_server_elsewhere_is_told_server_by_server(tmp_path: Path) -> None:
    servers = {"far": {"url": "https://192.0.2.1/v1"}, "near": {"url": "http://127.0.0.1:1234"}}
    facts = look(tmp_path, upstreams=servers, embedding_model="far/bge-m3", local_only=("Journal/**",))
    (far,) = facts["elsewhere"]
    assert (far["name"], far["embeds"], far["encrypted"], far["by_name"]) == ("far", True, True, False)
    sent = [text for text in texts(facts, "note") if "sent to far (https://192.0.2.1/v1)" in text]
    assert any("questions, conversations and passages of notes, but for those of Journal/**" in text for text in sent)
    assert any("the text of all notes, but for those of Journal/**" in text for text in sent)


@pytest.mark.parametrize(
    ("model", "embeds"),
    [("builtin", False), ("none", False), ("nomic-embed-text", True), ("near/bge", False), ("/models/bge.gguf", False)],
)
def test_the_default_server_embeds_what_no_file_or_other_server_does(tmp_path: Path, model: str, embeds: bool) -> None:
    servers = {"near": {"url": "http://127.0.0.1:1234"}}
    facts = look(tmp_path, upstream="https://192.0.2.1", upstreams=servers, embedding_model=model)
    assert [server["embeds"] for server in facts["elsewhere"]] == [embeds]


def test_of_a_running_server_its_own_facts_count(tmp_path: Path) -> None:
    running = {"url": "http://0.0.0.0:8484", "token_file": None}
    upstreams = [{"name": "default", "url": "https://192.0.2.1"}, {"name": "near", "url": "http://127.0.0.1:1234"}]
    facts = look(tmp_path, status={"offline_lock": "none", "upstreams": upstreams}, running=running)
    assert (facts["offline_lock"], facts["auth"], facts["host"]) == ("none", False, "0.0.0.0")
    assert [server["name"] for server in facts["elsewhere"]] == ["default"]
    first, *others = texts(facts, "warning")
    assert "no offline lock is on" in first
    assert ["no key" in text or "other machines" in text for text in others] == [True, True]


def test_a_server_that_runs_with_less_than_the_system_has_is_a_warning(tmp_path: Path) -> None:
    running = {"url": "http://127.0.0.1:8484", "token_file": "token"}
    facts = look(tmp_path, status={"offline_lock": "audit-hook", "upstreams": []}, running=running)
    walls = {"landlock", "seccomp"} - set(facts["missing"])
    assert len([text for text in texts(facts, "warning") if "the server runs without it" in text]) == len(walls)
    assert [text for text in texts(facts, "note") if "without" in text] == [
        text for text in texts(facts, "note") if any(reason in text for reason in facts["missing"].values())
    ]


def test_text_that_was_logged_for_support_is_a_warning_for_as_long_as_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "data" / "logs").mkdir(parents=True, mode=0o700)
    (tmp_path / "data").chmod(0o700)
    (tmp_path / "data" / "logs" / "content.log").touch()
    (warning,) = texts(look(tmp_path), "warning")
    assert "logs/content.log" in warning


@needs_rights
def test_a_data_folder_that_others_may_look_into_is_a_warning(tmp_path: Path) -> None:
    folder, token = tmp_path / "data", tmp_path / "data" / "token"
    folder.mkdir(mode=0o700)
    token.touch(mode=0o600)
    assert texts(look(tmp_path), "warning") == []
    token.chmod(0o640)
    folder.chmod(0o750)
    facts = look(tmp_path)
    (warning,) = texts(facts, "warning")
    assert "0750" in warning
    assert "0640" in warning
    assert (facts["mode"], facts["token_mode"]) == ("0750", "0640")
