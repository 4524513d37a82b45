"""A model process dies, hangs or talks nonsense under a running server: who waits is told, the next one is served."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import numpy as np
import psutil
import pytest

from tests.models import tiny_bert, tiny_chat
from tests.reliability.answers import WAYS, Asked, ask
from tests.reliability.model_workers import DEATHS, LEAVES_WHEN_TOLD, newest_worker, workers
from tests.serving import DEMO_VAULT, Server, serve, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.promise(6),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signals and /proc of Linux are needed"),
]

TOLD_WITHIN = 2.0
HANG_TOLD_WITHIN = 30.0
QUICK = ("killed", "aborted", "leaves with exit code 0", "garbage", "dies in a frame")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, tiny_bert_gguf: Path, tiny_rank_gguf: Path) -> Iterator[Server]:
    """A server with a chat, an embedding and a reranking model, each in a worker process of its own."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "sitecustomize.py").write_text(LEAVES_WHEN_TOLD, encoding="utf-8")
    model = tiny_chat.build(folder / "endless.gguf", layers=4, context_length=8192, ends=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        models = ("--model", model, "--embedding-model", tiny_bert_gguf, "--rerank-model", tiny_rank_gguf)
        with serve(DEMO_VAULT, *models, "--config", one_thread(folder), data_dir=folder / "data") as server:
            yield server


def one_thread(folder: Path) -> Path:
    """Settings under which the model's threads do not wait for each other on a busy machine."""
    path = folder / "config.toml"
    path.write_text("threads = 1\n", encoding="utf-8")
    return path


@asynccontextmanager
async def client(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"authorization": f"Bearer {server.token}"}
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(
        base_url=server.url, headers=headers, timeout=120, verify=False, trust_env=False, limits=limits
    ) as http:
        yield http


async def short(http: httpx2.AsyncClient, *, model: str = "endless") -> Asked:
    return await ask(http, Asked(way="chat stream"), model=model, most=3)


async def served_again(server: Server, http: httpx2.AsyncClient) -> float:
    """Seconds until a new worker has answered; a 503 that says when to come back is obeyed."""
    begun = time.monotonic()
    while (answer := await short(http)).status == 503:
        assert "retry-after" in answer.headers
        assert time.monotonic() - begun < 40
        await asyncio.sleep(float(answer.headers["retry-after-ms"]) / 1000)
    assert (answer.status, answer.error) == (200, None)
    assert server.process.poll() is None
    return round(time.monotonic() - begun, 1)


async def under_way(http: httpx2.AsyncClient, ways: Sequence[str]) -> tuple[list[asyncio.Task[Asked]], list[Asked]]:
    """Answers that are being written, one each way; a whole one has had its turn too, as all have by then."""
    asked = [Asked(way=way) for way in ways]
    tasks = [asyncio.create_task(ask(http, each, model="endless")) for each in asked]
    async with asyncio.timeout(60):
        for each in asked:
            if each.way != "chat":
                await each.begun.wait()
    return tasks, asked


def slowest(told: Sequence[Asked], since: float) -> float:
    return max(each.ended_at for each in told) - since


# ── deaths ──


@pytest.mark.parametrize(
    "death", [name if name in QUICK else pytest.param(name, marks=pytest.mark.nightly) for name in DEATHS]
)
async def test_every_client_of_a_model_that_dies_in_mid_answer_is_told_and_the_next_is_served(
    served: Server, death: str, record_property: Callable[[str, object], None]
) -> None:
    async with client(served) as http:
        tasks, _ = await under_way(http, WAYS)
        worker, at = newest_worker(served), time.monotonic()
        DEATHS[death](worker)
        told = await asyncio.gather(*tasks)
        assert slowest(told, at) < TOLD_WITHIN
        assert all(each.error and "model process" in each.error for each in told)
        assert {each.way: each.status for each in told} == {way: 503 if way == "chat" else 200 for way in WAYS}
        entry = next(model for model in served.status()["models"] if model["id"] == "endless")
        assert not entry["loaded"]
        assert "model process" in entry["problem"]
        record_property("told_after_seconds", round(slowest(told, at), 2))
        record_property("next_answer_after_seconds", await served_again(served, http))
        assert next(model for model in served.status()["models"] if model["id"] == "endless")["problem"] is None


@pytest.mark.parametrize("death", ["killed", "garbage", pytest.param("aborted", marks=pytest.mark.nightly)])
async def test_a_client_whose_prompt_is_being_read_is_told(
    served: Server, death: str, record_property: Callable[[str, object], None]
) -> None:
    async with client(served) as http:
        await served_again(served, http)
        asking, worker = await reading(served, http)
        at = time.monotonic()
        DEATHS[death](worker)
        told = await asking
        assert (told.status, told.text) == (503, "")
        assert told.ended_at - at < TOLD_WITHIN
        record_property("told_after_seconds", round(told.ended_at - at, 2))
        await served_again(served, http)


async def reading(server: Server, http: httpx2.AsyncClient) -> tuple[asyncio.Task[Asked], psutil.Process]:
    """A long prompt that the worker is busy with."""
    worker = newest_worker(server)
    before = worker.cpu_times().user
    long = ask(http, Asked(way="chat stream"), model="endless", content=f"{time.monotonic_ns()} " + "word " * 1400)
    asking = asyncio.create_task(long)
    await asyncio.to_thread(until, lambda: worker.cpu_times().user > before + 0.3)
    return asking, worker


@pytest.mark.parametrize("death", ["killed", "garbage", pytest.param("aborted", marks=pytest.mark.nightly)])
async def test_a_client_whose_model_is_being_loaded_is_told(
    served: Server, death: str, record_property: Callable[[str, object], None]
) -> None:
    async with client(served) as http:
        await served_again(served, http)
        asking, worker = await loading(served, http)
        at = time.monotonic()
        DEATHS[death](worker)
        told = await asking
        assert told.status == 503
        assert "retry-after" in told.headers
        assert told.ended_at - at < TOLD_WITHIN
        record_property("told_after_seconds", round(told.ended_at - at, 2))
        await served_again(served, http)


async def loading(server: Server, http: httpx2.AsyncClient) -> tuple[asyncio.Task[Asked], psutil.Process]:
    """A question that waits for a worker which has only just been started."""
    known = {each.pid for each in workers(server)}
    for worker in workers(server):
        worker.kill()
    # Threads may outlive the first one for a moment; what counts is that the server knows.
    until(lambda: not any(model.get("loaded") for model in server.status()["models"]) and not workers(server))
    asking = asyncio.create_task(short(http))
    return asking, await asyncio.to_thread(newest_worker, server, besides=known)


@pytest.mark.parametrize("death", ["killed", "garbage"])
async def test_a_model_that_dies_while_nobody_asks_costs_nobody_an_answer(served: Server, death: str) -> None:
    async with client(served) as http:
        await served_again(served, http)
        worker = newest_worker(served)
        DEATHS[death](worker)
        until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)
        answer = await short(http)
        assert (answer.status, answer.error) == (200, None)


