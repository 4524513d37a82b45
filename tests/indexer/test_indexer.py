"""The indexer over a real folder, real index files and the real parser; only the embedding model is a stand-in."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sidecar.embedding.measure import TextLimit
from sidecar.embedding.model import Embeddings, TextKind
from sidecar.errors import ProgramReplacedError
from sidecar.index import records
from sidecar.index.database import Database
from sidecar.index.schema import fingerprint
from sidecar.index.shelf import is_complete, open_index
from sidecar.indexer.indexer import Indexer
from sidecar.indexer.parsing import Parser
from sidecar.notes.formats import unread_rule
from sidecar.notes.rules import ReadingRules
from sidecar.own_files import OwnFiles
from sidecar.vault.exclusions import Exclusions


class GatedModel:
    """Answers only while its gate is open; remembers what it was given."""

    name = "gated"
    fingerprint = "gated"
    on_this_machine = True

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.asked = asyncio.Event()
        self.texts: list[str] = []

    async def dimensions(self) -> int:
        return 4

    async def text_limit(self) -> TextLimit:
        return TextLimit()

    async def embed(self, texts: Sequence[str], *, kind: TextKind) -> Embeddings:
        self.asked.set()
        await self.gate.wait()
        self.texts.extend(texts)
        return Embeddings(vectors=np.eye(4, dtype=np.float32)[[0] * len(texts)], token_counts=(1,) * len(texts))

    async def aclose(self) -> None:
        """Nothing to close."""


class Bench:
    """A vault, two index files and an indexer that writes to those of them that are in use."""

    def __init__(self, vault: Path, first: Database, second: Database, parser: Parser) -> None:
        self.vault = vault
        self.first = first
        self.second = second
        self.targets: tuple[Database, ...] = (first,)
        self.exclusions = Exclusions()
        self.model = GatedModel()
        self.model.gate.set()
        self.completions = 0
        self.indexer = Indexer(
            vault,
            targets=lambda: self.targets,
            parser=parser,
            exclusions=lambda: self.exclusions,
            embedding=self.model,
            embedding_name="gated",
            on_complete=self._completed,
        )

    async def _completed(self) -> None:
        self.completions += 1

    def write(self, path: str, text: str) -> None:
        file = self.vault / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    async def paths(self, database: Database | None = None) -> set[str]:
        return {note.path for note in await (database or self.first).read(records.notes)}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    vault = tmp_path / "vault"
    vault.mkdir()
    first = await open_index(tmp_path / "index", fingerprint(reading="test", embedding="one"))
    second = await open_index(tmp_path / "index", fingerprint(reading="test", embedding="two"))
    parser = Parser(vault, rules=ReadingRules)
    yield Bench(vault, first, second, parser)
    await parser.aclose()
    await first.aclose()
    await second.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize("told", ["nothing", "both folders", "the old one first"])
async def test_most_of_a_vault_may_move_to_another_folder_and_nothing_is_computed_anew(bench: Bench, told: str) -> None:
    for number in range(40):
        bench.write(f"Old/{number}.md", f"wombat{number} digs")
    await bench.indexer.reconcile()
    await bench.indexer.embed()
    embedded = len(bench.model.texts)

    (bench.vault / "Old").rename(bench.vault / "New")
    if told == "nothing":
        await bench.indexer.reconcile()
    elif told == "both folders":
        await bench.indexer.refresh([], ["New", "Old"])
    else:
        await bench.indexer.refresh([f"Old/{number}.md" for number in range(40)], [])
        # Where so many are gone, everything is looked at: they are found again in the same go.
        assert bench.indexer.progress.held == ()
        await bench.indexer.refresh([], ["New"])
    await bench.indexer.embed()

    assert await bench.paths() == {f"New/{number}.md" for number in range(40)}
    assert bench.indexer.progress.held == ()
    assert len(bench.model.texts) == embedded


@pytest.mark.anyio
async def test_a_renamed_note_that_the_watcher_tells_of_keeps_its_vectors(bench: Bench) -> None:
    bench.write("Folder/Note.md", "a quokka smiles")
    await bench.indexer.reconcile()
    await bench.indexer.embed()

    (bench.vault / "Folder" / "Note.md").rename(bench.vault / "Note.md")
    await bench.indexer.refresh(["Folder/Note.md", "Note.md"])
    await bench.indexer.embed()

    assert await bench.paths() == {"Note.md"}
    assert len(bench.model.texts) == 1


@pytest.mark.anyio
async def test_notes_that_swap_their_names_and_a_folder_that_becomes_a_file_are_followed(bench: Bench) -> None:
    bench.write("A.md", "alpha")
    bench.write("B.md", "beta")
    bench.write("C.md/inner.md", "gamma")
    await bench.indexer.reconcile()

    (bench.vault / "A.md").rename(bench.vault / "T.md")
    (bench.vault / "B.md").rename(bench.vault / "A.md")
    (bench.vault / "T.md").rename(bench.vault / "B.md")
    (bench.vault / "C.md" / "inner.md").unlink()
    (bench.vault / "C.md").rmdir()
    bench.write("C.md", "delta")
    await bench.indexer.refresh(["A.md", "B.md", "T.md"], ["C.md"])

    texts = {path: await bench.first.read(lambda c, p=path: records.chunks_of(c, p)) for path in await bench.paths()}  # type: ignore[misc]  # mypy cannot infer a lambda's default
    assert {path: chunks[0].text for path, chunks in texts.items()} == {
        "A.md": "beta",
        "B.md": "alpha",
        "C.md": "delta",
    }


@pytest.mark.anyio
async def test_held_notes_that_come_back_are_held_no_longer(bench: Bench, tmp_path: Path) -> None:
    for number in range(20):
        bench.write(f"{number}.md", f"wombat{number} digs")
    await bench.indexer.reconcile()
    for number in range(15):
        (bench.vault / f"{number}.md").rename(tmp_path / f"{number}.md")
    await bench.indexer.refresh([f"{number}.md" for number in range(15)])
    assert len(bench.indexer.progress.held) == 15

    for number in range(15):
        (tmp_path / f"{number}.md").rename(bench.vault / f"{number}.md")
    await bench.indexer.refresh([f"{number}.md" for number in range(15)])

    assert bench.indexer.progress.held == ()


@pytest.mark.anyio
async def test_a_deletion_and_a_flag_are_obeyed_while_a_slow_model_still_embeds(bench: Bench) -> None:
    bench.write("Gone.md", "the okapi hides")
    bench.write("Private.md", "the secret word")
    await bench.indexer.reconcile()
    bench.model.gate.clear()
    embedding = asyncio.create_task(bench.indexer.embed())
    await bench.model.asked.wait()

    (bench.vault / "Gone.md").unlink()
    bench.write("Private.md", "---\nprivate: true\n---\nthe secret word")
    async with asyncio.timeout(10):
        await bench.indexer.refresh(["Gone.md", "Private.md"])
    assert await bench.paths() == set()

    bench.model.gate.set()
    await embedding
    assert (await bench.first.read(records.counts)).chunks == 0


@pytest.mark.anyio
async def test_an_index_taken_up_again_makes_the_one_that_serves_meanwhile_forget_what_is_gone(bench: Bench) -> None:
    for name in ("Kept", "Gone", "Hidden"):
        bench.write(f"{name}.md", f"{name} text")
    bench.targets = (bench.second,)
    await bench.indexer.reconcile()

    (bench.vault / "Gone.md").unlink()
    bench.exclusions = Exclusions.build(globs=["Hidden.md"])
    bench.targets = (bench.first,)
    await bench.indexer.reconcile()
    bench.targets = (bench.first, bench.second)
    await bench.indexer.reconcile()

    assert await bench.paths(bench.first) == {"Kept.md"}
    assert await bench.paths(bench.second) == {"Kept.md"}


@pytest.mark.anyio
async def test_an_index_is_whole_only_after_a_look_at_the_whole_vault(bench: Bench) -> None:
    bench.write("A.md", "alpha")
    await bench.indexer.refresh(["A.md"])
    await bench.indexer.embed()
    assert not await is_complete(bench.first)

    await bench.indexer.reconcile()
    await bench.indexer.embed()
    assert await is_complete(bench.first)
    assert bench.completions == 1


@pytest.mark.anyio
async def test_a_note_that_cannot_be_read_any_more_keeps_its_text_until_it_can(
    bench: Bench,
) -> None:
    bench.write("a.md", "The numbat forages.")
    await bench.indexer.reconcile()
    note = bench.vault / "a.md"
    # Permissions do not bind every user who runs tests; a file above the size limit is refused in the same place.
    parse = Parser(bench.vault, rules=ReadingRules, max_bytes=4)
    readable, bench.indexer._files._parser = bench.indexer._files._parser, parse
    note.write_text("The numbat forages by day.", encoding="utf-8")
    for _ in range(2):
        await bench.indexer.refresh(["a.md"])
        assert await bench.paths() == {"a.md"}
    kept = (await bench.first.read(records.ledger))["a.md"]
    assert kept.status == "indexed"
    assert [problem.code for problem in kept.problems] == ["unreadable"]
    await parse.aclose()

    bench.indexer._files._parser = readable
    await bench.indexer.reconcile()
    assert (await bench.first.read(records.ledger))["a.md"].problems == ()
    (chunk,) = await bench.first.read(lambda connection: records.chunks_of(connection, "a.md"))
    assert chunk.text == "The numbat forages by day."


@pytest.mark.anyio
async def test_a_file_that_never_could_be_read_is_listed_as_failed(bench: Bench) -> None:
    bench.write("a.md", "The numbat forages.")
    parse = Parser(bench.vault, rules=ReadingRules, max_bytes=4)
    bench.indexer._files._parser = parse
    await bench.indexer.reconcile()
    assert (await bench.first.read(records.ledger))["a.md"].status == "failed"
    await parse.aclose()


@pytest.mark.anyio
async def test_images_neither_hide_that_the_notes_are_gone_nor_look_like_notes(bench: Bench) -> None:
    bench.exclusions = Exclusions.build(unread=partial(unread_rule, flavour="obsidian"))
    for number in range(100):
        bench.write(f"Images/Porto by night {number}.png", "")
    for number in range(20):
        bench.write(f"Notes/{number}.md", f"wombat{number}")
    await bench.indexer.reconcile()

    for number in range(60):
        (bench.vault / f"Images/Porto by night {number}.png").unlink()
    await bench.indexer.reconcile()
    assert bench.indexer.progress.held == ()
    assert len(await bench.paths()) == 60

    shutil.rmtree(bench.vault / "Notes")
    await bench.indexer.reconcile()
    assert len(bench.indexer.progress.held) == 20
    assert len(await bench.paths()) == 60


@pytest.mark.anyio
async def test_a_folder_called_like_a_file_takes_its_notes_along(bench: Bench) -> None:
    bench.write("Paper.pdf/a.md", "a wombat")
    bench.write("Paper.pdfs.md", "a numbat")
    await bench.indexer.reconcile()
    (bench.vault / "Paper.pdf").rename(bench.vault.parent / "elsewhere")
    await bench.indexer.refresh(["Paper.pdf"])
    assert await bench.paths() == {"Paper.pdfs.md"}


@pytest.mark.anyio
async def test_headings_that_are_written_otherwise_but_say_the_same_together_are_kept_as_written(bench: Bench) -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 60
    bench.write("a.md", f"# A > B\n\n{text}")
    await bench.indexer.reconcile()
    bench.write("a.md", f"# A\n\n## B\n\n{text}")
    await bench.indexer.refresh(["a.md"])
    chunks = await bench.first.read(lambda connection: records.chunks_of(connection, "a.md"))
    assert len(chunks) > 1
    assert {chunk.heading_path for chunk in chunks} == {("A", "B")}


@pytest.mark.anyio
async def test_what_an_unreadable_folder_lacks_stays_told_while_other_folders_are_looked_at(bench: Bench) -> None:
    bench.write("a.md", "a wombat")
    await bench.indexer.reconcile()
    bench.indexer.progress.problems = ["Folder cannot be read: denied."]
    bench.write("Other/b.md", "a numbat")
    await bench.indexer.refresh([], ["Other"])
    assert bench.indexer.progress.problems == ["Folder cannot be read: denied."]
    await bench.indexer.reconcile()
    assert bench.indexer.progress.problems == []


@pytest.mark.anyio
async def test_the_only_note_of_a_vault_is_held_when_nothing_is_left_in_its_folder(
    bench: Bench, tmp_path: Path
) -> None:
    bench.write("Only.md", "A quokka.")
    await bench.indexer.reconcile()
    (bench.vault / "Only.md").rename(tmp_path / "aside.md")
    await bench.indexer.reconcile()
    assert bench.indexer.progress.held == ("Only.md",)
    assert await bench.paths() == {"Only.md"}


@pytest.mark.anyio
async def test_the_only_note_of_a_vault_is_forgotten_when_something_else_is_left(bench: Bench) -> None:
    bench.write("Only.md", "A quokka.")
    bench.write(".obsidian/app.json", "{}")
    await bench.indexer.reconcile()
    (bench.vault / "Only.md").unlink()
    await bench.indexer.reconcile()
    assert await bench.paths() == set()


@pytest.mark.anyio
async def test_a_file_that_is_no_note_goes_from_a_vault_without_notes(bench: Bench) -> None:
    bench.write("report.docx", "")
    await bench.indexer.reconcile()
    (bench.vault / "report.docx").unlink()
    await bench.indexer.reconcile()
    assert bench.indexer.progress.held == ()


@pytest.mark.anyio
async def test_after_an_update_what_may_have_become_private_is_not_found_until_the_restart(tmp_path: Path) -> None:
    vault, package = tmp_path / "vault", tmp_path / "package"
    for folder in (vault, package):
        folder.mkdir()
    first = await open_index(tmp_path / "index", fingerprint(reading="test", embedding="one"))
    second = await open_index(tmp_path / "index", fingerprint(reading="test", embedding="two"))
    before = Parser(vault, rules=ReadingRules, own_files=OwnFiles(package))
    bench = Bench(vault, first, second, before)
    for name in ("kept", "marked", "deleted"):
        bench.write(f"{name}.md", f"The {name} numbat.")
    await bench.indexer.reconcile()
    await before.aclose()

    replaced = Parser(vault, rules=ReadingRules, own_files=OwnFiles(package))
    bench.indexer._files._parser = replaced
    (package / "new.py").write_text("", encoding="utf-8")
    bench.write("marked.md", "---\nprivate: true\n---\nThe marked numbat.")
    (vault / "deleted.md").unlink()
    with pytest.raises(ProgramReplacedError):
        await bench.indexer.refresh(["marked.md", "deleted.md"])
    assert await bench.paths() == {"kept.md"}
    files = b"".join(file.read_bytes() for file in (tmp_path / "index").iterdir())
    assert b"The kept numbat" in files
    assert b"The marked numbat" not in files
    assert b"The deleted numbat" not in files
    with pytest.raises(ProgramReplacedError):
        await bench.indexer.reconcile()
    assert await bench.paths() == {"kept.md"}
    assert not bench.indexer.progress.ready
    await replaced.aclose()

    restarted = Parser(vault, rules=ReadingRules, own_files=OwnFiles(package))
    bench.indexer._files._parser = restarted
    bench.write("marked.md", "The marked numbat, again.")
    await bench.indexer.reconcile()
    assert await bench.paths() == {"kept.md", "marked.md"}
    for each in (restarted, first, second):
        await each.aclose()
