"""A vault that changes under a running server, and a server that is stopped, started and given other models."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from tests.serving import DEMO_VAULT, serve, until


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "Meu cofre é"
    folder.mkdir()
    for name, text in {
        "Alpha.md": "# Alpha\n\nThe aardvark sleeps at noon.",
        "Beta.md": "# Beta\n\nThe bandicoot eats figs. See [[Alpha]].",
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_saved_note_is_searchable_in_under_a_second(vault: Path, tmp_path: Path) -> None:
    with serve(vault, data_dir=tmp_path / "data") as server:
        took = []
        for number in range(5):
            word = f"quagga{number}"
            begun = time.monotonic()
            (vault / f"New {number}.md").write_text(f"A {word} came by.", encoding="utf-8")
            until(lambda name=f"New {number}.md", word=word: server.best(word) == name, seconds=10)  # type: ignore[misc]  # mypy cannot infer a lambda's default
            took.append(time.monotonic() - begun)
        assert sorted(took)[2] < 1.0, took


def test_deleted_renamed_moved_and_flagged_notes_follow(vault: Path, tmp_path: Path) -> None:
    with serve(vault, data_dir=tmp_path / "data") as server:
        assert server.best("bandicoot") == "Beta.md"
        (vault / "Beta.md").rename(vault / "Gamma.md")
        until(lambda: server.best("bandicoot") == "Gamma.md")
        (vault / "Folder").mkdir()
        (vault / "Gamma.md").rename(vault / "Folder" / "Gamma.md")
        until(lambda: server.best("bandicoot") == "Folder/Gamma.md")
        shutil.rmtree(vault / "Folder")
        until(lambda: server.indexed() == {"Alpha.md"})
        (vault / "Alpha.md").write_text("---\nprivate: true\n---\nThe aardvark sleeps at noon.", encoding="utf-8")
        until(lambda: server.found("aardvark") == [])
        assert server.indexed() == set()
        assert server.client.get("/vault/why", params={"path": "Alpha.md"}).json()["status"] == "excluded"


@pytest.mark.parametrize("ending", ["deleted", "private", "edited"])
def test_text_that_left_the_vault_leaves_every_file_of_the_index(vault: Path, tmp_path: Path, ending: str) -> None:
    data = tmp_path / "data"
    note = vault / "Secret.md"
    note.write_text("The canary is called quetzalfiasco.", encoding="utf-8")
    with serve(vault, data_dir=data) as server:
        assert server.best("quetzalfiasco") == "Secret.md"
        if ending == "deleted":
            note.unlink()
        else:
            note.write_text("---\nprivate: true\n---\n" if ending == "private" else "Nothing.", encoding="utf-8")

        def held() -> list[str]:
            return [p.name for p in data.rglob("*") if p.is_file() and b"quetzalfiasco" in p.read_bytes()]

        until(lambda: not held(), seconds=10)


def test_a_second_start_reads_nothing_again_and_sees_what_changed_meanwhile(vault: Path, tmp_path: Path) -> None:
    with serve(vault, data_dir=tmp_path / "data") as server:
        assert server.best("aardvark") == "Alpha.md"
    (vault / "Beta.md").unlink()
    (vault / "Delta.md").write_text("A dugong swims.", encoding="utf-8")
    with serve(vault, data_dir=tmp_path / "data") as server:
        assert server.best("dugong") == "Delta.md"
        assert "Beta.md" not in server.found("bandicoot")


def test_another_embedding_model_is_built_beside_and_then_switched_to(
    vault: Path, tmp_path: Path, tiny_bert_gguf: Path
) -> None:
    data = tmp_path / "data"
    with serve(vault, data_dir=data) as server:
        assert server.status()["vaults"][0]["embedding"] == {"model": "builtin", "dimensions": 256}
    (before,) = data.glob("vaults/*/index-*.db")
    with serve(vault, "--embedding-model", tiny_bert_gguf, data_dir=data) as server:
        (status,) = server.status()["vaults"]
        assert status["embedding"]["dimensions"] == 64
        assert server.best("aardvark") == "Alpha.md"
    (after,) = data.glob("vaults/*/index-*.db")
    assert after != before


def test_many_notes_that_vanish_at_once_are_held_until_that_is_confirmed(tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    vault.mkdir()
    for number in range(40):
        (vault / f"Note {number}.md").write_text(f"wombat{number} digs", encoding="utf-8")
    with serve(vault, data_dir=tmp_path / "data") as server:
        aside = tmp_path / "aside"
        aside.mkdir()
        for number in range(20):
            (vault / f"Note {number}.md").rename(aside / f"Note {number}.md")
        until(lambda: any("vanished" in problem for problem in server.status()["vaults"][0]["problems"]))
        assert server.best("wombat3") == "Note 3.md"
        server.client.post("/vault/sync", json={"accept_removals": True})
        assert "Note 3.md" not in server.found("wombat3")
        assert server.status()["vaults"][0]["problems"] == []


def test_a_vault_that_disappears_keeps_answering(vault: Path, tmp_path: Path) -> None:
    with serve(vault, data_dir=tmp_path / "data") as server:
        vault.rename(tmp_path / "gone")
        server.client.post("/vault/sync", json={})
        assert server.best("aardvark") == "Alpha.md"
        until(lambda: server.status()["vaults"][0]["problems"])
        (tmp_path / "gone").rename(vault)
        until(lambda: not server.status()["vaults"][0]["problems"])


def test_a_vault_is_never_written_to(tmp_path: Path) -> None:
    vault = tmp_path / "demo"
    shutil.copytree(DEMO_VAULT, vault)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in vault.rglob("*") if p.is_file()}
    with serve(vault, data_dir=tmp_path / "data") as server:
        server.official.chat.completions.create(model="vault", messages=[{"role": "user", "content": "gate code?"}])
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in vault.rglob("*") if p.is_file()} == before


def test_the_index_and_the_token_are_readable_by_their_owner_alone(vault: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serve(vault, data_dir=data) as server:
        assert server.token.startswith("sk-sidecar-")
        files = [p for p in data.rglob("*") if p.is_file() and p.name not in {"serve.log", "lock"}]
        assert {p.name: oct(p.stat().st_mode & 0o077) for p in files} == {p.name: "0o0" for p in files}
        assert oct(data.stat().st_mode & 0o077) == "0o0"
        (index,) = [p for p in files if p.suffix == ".db"]
        with contextlib.closing(sqlite3.connect(index)) as connection:
            assert connection.execute("SELECT count(*) FROM notes").fetchone() == (2,)


def test_a_note_that_cannot_be_parsed_is_still_found_and_listed_with_its_problem(vault: Path, tmp_path: Path) -> None:
    (vault / "Broken.md").write_text("---\ntitle: [unclosed\n---\nA numbat forages.", encoding="utf-8")
    with serve(vault, data_dir=tmp_path / "data") as server:
        assert server.best("numbat") == "Broken.md"
        why = server.client.get("/vault/why", params={"path": "Broken.md"}).json()
        assert why["status"] == "indexed"
        assert why["problems"]


def test_several_vaults_answer_apart(vault: Path, tmp_path: Path) -> None:
    with serve(vault, DEMO_VAULT, data_dir=tmp_path / "data") as server:
        ids = [model.id for model in server.official.models.list()]
        assert {"Meu cofre é/extractive", "demo/extractive"} <= set(ids)
        assert "Alpha.md" not in server.found("aardvark", vault="demo")
        assert server.best("aardvark") == "Alpha.md"
