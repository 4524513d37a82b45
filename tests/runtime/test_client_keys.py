"""Clients' keys in their file, and as a running server knows them."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors import ConfigError
from sidecar.runtime import client_keys
from sidecar.runtime.client_keys import FILE, MOST, Scope, create, load, read_scope, revoke
from sidecar.runtime.key_ring import USED_FILE, KeyRing, last_used

pytestmark = pytest.mark.anyio

NOW = 1_795_327_944.0
DAY = 86_400.0


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def made(folder: Path, name: str = "phone", scope: Scope = Scope.CHAT, seconds: float | None = None) -> bytes:
    return create(folder, name=name, scope=scope, now=NOW, seconds=seconds).encode("ascii")


def test_a_key_is_found_with_its_scope_and_stands_in_no_file(tmp_path: Path) -> None:
    key = made(tmp_path)
    found = KeyRing(tmp_path, clock=Clock()).find(key)
    assert found is not None
    assert (found.name, found.scope, found.made, found.expires) == ("phone", Scope.CHAT, NOW, None)
    assert key.startswith(b"sk-sidecar-")
    assert len(key) >= 54
    for path in tmp_path.iterdir():
        assert key.removeprefix(b"sk-sidecar-") not in path.read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="rights are kept otherwise there")
async def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path, clock=Clock())
    found = ring.find(made(tmp_path))
    assert found is not None
    ring.note_use(found)
    await asyncio.get_running_loop().shutdown_default_executor()
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    assert {FILE, USED_FILE} <= {path.name for path in tmp_path.iterdir()}


def test_no_other_key_is_found(tmp_path: Path) -> None:
    key = made(tmp_path)
    digest = load(tmp_path)[0].sha256.encode()
    wrong = [b"", b"x", key[:-1], key + b"a", key.swapcase(), digest, b"\xff" * 54, b"k" * 1_000_000, key + b"\0"]
    ring = KeyRing(tmp_path, clock=Clock())
    assert [ring.find(each) for each in wrong] == [None] * len(wrong)


def test_a_revoked_key_is_gone_at_once_and_the_others_stay(tmp_path: Path) -> None:
    first, second = made(tmp_path), made(tmp_path, "laptop", Scope.READ)
    ring = KeyRing(tmp_path, clock=Clock())
    assert ring.find(first) is not None
    assert revoke(tmp_path, "PHONE ").name == "phone"
    assert ring.find(first) is None
    kept = ring.find(second)
    assert kept is not None
    assert kept.name == "laptop"
    with pytest.raises(ConfigError, match="no key named 'phone'"):
        revoke(tmp_path, "phone")


def test_a_key_made_while_the_server_runs_is_found_at_once(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path, clock=Clock())
    assert ring.find(b"nothing yet") is None
    keys = [made(tmp_path, f"client {number}") for number in range(5)]
    assert all(ring.find(key) for key in keys)


def test_a_key_opens_until_it_expires(tmp_path: Path) -> None:
    clock = Clock()
    ring, key = KeyRing(tmp_path, clock=clock), made(tmp_path, seconds=30 * DAY)
    clock.now = NOW + 30 * DAY - 1
    assert ring.find(key) is not None
    clock.now = NOW + 30 * DAY
    assert ring.find(key) is None


DAMAGED: dict[str, str | bytes] = {
    "nothing": "",
    "no JSON": "{",
    "no UTF-8": b"\xff\xfe",
    "a list": "[]",
    "no keys": "{}",
    "keys that are none": '{"keys": [1]}',
    "deep nesting": "[" * 100_000,
    "more than keys can take": '{"keys": []}' + " " * 300_000,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_opens_nothing_and_is_not_written_over(tmp_path: Path, content: str | bytes) -> None:
    key = made(tmp_path)
    ring = KeyRing(tmp_path, clock=Clock())
    assert ring.find(key) is not None
    damaged = content if isinstance(content, bytes) else content.encode()
    (tmp_path / FILE).write_bytes(damaged)
    assert ring.find(key) is None
    for change in (lambda: made(tmp_path, "other"), lambda: revoke(tmp_path, "phone"), lambda: load(tmp_path)):
        with pytest.raises(ConfigError, match="no list of keys"):
            change()
    assert (tmp_path / FILE).read_bytes() == damaged


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_in_the_files_place_holds_nobody_up(tmp_path: Path) -> None:
    key = made(tmp_path)
    kept = (tmp_path / FILE).rename(tmp_path / "kept")
    os.mkfifo(tmp_path / FILE)
    ring = KeyRing(tmp_path, clock=Clock())
    assert ring.find(key) is None
    kept.replace(tmp_path / FILE)
    assert ring.find(key) is not None


@pytest.mark.skipif(os.name != "posix", reason="limits are set otherwise there")
def test_a_file_that_could_not_be_opened_once_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import resource  # does not exist on Windows

    key, ring = made(tmp_path), KeyRing(tmp_path, clock=Clock())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert [ring.find(key) for _ in range(3)] == [None] * 3
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert ring.find(key) is not None
    assert [record.getMessage() for record in caplog.records if record.name == "sidecar.keys"] == [
        "the file of the clients' keys cannot be read: OSError"
    ]


def test_to_revoke_a_key_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no key named 'phone'"):
        revoke(tmp_path / "none", "phone")
    assert not (tmp_path / "none").exists()


FIELDS: dict[str, tuple[str, Any]] = {
    "a scope that is none": ("scope", "owner"),
    "an open scope": ("scope", "open"),
    "a scope that is no text": ("scope", ["chat"]),
    "a name that is no text": ("name", 1),
    "a short digest": ("sha256", "abc"),
    "half a character": ("sha256", "\ud800" * 64),
    "no digest": ("sha256", None),
    "never, as a number": ("expires", float("nan")),
    "for ever, as a number": ("expires", float("inf")),
    "an endless number": ("expires", 10**400),
    "a time as text": ("made", "now"),
}


@pytest.mark.parametrize(("field", "value"), FIELDS.values(), ids=FIELDS)
def test_a_key_with_a_field_that_is_none_opens_nothing(tmp_path: Path, field: str, value: object) -> None:
    key = made(tmp_path)
    facts = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    facts["keys"][0][field] = value
    (tmp_path / FILE).write_text(json.dumps(facts), encoding="utf-8")
    assert KeyRing(tmp_path, clock=Clock()).find(key) is None
    with pytest.raises(ConfigError, match="no list of keys"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("read", Scope.READ),
        ("chat", Scope.CHAT),
        ("READ, chat", Scope.CHAT),
        ("write,read", Scope.WRITE),
        ("read,chat,write", Scope.WRITE),
    ],
)
def test_a_list_of_scopes_is_its_widest(text: str, scope: Scope) -> None:
    assert read_scope(text) is scope


@pytest.mark.parametrize("text", ["", "owner", "open", "read,", "read chat", "rëad", "x" * 1_000_000])
def test_what_is_no_scope_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="no scope"):
        read_scope(text)


NAMES = ["phone", "Telefone da Inês", "Küche", "téléphone", "телефон", "手机", "スマホ", "โทรศัพท์", "هاتف", "फ़ोन", "📱"]


def test_names_may_be_in_any_language(tmp_path: Path) -> None:
    for name in NAMES:
        made(tmp_path, name)
    assert [key.name for key in load(tmp_path)] == NAMES
    for name in NAMES:
        revoke(tmp_path, name.upper())
    assert load(tmp_path) == ()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\0b", "\x1b[31mred", "\u202ephone", "\ud800", "x" * 65])
def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="name of a key"):
        made(tmp_path, name)
    assert load(tmp_path) == ()


@pytest.mark.parametrize("name", ["phone", "PHONE", " Phone ", "ｐｈｏｎｅ"])
def test_names_that_look_alike_are_taken(tmp_path: Path, name: str) -> None:
    made(tmp_path)
    with pytest.raises(ConfigError, match="There is a key named"):
        made(tmp_path, name)


def test_there_is_an_end_of_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST >= 16
    monkeypatch.setattr(client_keys, "MOST", 2)
    made(tmp_path, "one")
    made(tmp_path, "two")
    with pytest.raises(ConfigError, match="2 keys already"):
        made(tmp_path, "three")


def test_commands_that_run_at_once_lose_no_key(tmp_path: Path) -> None:
    threads = [threading.Thread(target=made, args=(tmp_path, f"client {number}")) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key.name for key in load(tmp_path)} == {f"client {number}" for number in range(8)}


async def test_the_last_use_is_kept_to_the_day_and_for_keys_that_there_are(tmp_path: Path) -> None:
    clock = Clock()
    ring = KeyRing(tmp_path, clock=clock)
    phone, laptop = ring.find(made(tmp_path)), ring.find(made(tmp_path, "laptop"))
    assert phone is not None
    assert laptop is not None
    ring.note_use(phone)
    clock.now += DAY
    ring.note_use(laptop)
    revoke(tmp_path, "phone")
    ring.find(b"")
    clock.now += DAY
    ring.note_use(laptop)
    await asyncio.get_running_loop().shutdown_default_executor()
    assert last_used(tmp_path) == {laptop.sha256: "2026-11-24"}


async def test_a_key_that_is_used_again_on_the_same_day_writes_nothing(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path, clock=Clock())
    key = ring.find(made(tmp_path))
    assert key is not None
    ring.note_use(key)
    await asyncio.get_running_loop().shutdown_default_executor()
    (tmp_path / USED_FILE).unlink()
    # With the executor gone, a write would raise.
    ring.note_use(key)
    assert not (tmp_path / USED_FILE).exists()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', "[" * 100_000])
def test_a_damaged_list_of_uses_is_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / USED_FILE).write_text(content, encoding="utf-8")
    assert last_used(tmp_path) == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_neither_a_pipe_nor_a_large_file_in_the_place_of_the_uses_holds_anybody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / USED_FILE)
    assert last_used(tmp_path) == {}
    (tmp_path / USED_FILE).unlink()
    (tmp_path / USED_FILE).write_text('{"a": "2026-11-22"}' + " " * 100_000, encoding="utf-8")
    assert last_used(tmp_path) == {}


async def test_a_use_that_could_not_be_noted_is_noted_a_minute_later(tmp_path: Path) -> None:
    clock = Clock()
    ring = KeyRing(tmp_path, clock=clock)
    found = ring.find(made(tmp_path))
    assert found is not None
    with ThreadPoolExecutor(max_workers=1) as alone:
        asyncio.get_running_loop().set_default_executor(alone)

        async def used() -> Mapping[str, str]:
            ring.note_use(found)
            # What comes next in a thread comes after what was begun before.
            return await asyncio.to_thread(last_used, tmp_path)

        # Nothing can take the place of a folder.
        (tmp_path / USED_FILE).mkdir()
        assert await used() == {}
        (tmp_path / USED_FILE).rmdir()
        clock.now += 59
        assert await used() == {}
        clock.now += 1
        assert await used() == {found.sha256: "2026-11-22"}
