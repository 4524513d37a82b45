from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import os
import pickle
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sidecar.chunking import embedding_text
from sidecar.embedding.measure import TextLimit, estimate, open_counter
from sidecar.embedding.static import StaticEmbeddingModel
from sidecar.errors import WorkerCrashedError, WorkerError
from sidecar.index.store import FileState, LedgerEntry
from sidecar.indexer.comparing import changed
from sidecar.indexer.parse_result import QUARANTINED, ParseJob, ParseResult, load_result
from sidecar.indexer.parsing import Parser
from sidecar.language.streams import token_stream
from sidecar.notes.rules import ReadingRules
from sidecar.own_files import OwnFiles
from sidecar.vault.files import VaultFile

_FAILING = [sys.executable, "-P", str(Path(__file__).with_name("failing_worker.py"))]


def _parser(
    root: Path,
    *,
    text_limit: TextLimit | None = None,
    command: list[str] | None = None,
    workers: int = 2,
    deadline: float = 30.0,
    idle_seconds: float = 60.0,
) -> Parser:
    return Parser(
        root,
        rules=ReadingRules,
        text_limit=text_limit,
        workers=workers,
        deadline=deadline,
        idle_seconds=idle_seconds,
        max_bytes=100_000,
        command=command,
    )


def _jobs(*paths: str) -> list[ParseJob]:
    return [ParseJob(path=path, known_hash=None) for path in paths]


def _write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).write_text(f"# {name}\n\nWords of {name}.\n", encoding="utf-8")


async def _until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the worker still runs"
        await asyncio.sleep(0.02)


@pytest.fixture
async def parser(tmp_path: Path) -> AsyncIterator[Parser]:
    parser = _parser(tmp_path)
    yield parser
    await parser.aclose()


@pytest.fixture
async def failing(tmp_path: Path) -> AsyncIterator[Parser]:
    parser = _parser(tmp_path, command=_FAILING)
    yield parser
    await parser.aclose()


@pytest.mark.anyio
async def test_files_come_back_as_notes_with_chunks_and_terms(tmp_path: Path, parser: Parser) -> None:
    (tmp_path / "Daily").mkdir()
    source = "---\naliases: [Eins, 你好]\nrating: 5\n---\n# Über Füchse\n\nThe [[Fox]] runs. ^id\n\n#tag\n"
    (tmp_path / "Daily" / "2024-05-06.md").write_bytes(source.encode("utf-8"))
    (result,) = await parser.parse(_jobs("Daily/2024-05-06.md"))
    assert result.content_hash == hashlib.blake2b(source.encode("utf-8"), digest_size=16).digest()
    assert (result.size, result.unchanged, result.missing, result.error) == (len(source.encode()), False, False, None)
    assert result.mtime_ns == (tmp_path / "Daily" / "2024-05-06.md").stat().st_mtime_ns
    assert result.parsed is not None
    note, (chunk,) = result.parsed.note, result.parsed.chunks
    assert (note.text, note.blocks) == ("", ())
    assert (note.title, note.aliases, note.tags, note.date) == (
        "2024-05-06",
        ("Eins", "你好"),
        ("tag",),
        dt.date(2024, 5, 6),
    )
    assert note.properties["rating"] == 5
    assert [link.target for link in note.links] == ["Fox"]
    assert chunk.text == "# Über Füchse\n\nThe [[Fox]] runs. ^id\n\n#tag"
    assert (chunk.heading_path, chunk.block_ids) == (("Über Füchse",), ("id",))
    (streams,) = result.parsed.streams
    assert streams.body == token_stream(chunk.text, streams.language)
    assert streams.headings == token_stream("Über Füchse", streams.language)
    assert streams.title == token_stream("2024-05-06\nEins\n你好", streams.language)


@pytest.mark.anyio
async def test_a_known_hash_is_not_read_again(tmp_path: Path, parser: Parser) -> None:
    _write(tmp_path, "a.md")
    (first,) = await parser.parse(_jobs("a.md"))
    (second,) = await parser.parse([ParseJob(path="a.md", known_hash=first.content_hash)])
    assert (second.unchanged, second.parsed, second.content_hash) == (True, None, first.content_hash)
    (tmp_path / "a.md").write_text("changed", encoding="utf-8")
    (third,) = await parser.parse([ParseJob(path="a.md", known_hash=first.content_hash)])
    assert third.parsed is not None