async def test_those_who_wait_in_line_when_it_dies_are_answered_by_the_next_worker(
    served: Server, record_property: Callable[[str, object], None]
) -> None:
    async with client(served) as http:
        writing, _ = await under_way(http, ["chat stream"] * 4)
        waiting = [asyncio.create_task(short(http)) for _ in range(20)]
        # Its answer shows that the server has read what was sent before.
        await http.get("/vault/status")
        at = time.monotonic()
        newest_worker(served).kill()
        told = await asyncio.gather(*writing)
        answered = await asyncio.gather(*waiting)
        assert slowest(told, at) < TOLD_WITHIN
        assert all(each.error for each in told)
        # The one whose prompt was being prepared may be what it died of.
        refused = [each for each in answered if each.error]
        assert len(refused) <= 1
        assert all(each.status == 503 and "retry-after" in each.headers for each in refused)
        record_property("answered_from_the_line", len(answered) - len(refused))


async def test_all_models_dying_at_once_leave_a_server_that_searches_and_answers(served: Server) -> None:
    async with client(served) as http:
        served.found("gate code for the cabin")
        tasks, _ = await under_way(http, ["chat stream"])
        assert len(workers(served)) == 3
        for worker in workers(served):
            worker.kill()
        assert "Places/Cabin.md" in served.found("gate code for the cabin")
        assert (await tasks[0]).error
        await served_again(served, http)
        assert len(workers(served)) == 3


async def test_a_model_that_dies_again_and_again_says_when_to_come_back_and_recovers(
    served: Server, record_property: Callable[[str, object], None]
) -> None:
    async with client(served) as http:
        await served_again(served, http)
        for _ in range(2):
            asking, worker = await loading(served, http)
            worker.kill()
            assert (await asking).status == 503
        known = {each.pid for each in workers(served)}
        refused = await short(http)
        assert refused.status == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert "started again in" in (refused.error or "")
        assert {each.pid for each in workers(served)} == known
        record_property("back_after_seconds", await served_again(served, http))


# ── hangs ──


@pytest.mark.nightly
@pytest.mark.parametrize("moment", ["load", "prompt", "answer", "idle"])
async def test_a_model_that_hangs_is_found_out_and_replaced(
    served: Server, moment: str, record_property: Callable[[str, object], None]
) -> None:
    async with client(served) as http:
        await served_again(served, http)
        if moment == "load":
            asking, worker = await loading(served, http)
        elif moment == "prompt":
            asking, worker = await reading(served, http)
        elif moment == "answer":
            (asking,), _ = await under_way(http, ["chat stream"])
            worker = newest_worker(served)
        else:
            worker = newest_worker(served)
        at = time.monotonic()
        worker.suspend()
        if moment == "idle":
            asking = asyncio.create_task(short(http))
        told = await asking
        assert told.ended_at - at < HANG_TOLD_WITHIN
        # Whose turn had not come is answered by the next worker, and never hears of it.
        assert told.error or moment == "idle"
        until(lambda: _ended(worker))
        record_property("told_after_seconds", round(told.ended_at - at, 1))
        await served_again(served, http)


