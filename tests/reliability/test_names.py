"""Promise 11, of names and times: whatever a file is called and dated, it is found or listed with its reason."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.reliability.truth import left_out, notes_in, notes_known
from tests.serving import Server, environment, serve, until

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other systems' file systems refuse or change many of these names"
)
_NFC, _NFD = (unicodedata.normalize(form, "Café.md") for form in ("NFC", "NFD"))
_STRANGE = {
    "emoji 🧭🏴‍☠️.md",
    "مرحبا بالعالم.md",
    "\u202egnp.exe\u202c.md",
    "zero\u200bwidth\ufeff.md",
    "ไทย.md",
    "日本語のノート.md",
    "हिन्दी.md",
    "CON.md",
    "nul.tar.md",
    "trailing dot..md",
    "trailing space .md",
    "folder ends in a dot./note.md",
    "folder ends in a space /note.md",
    "-rf.md",
    "%2e%2e%2f.md",
    "#hash?query&a=b.md",
    "quote\"'`$(x).md",
    "colon: pipe| star* less< more>.md",
    "line\nbreak.md",
    "tab\tand\x1b[31m.md",
    "[[bracket]]^#|.md",
    "é" * 126 + ".md",  # 255 bytes, the most there is
    "a" * 252 + ".md",
}
_UNUSABLE = {
    b"bad\xff.md": "bad\\xff.md",
    b"bad\xfe.md": "bad\\xfe.md",
    b"back\\slash.md": "back\\slash.md",
    b"lone \xed\xa0\x80.md": "lone \\xed\\xa0\\x80.md",
}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "Harbour.md").write_text("lighthouse [[Café]] [[Cafe\u0301]]", encoding="utf-8")
    return folder


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _note(server: Server, path: str) -> str:
    return server.client.get(f"/vault/notes/{quote(path)}").text


@pytest.mark.promise(11)
def test_every_name_is_found_or_listed_with_its_reason(vault: Path, tmp_path: Path) -> None:
    """Half of them are there at the start, the others come up while the server runs."""
    strange = sorted(_STRANGE)
    for number, name in enumerate(strange[::2]):
        _write(vault / name, f"early{number}q")
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data") as server:
        for number, name in enumerate(strange[1::2]):
            _write(vault / name, f"late{number}q")
        for raw in _UNUSABLE:
            (vault / os.fsdecode(raw)).write_text("unreachableq", encoding="utf-8")
        until(lambda: notes_known(server) == _STRANGE | {"Harbour.md"})
        until(lambda: left_out(server) == dict.fromkeys(_UNUSABLE.values(), "unusable-name"))
        words = {name: f"early{number}q" for number, name in enumerate(strange[::2])}
        words |= {name: f"late{number}q" for number, name in enumerate(strange[1::2])}
        assert {name: server.best(word) for name, word in words.items()} == {name: name for name in words}
        # A route of Starlette's ends at a line break: that one is found, but its address leads nowhere.
        assert [name for name, word in words.items() if word not in _note(server, name)] == ["line\nbreak.md"]
        why = {name: server.client.get("/vault/why", params={"path": name}).json()["status"] for name in words}
        assert why == dict.fromkeys(words, "indexed")
        _write(vault / "Later.md", "afterwardsq")
        until(lambda: server.best("afterwardsq") == "Later.md")
    for name in ("line\nbreak.md", "tab\tand\x1b[31m.md", "bad\\xff.md"):
        _assert_explained(vault, tmp_path / "data", name)


def _assert_explained(vault: Path, data_dir: Path, name: str) -> None:
    command = [sys.executable, "-m", "sidecar", "why", name, "--vault", str(vault), "--embedding-model", "none"]
    done = subprocess.run(
        [*command, "--data-dir", str(data_dir)], capture_output=True, env=environment(), check=False, timeout=60
    )
    assert b"Traceback" not in done.stderr
    assert b"\x1b" not in done.stdout
    assert (b"unusable-name" if name.startswith("bad") else b"indexed") in done.stdout + done.stderr


@pytest.mark.promise(11)
def test_two_names_that_look_the_same_are_two_notes_and_a_rename_between_them_keeps_the_note(
    vault: Path, tmp_path: Path
) -> None:
    _write(vault / _NFC, "composedq")
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data") as server:
        # Written in either form, a link leads to the one note that there is.
        assert _targets(server) == [_NFC, _NFC]
        (vault / _NFC).rename(vault / _NFD)
        until(lambda: server.best("composedq") == _NFD)
        assert notes_known(server) == {"Harbour.md", _NFD}
        until(lambda: _targets(server) == [_NFD, _NFD])
        _write(vault / _NFC, "anotherq")
        until(lambda: server.best("anotherq") == _NFC)
        assert server.best("composedq") == _NFD
        assert notes_known(server) == notes_in(vault) == {"Harbour.md", _NFC, _NFD}
        assert None not in _targets(server)
        (vault / _NFD).unlink()
        until(lambda: notes_known(server) == {"Harbour.md", _NFC})
        until(lambda: _targets(server) == [_NFC, _NFC])


def _targets(server: Server) -> list[str | None]:
    return [link["path"] for link in server.client.get("/vault/notes/Harbour.md").json()["links"]]


@pytest.mark.promise(11)
def test_a_rename_in_case_alone_is_followed(vault: Path, tmp_path: Path) -> None:
    _write(vault / "note.md", "windmillq")
    _write(vault / "folder" / "Inner.md", "innerq")
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data") as server:
        (vault / "note.md").rename(vault / "Note.md")
        (vault / "folder").rename(vault / "Folder")
        until(lambda: notes_known(server) == {"Harbour.md", "Note.md", "Folder/Inner.md"})
        assert (server.best("windmillq"), server.best("innerq")) == ("Note.md", "Folder/Inner.md")


@pytest.mark.promise(11)
def test_times_before_1970_and_after_2262_and_clocks_that_go_back_change_nothing(vault: Path, tmp_path: Path) -> None:
    years = {"1901": -2_145_916_800, "1970": 0, "2100": 4_102_444_800, "2400": 13_569_465_600}
    for year, seconds in years.items():
        _write(vault / f"Year {year}.md", f"year{year}q")
        os.utime(vault / f"Year {year}.md", ns=(seconds * 10**9, seconds * 10**9))
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data") as server:
        assert {server.best(f"year{year}q") for year in years} == {f"Year {year}.md" for year in years}
        _write(vault / "Year 2400.md", "edited2400q")
        os.utime(vault / "Year 2400.md", (1, 1))
        until(lambda: server.best("edited2400q") == "Year 2400.md")
        assert server.client.get("/v1/files").status_code == 200
        hits = server.client.post("/vault/search", json={"query": "year1901q"}).json()["results"]
        assert hits[0]["path"] == "Year 1901.md"
        assert server.status()["vaults"][0]["problems"] == []