@pytest.mark.anyio
async def test_what_cannot_be_read_is_a_result_each(tmp_path: Path, parser: Parser) -> None:
    _write(tmp_path, "a.md")
    (tmp_path / "folder.md").mkdir()
    (tmp_path / "large.md").write_bytes(b"x" * 100_001)
    results = await parser.parse(_jobs("gone.md", "folder.md", "large.md", "../outside.md", "a.md"))
    assert [result.path for result in results] == ["gone.md", "folder.md", "large.md", "../outside.md", "a.md"]
    assert [result.missing for result in results] == [True, False, False, False, False]
    assert [result.error is not None for result in results] == [False, True, True, True, False]
    assert results[4].parsed is not None


@pytest.mark.anyio
async def test_no_word_of_a_withheld_note_leaves_the_worker(tmp_path: Path, parser: Parser) -> None:
    source = "---\nprivate: true\ncanary: xyzzy\naliases: xyzzy\n---\n# xyzzy\n\n[[xyzzy]] #xyzzy\n"
    (tmp_path / "a.md").write_text(source, encoding="utf-8")
    (result,) = await parser.parse(_jobs("a.md"))
    assert result.parsed is not None
    assert result.parsed.note.withheld == "private: true"
    assert b"xyzzy" not in pickle.dumps(result)


@pytest.mark.anyio
async def test_batches_share_one_worker_that_is_started_when_needed(tmp_path: Path, parser: Parser) -> None:
    _write(tmp_path, *(f"{number}.md" for number in range(40)))
    assert not parser.worker_pids
    assert await parser.parse([]) == []
    assert not parser.worker_pids
    first, second = await asyncio.gather(
        parser.parse(_jobs(*(f"{number}.md" for number in range(16)))),
        parser.parse(_jobs(*(f"{number}.md" for number in range(16, 32)))),
    )
    (pid,) = parser.worker_pids
    assert [result.path for result in first + second] == [f"{number}.md" for number in range(32)]
    assert all(result.parsed for result in first + second)
    await parser.parse(_jobs("0.md"))
    assert parser.worker_pids == (pid,)


@pytest.mark.anyio
async def test_an_idle_worker_is_stopped_and_started_again(tmp_path: Path) -> None:
    _write(tmp_path, "a.md")
    parser = _parser(tmp_path, idle_seconds=0.05)
    await parser.parse(_jobs("a.md"))
    (pid,) = parser.worker_pids
    await _until_gone(pid)
    (result,) = await parser.parse(_jobs("a.md"))
    assert result.parsed is not None
    assert parser.worker_pids not in ((), (pid,))
    await parser.aclose()
    assert not parser.worker_pids


@pytest.mark.anyio
async def test_the_worker_is_polite_and_capped(tmp_path: Path, parser: Parser) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("niceness and address space are read from Linux's /proc")
    _write(tmp_path, "a.md")
    await parser.parse(_jobs("a.md"))
    process = psutil.Process(*parser.worker_pids)
    assert process.nice() == min(19, psutil.Process().nice() + 5)
    assert process.rlimit(psutil.RLIMIT_AS)[0] == 2 * 2**30


@pytest.mark.anyio
async def test_the_worker_loads_nothing_of_the_server(tmp_path: Path, parser: Parser) -> None:
    loaded = "import sys; sys.path.append({!r}); import sidecar.indexer.parse_worker; print(*sys.modules)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", loaded.format(str(Path(__file__).parents[2])), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    modules = {name.partition(".")[0] for name in output.decode().split()}
    assert "sidecar" in modules
    assert not modules & {
        "starlette",
        "uvicorn",
        "pydantic",
        "httpx2",
        "numpy",
        "click",
        "apsw",
        "llama_cpp",
        "tokenizers",
    }


@pytest.mark.anyio
async def test_a_file_that_kills_the_worker_twice_is_given_up_and_the_rest_goes_on(
    tmp_path: Path, failing: Parser
) -> None:
    names = ["a.md", "abort.md", "b.md", "abort2.md", "c.md"]
    _write(tmp_path, *names)
    results = await failing.parse(_jobs(*names))
    assert [result.path for result in results] == names
    assert [result.parsed is not None for result in results] == [True, False, True, False, True]
    assert results[1].error is not None
    assert results[1].error.startswith("The parser crashed on this note twice;")


@pytest.mark.anyio
async def test_a_file_on_which_the_worker_dies_once_is_read(tmp_path: Path, failing: Parser) -> None:
    _write(tmp_path, "a.md", "once.md", "b.md")
    results = await failing.parse(_jobs("a.md", "once.md", "b.md"))
    assert all(result.parsed is not None and result.parsed.note.problems == () for result in results)