def _ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


# ── embedding ──


@pytest.mark.parametrize("death", ["killed", pytest.param("aborted", marks=pytest.mark.nightly)])
async def test_an_embedding_model_that_dies_while_notes_are_read_loses_none(
    tmp_path: Path, death: str, record_property: Callable[[str, object], None]
) -> None:
    model = tiny_bert.build(tmp_path / "slow-bert.gguf", layers=4)
    vault = tmp_path / "vault"
    vault.mkdir()
    for number in range(200):
        (vault / f"Note {number}.md").write_text(f"# Beacon {number}\n" + "The lamp turns. " * 4, encoding="utf-8")
    arguments = ("--embedding-model", model, "--config", one_thread(tmp_path))
    with serve(vault, *arguments, data_dir=tmp_path / "data", wait=False) as server:
        waiting = until(lambda: half_embedded(server))
        DEATHS[death](newest_worker(server))
        until(lambda: server.best("beacon 117") == "Note 117.md")
        (found,) = server.ready()["vaults"]
        assert (found["indexed"], found["chunks_without_vector"]) == (200, 0)
        record_property("pieces_to_embed_at_the_death", waiting)


def half_embedded(server: Server) -> int | None:
    """Pieces that still wait for their vectors, once some have theirs and all notes are read."""
    (vault,) = server.status()["vaults"]
    waiting: int = vault["chunks_without_vector"]
    return waiting if vault["indexed"] == 200 and 0 < waiting < vault["chunks"] else None


# ── model files ──


@pytest.mark.nightly
async def test_a_model_file_may_be_removed_cut_or_replaced_while_it_runs(tmp_path: Path) -> None:
    path = tiny_chat.build(tmp_path / "endless.gguf", layers=4, context_length=8192, ends=False)
    whole = path.read_bytes()
    with serve(DEMO_VAULT, "--model", path, "--config", one_thread(tmp_path), data_dir=tmp_path / "data") as server:
        async with client(server) as http:
            assert (await short(http)).status == 200
            path.unlink()
            assert (await short(http)).status == 200
            newest_worker(server).kill()
            missing = await short(http)
            assert missing.status == 503
            assert missing.error
            assert "endless.gguf" in missing.error
            path.write_bytes(whole)
            await served_again(server, http)
            tasks, _ = await under_way(http, ["chat stream"])
            os.truncate(path, 4096)
            assert (await tasks[0]).error
            cut = await short(http)
            assert "cut off" in (cut.error or "")
            path.unlink()
            path.mkdir()
            folder = await short(http)
            assert (folder.status, "endless.gguf" in (folder.error or "")) == (503, True)
            path.rmdir()
            path.write_bytes(whole)
            await served_again(server, http)
            assert "Places/Cabin.md" in server.found("gate code for the cabin")


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read every file")
async def test_a_model_file_that_may_no_longer_be_read_is_said(tmp_path: Path) -> None:
    path = tiny_chat.build(tmp_path / "endless.gguf")
    with serve(DEMO_VAULT, "--model", path, data_dir=tmp_path / "data") as server:
        path.chmod(0)
        async with client(server) as http:
            refused = await short(http)
            assert refused.status == 503
            assert "endless.gguf" in (refused.error or "")
            path.chmod(0o600)
            await served_again(server, http)


@pytest.mark.nightly
async def test_weights_that_are_not_numbers_cost_an_answer_and_nothing_else(tmp_path: Path) -> None:
    path = tiny_chat.build(tmp_path / "endless.gguf")
    content = bytearray(path.read_bytes())
    for at in range(len(content) - 4096, len(content) - 4, 4):
        content[at : at + 4] = np.float32("nan").tobytes()
    path.write_bytes(content)
    with serve(DEMO_VAULT, "--model", path, "--config", one_thread(tmp_path), data_dir=tmp_path / "data") as server:
        async with client(server) as http:
            for way in WAYS:
                answer = await ask(http, Asked(way=way), model="endless", most=20)
                assert answer.status in (200, 503)
            assert server.process.poll() is None
            assert "Places/Cabin.md" in server.found("gate code for the cabin")


def starved(worker: psutil.Process) -> None:
    """As on a machine without memory: nothing more is given to it."""
    worker.rlimit(psutil.RLIMIT_AS, (worker.memory_info().vms, worker.memory_info().vms))


async def test_a_model_process_that_gets_no_memory_ends_in_an_error(served: Server) -> None:
    async with client(served) as http:
        await served_again(served, http)
        asking, worker = await loading(served, http)
        starved(worker)
        told = await asking
        assert told.status == 503
        assert "model" in (told.error or "")
        await served_again(served, http)