@pytest.mark.anyio
async def test_a_file_that_takes_too_long_is_given_up_and_the_rest_goes_on(tmp_path: Path) -> None:
    _write(tmp_path, "a.md", "hang.md", "b.md")
    parser = _parser(tmp_path, command=_FAILING, deadline=1.0)
    results = await parser.parse(_jobs("a.md", "hang.md", "b.md"))
    await parser.aclose()
    assert [result.parsed is not None for result in results] == [True, False, True]
    assert results[1].error is not None
    assert results[1].error.startswith("The parser timed out on this note twice;")


@pytest.mark.anyio
async def test_a_file_that_takes_the_markdown_parser_too_long_is_read_plainly(tmp_path: Path) -> None:
    _write(tmp_path, "hang in markdown.md", "b.md")
    parser = _parser(tmp_path, command=_FAILING, deadline=1.0)
    slow, other = await parser.parse(_jobs("hang in markdown.md", "b.md"))
    await parser.aclose()
    assert slow.parsed is not None
    assert [problem.code for problem in slow.parsed.note.problems] == ["markdown-skipped"]
    assert other.parsed is not None
    assert other.parsed.note.problems == ()


@pytest.mark.anyio
async def test_a_worker_killed_from_outside_is_replaced(tmp_path: Path, parser: Parser) -> None:
    names = [f"{number}.md" for number in range(60)]
    _write(tmp_path, *names)
    await parser.parse(_jobs("0.md"))
    batch = asyncio.create_task(parser.parse(_jobs(*names)))
    await asyncio.sleep(0)
    psutil.Process(*parser.worker_pids).kill()
    results = await batch
    assert [result.path for result in results] == names
    assert all(result.parsed is not None and result.parsed.note.problems == () for result in results)


@pytest.mark.anyio
async def test_errors_in_the_worker_are_results(tmp_path: Path, failing: Parser) -> None:
    names = ["raise.md", "memory.md", "print.md", "huge.md", "a.md"]
    _write(tmp_path, *names)
    await failing.parse(_jobs("a.md"))
    pids = failing.worker_pids
    raised, memory, printed, huge, fine = await failing.parse(_jobs(*names))
    assert raised.error == "The parser failed on this note: RecursionError."
    assert memory.error == "Reading this note needs more memory than the parser may use."
    assert printed.parsed is not None
    assert huge.error == "This note is too large to be indexed."
    assert fine.parsed is not None
    assert failing.worker_pids == pids


@pytest.mark.anyio
async def test_an_answer_for_another_file_is_not_believed(tmp_path: Path, failing: Parser) -> None:
    _write(tmp_path, "lie.md", "a.md")
    lied, fine = await failing.parse(_jobs("lie.md", "a.md"))
    assert lied.error is not None
    assert fine.parsed is not None


@pytest.mark.anyio
async def test_a_cancelled_batch_does_not_answer_the_next_one(tmp_path: Path, parser: Parser) -> None:
    _write(tmp_path, *(f"{number}.md" for number in range(50)))
    await parser.parse(_jobs("0.md"))
    batch = asyncio.create_task(parser.parse(_jobs(*(f"{number}.md" for number in range(50)))))
    await asyncio.sleep(0.01)
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch
    (result,) = await parser.parse(_jobs("7.md"))
    assert result.parsed is not None
    assert result.parsed.note.title == "7"


@pytest.mark.anyio
async def test_a_cancelled_batch_does_not_answer_for_the_same_files(tmp_path: Path, parser: Parser) -> None:
    # Long enough for the worker to be still at it when the batch is cancelled.
    (tmp_path / "a.md").write_text("- [ ] a task [[of]] many\n" * 3_000, encoding="utf-8")
    await parser.parse(_jobs("gone.md"))
    batch = asyncio.create_task(parser.parse(_jobs("a.md")))
    await asyncio.sleep(0.01)
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch
    _write(tmp_path, "a.md")
    (result,) = await parser.parse(_jobs("a.md"))
    assert result.size == (tmp_path / "a.md").stat().st_size


@pytest.fixture
def many(tmp_path: Path) -> list[str]:
    """Names of enough notes for two workers."""
    if sys.platform == "linux" and len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one processor, so there is one worker")
    names = [f"{number}.md" for number in range(61)]
    _write(tmp_path, *names)
    return names


@pytest.mark.anyio
async def test_two_workers_share_a_large_batch_and_its_order_is_kept(
    tmp_path: Path, parser: Parser, many: list[str]
) -> None:
    results = await parser.parse(_jobs(*many))
    assert len(set(parser.worker_pids)) == 2
    assert [result.path for result in results] == many
    assert all(result.parsed is not None for result in results)


@pytest.mark.anyio
async def test_there_are_no_more_workers_than_asked_for(tmp_path: Path, many: list[str]) -> None:
    parser = _parser(tmp_path, workers=1)
    assert [result.path for result in await parser.parse(_jobs(*many))] == many
    assert len(parser.worker_pids) == 1
    await parser.aclose()


@pytest.mark.anyio
async def test_one_worker_fails_while_the_other_goes_on(tmp_path: Path, failing: Parser, many: list[str]) -> None:
    names = ["once.md", *many[:10], "abort.md", *many[10:40], "abort2.md", "once more.md", *many[40:]]
    _write(tmp_path, *names)
    results = await failing.parse(_jobs(*names))
    assert [result.path for result in results] == names
    assert [result.path for result in results if result.error] == ["abort.md", "abort2.md"]
    assert all(result.parsed is not None for result in results if not result.error)


@pytest.mark.anyio
async def test_one_of_two_workers_killed_from_outside_is_replaced(
    tmp_path: Path, parser: Parser, many: list[str]
) -> None:
    await parser.parse(_jobs(*many))
    killed, other = parser.worker_pids
    batch = asyncio.create_task(parser.parse(_jobs(*many)))
    await asyncio.sleep(0)
    psutil.Process(killed).kill()
    results = await batch
    assert [result.path for result in results] == many
    assert all(result.parsed is not None for result in results)
    assert other in parser.worker_pids
    assert killed not in parser.worker_pids


@pytest.mark.anyio
async def test_both_workers_are_stopped_when_idle_and_at_the_end(tmp_path: Path, many: list[str]) -> None:
    parser = _parser(tmp_path, idle_seconds=0.05)
    for _ in range(2):
        await parser.parse(_jobs(*many))
        pids = parser.worker_pids
        assert len(pids) == 2
        for pid in pids:
            await _until_gone(pid)
    parser = _parser(tmp_path)
    await parser.parse(_jobs(*many))
    pids = parser.worker_pids
    await parser.aclose()
    for pid in pids:
        await _until_gone(pid)


@pytest.mark.anyio
async def test_a_cancelled_batch_of_two_workers_does_not_answer_the_next_one(
    tmp_path: Path, parser: Parser, many: list[str]
) -> None:
    await parser.parse(_jobs(*many))
    batch = asyncio.create_task(parser.parse(_jobs(*many)))
    await asyncio.sleep(0.01)
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch
    turned = many[::-1]
    results = await parser.parse(_jobs(*turned))
    assert [(result.path, result.parsed and result.parsed.note.path) for result in results] == [(n, n) for n in turned]


@pytest.mark.anyio
async def test_closing_ends_a_batch_of_two_workers(tmp_path: Path, many: list[str]) -> None:
    _write(tmp_path, "hang.md", "hang2.md")
    parser = _parser(tmp_path, command=_FAILING)
    await parser.parse(_jobs(*many))
    pids = parser.worker_pids
    batch = asyncio.create_task(parser.parse(_jobs("hang.md", *many[:3], "hang2.md", *many[3:])))
    await asyncio.sleep(0)
    await parser.aclose()
    with pytest.raises(WorkerError):
        await batch
    for pid in pids:
        await _until_gone(pid)


@pytest.mark.anyio
async def test_closing_ends_a_batch_under_way(tmp_path: Path) -> None:
    _write(tmp_path, "hang.md")
    parser = _parser(tmp_path, command=_FAILING)
    await parser.parse(_jobs("gone.md"))
    (pid,) = parser.worker_pids
    batch = asyncio.create_task(parser.parse(_jobs("hang.md")))
    await asyncio.sleep(0)
    await parser.aclose()
    with pytest.raises(WorkerError):
        await batch
    await _until_gone(pid)
    with pytest.raises(WorkerError):
        await parser.parse(_jobs("a.md"))
    await parser.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize("command", [["/nonexistent/python"], [sys.executable, "-c", "raise SystemExit(3)"]])
async def test_a_worker_that_cannot_be_started_is_an_error_and_no_files_fault(
    tmp_path: Path, command: list[str], count: int
) -> None:
    parser = _parser(tmp_path, command=command)
    with pytest.raises(WorkerCrashedError):
        await parser.parse(_jobs(*(f"{number}.md" for number in range(count))))
    await parser.aclose()


class _Command:
    def __reduce__(self) -> tuple[object, ...]:
        return exec, ("raise SystemExit('ran')",)


@pytest.mark.parametrize("value", [_Command(), "text", {"path": "a.md"}, ParseJob(path="a.md", known_hash=None)])
def test_a_frame_builds_results_and_nothing_else(value: object) -> None:
    with pytest.raises(WorkerCrashedError):
        load_result(pickle.dumps(value))
    with pytest.raises(WorkerCrashedError):
        load_result(b"garbage")
    assert load_result(pickle.dumps(ParseResult(path="a.md"))) == ParseResult(path="a.md")


@pytest.mark.anyio
async def test_chunks_are_cut_to_the_tokens_of_the_embedding_model(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("知识管理的笔记。" * 140, encoding="utf-8")
    limit = replace(await StaticEmbeddingModel().text_limit(), most=512)
    counted = _parser(tmp_path, text_limit=limit)
    (result,) = await counted.parse(_jobs("a.md"))
    await counted.aclose()
    assert result.parsed is not None
    texts = [embedding_text(title="a", heading_path=(), text=chunk.text) for chunk in result.parsed.chunks]
    assert len(texts) > 1
    assert max(open_counter(limit)(texts)) <= limit.most


@pytest.mark.anyio
async def test_a_vocabulary_that_ends_the_process_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("The quick brown fox. " * 50, encoding="utf-8")
    limit = TextLimit(most=100, tokenizer="gguf", path="abort.gguf")
    parser = _parser(tmp_path, command=_FAILING, text_limit=limit)
    (result,) = await parser.parse(_jobs("a.md"))
    await parser.aclose()
    assert result.parsed is not None
    texts = [embedding_text(title="a", heading_path=(), text=chunk.text) for chunk in result.parsed.chunks]
    assert max(estimate(texts)) <= limit.most


@pytest.mark.anyio
async def test_an_image_is_listed_without_being_opened(tmp_path: Path) -> None:
    # A file of a terabyte, without a byte on the disk: whoever opens it reads for a long time.
    with (tmp_path / "Sunset in Porto.png").open("wb") as file:
        file.truncate(2**40)
    parser = _parser(tmp_path)
    (result,) = await parser.parse(_jobs("Sunset in Porto.png"))
    again = await parser.parse([ParseJob(path="Sunset in Porto.png", known_hash=result.content_hash)])
    await parser.aclose()
    assert result.parsed is not None
    assert (result.parsed.note.kind, [chunk.text for chunk in result.parsed.chunks]) == ("image", ["Sunset in Porto"])
    assert again[0].unchanged


@pytest.mark.anyio
async def test_a_file_that_was_given_up_is_known_by_its_size_and_time_until_it_changes(tmp_path: Path) -> None:
    _write(tmp_path, "abort.md")
    parser = _parser(tmp_path, command=_FAILING)
    (result,) = await parser.parse([ParseJob(path="abort.md", known_hash=None, size=7, mtime_ns=9)])
    await parser.aclose()
    assert (result.content_hash, result.size, result.mtime_ns) == (QUARANTINED, 7, 9)
    entry = LedgerEntry(
        path="abort.md",
        status="failed",
        reason=result.error,
        file=FileState(size=result.size, mtime_ns=result.mtime_ns, content_hash=result.content_hash),
    )
    assert not changed(VaultFile(path="abort.md", size=7, mtime_ns=9), entry)
    assert changed(VaultFile(path="abort.md", size=8, mtime_ns=9), entry)


def _edited(package: Path) -> None:
    (package / "inner" / "one.py").write_text("VERSION = 2\n# more\n", encoding="utf-8")


def _added(package: Path) -> None:
    (package / "three.py").write_text("", encoding="utf-8")


def _removed(package: Path) -> None:
    (package / "two.py").unlink()


@pytest.mark.parametrize("update", [_edited, _added, _removed])
@pytest.mark.anyio
async def test_after_an_update_no_process_of_the_new_version_reads_for_the_old_one(
    tmp_path: Path, update: Callable[[Path], None]
) -> None:
    package, vault = tmp_path / "package", tmp_path / "vault"
    (package / "inner").mkdir(parents=True)
    vault.mkdir()
    for name in ("inner/one.py", "two.py"):
        (package / name).write_text("VERSION = 1\n", encoding="utf-8")
    (vault / "a.md").write_text("A numbat.", encoding="utf-8")
    parser = Parser(vault, rules=ReadingRules, own_files=OwnFiles(package))
    (before,) = await parser.parse(_jobs("a.md"))
    update(package)
    # The process that runs is of the old version and goes on.
    assert (await parser.parse(_jobs("a.md")))[0].parsed == before.parsed
    for pid in parser.worker_pids:
        psutil.Process(pid).kill()
        await _until_gone(pid)
    with pytest.raises(WorkerError, match="updated while it ran") as told:
        await parser.parse(_jobs("a.md"))
    assert "service restart" in str(told.value.hint)
    await parser.aclose()
