"""Measure what the server adds to a model: beside llama-cpp-python called directly, and beside its own server.

    ./scripts/bench server [--rounds 15] [--model PATH.gguf] [--embedding-model PATH.gguf] [--write]

The three take turns, so that what else the machine does meets all of them; ratios count, not single numbers. Without
`--model` a random one of 100 million weights is made, which is about as slow as a small real one; without
`--embedding-model` one of the size of all-MiniLM-L6. The peer's packages are fetched into a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.benchmark_page import measured_where, write_section  # noqa: E402  # the path is set above
from tests.models import tiny_bert, tiny_chat  # noqa: E402  # the path is set above
from tests.serving import DEMO_VAULT, Server, serve, until  # noqa: E402  # the path is set above

BARE, OURS, PEER = "llama-cpp-python called directly", "Sidecar", "llama-cpp-python's own server"
_CONTEXT = 4096
_ANSWER = 96
_NO_END = 258
"""The token that ends an answer of the made model."""
_CLIENTS = 4
_TEXTS = 64
_PEER_PACKAGES = ("fastapi", "sse-starlette", "starlette-context", "pydantic-settings", "uvicorn")


Messages: TypeAlias = "list[dict[str, str]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Seconds until an answer of one token is there, and tokens a second of one whose prompt is known already.

    Pieces are not timed one by one: made models write bytes that are no text, and some ways hold those back.
    """

    first: float
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one way did in one round; `batch` in seconds."""

    first_turn: Chat
    second_turn: Chat
    several: float
    batch: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of asking the same models."""

    chat: Callable[[Messages], Chat]
    several: Callable[[Sequence[Messages]], float]
    """Tokens a second of several clients that ask at once, together."""
    embed: Callable[[Sequence[str]], float]
    """Seconds for a batch."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bench server", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--model", type=Path, help="a GGUF chat model")
    parser.add_argument("--embedding-model", type=Path, help="a GGUF embedding model")
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        chat = options.model or tiny_chat.build(
            work / "chat.gguf", layers=24, width=512, feed_forward=2048, context_length=_CONTEXT
        )
        embedding = options.embedding_model or tiny_bert.build(
            work / "embedding.gguf", layers=6, width=384, feed_forward=1536
        )
        table = "\n".join(measure(work, chat.resolve(), embedding.resolve(), rounds=options.rounds))
    print(table)
    if options.write:
        write_section("server", _section(table))
    return 0


def measure(work: Path, chat: Path, embedding: Path, *, rounds: int) -> list[str]:
    """Run all three side by side; returns the lines of a table."""
    with (
        bare(chat, embedding) as direct,
        serve(
            DEMO_VAULT, "--model", chat, "--embedding-model", embedding, data_dir=work / "data", wait=False
        ) as server,
        peer(work, chat, embedding) as its_own,
    ):
        ways = {
            BARE: direct,
            OURS: over_http(f"{server.url}/v1", chat.stem, "text-embedding-3-small", key=server.token),
            PEER: its_own,
        }
        until(lambda: _settled(server), seconds=300)
        for way in ways.values():
            way.chat(_asking("warm up")), way.embed(["warm up"])
        done: dict[str, list[Round]] = {name: [] for name in ways}
        for turn in range(rounds):
            order = [*ways][turn % 3 :] + [*ways][: turn % 3]
            for name in order:
                done[name].append(_round(ways[name], turn))
    return list(_table(done))


def _round(way: Way, turn: int) -> Round:
    question = _asking(_question(turn))
    first = way.chat(question)
    # What the client keeps of the first turn is what it was told; the second question is short.
    history = [*question, {"role": "assistant", "content": "So it is."}, *_asking("And what else?")]
    return Round(
        first_turn=first,
        second_turn=way.chat(history),
        several=way.several([_asking(f"client {number} {_question(turn)}") for number in range(_CLIENTS)]),
        batch=way.embed(_texts(turn)),
    )


def _settled(server: Server) -> bool:
    return all(vault["ready"] and not vault["chunks_without_vector"] for vault in server.status()["vaults"])


def _table(done: dict[str, list[Round]]) -> Iterator[str]:
    yield (
        "| way | first token, ms | beyond direct, ms | tokens/s | ÷ direct |"
        f" tokens/s of {_CLIENTS} clients together | ÷ direct | second turn's first token, ms |"
        " texts/s embedded | ÷ direct |"
    )
    yield "|---|" + "--:|" * 9
    for name, rounds in done.items():
        both = list(zip(rounds, done[BARE], strict=True))
        # Differences and ratios within a round: what the machine does beside it changes from round to round.
        cells = [
            f"{_median([r.first_turn.first for r in rounds]) * 1000:.1f}",
            f"{_median([own.first_turn.first - b.first_turn.first for own, b in both]) * 1000:+.1f}",
            f"{_median([r.first_turn.rate for r in rounds]):.1f}",
            f"{_median([own.first_turn.rate / b.first_turn.rate for own, b in both]):.3f}",
            f"{_median([r.several for r in rounds]):.1f}",
            f"{_median([own.several / b.several for own, b in both]):.3f}",
            f"{_median([r.second_turn.first for r in rounds]) * 1000:.1f}",
            f"{_TEXTS / _median([r.batch for r in rounds]):.0f}",
            f"{_median([b.batch / own.batch for own, b in both]):.3f}",
        ]
        yield f"| {name} | {' | '.join(cells)} |"


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _question(turn: int) -> str:
    # It differs from the first word on, so that no cache has any of it.
    return f"{turn} is the number of this question. " + "It says no more than it has to say. " * 8


def _asking(text: str) -> Messages:
    return [{"role": "user", "content": text}]


def _texts(turn: int) -> list[str]:
    return [f"text {turn} {number} " + "the cat is in the house and it is on the mat " * 2 for number in range(_TEXTS)]


# ── called directly, in a process of its own as a script would ──


@contextmanager
def bare(chat: Path, embedding: Path) -> Iterator[Way]:
    """The models in a child process, asked without any server."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_bare_main, args=(theirs, str(chat), str(embedding)), daemon=True)
    process.start()

    def ask(what: str, argument: Any) -> Any:
        ours.send((what, argument))
        if not ours.poll(120):
            raise RuntimeError("The process that calls llama-cpp-python directly does not answer.")
        return ours.recv()

    try:
        yield Way(
            chat=lambda messages: Chat(**ask("chat", messages)),
            several=lambda many: float(ask("several", many)),
            embed=lambda texts: float(ask("embed", list(texts))),
        )
    finally:
        ours.send(("stop", None))
        process.join(10)


def _bare_main(pipe: Connection, chat: str, embedding: str) -> None:
    import llama_cpp  # only here: the measuring process loads no model

    threads = _threads()
    talker = llama_cpp.Llama(chat, n_ctx=_CONTEXT, verbose=False, n_threads=threads, n_threads_batch=threads)
    embedder = llama_cpp.Llama(
        embedding,
        embedding=True,
        n_ctx=2048,
        n_batch=2048,
        n_ubatch=2048,
        verbose=False,
        n_threads=threads,
        n_threads_batch=threads,
    )
    while True:
        what, argument = pipe.recv()
        if what == "stop":
            return
        begun = time.perf_counter()
        if what == "embed":
            embedder.create_embedding(argument)
            pipe.send(time.perf_counter() - begun)
        elif what == "several":
            # One after the other: it is all that the class can do.
            for messages in argument:
                _talk(talker, messages)
            pipe.send(len(argument) * _ANSWER / (time.perf_counter() - begun))
        else:
            _talk(talker, argument, tokens=1)
            between = time.perf_counter()
            _talk(talker, argument)
            pipe.send({"first": between - begun, "rate": _ANSWER / (time.perf_counter() - between)})


def _talk(talker: Any, messages: Messages, *, tokens: int = _ANSWER) -> None:
    """Read an answer to its end."""
    for _ in talker.create_chat_completion(**_body(messages, tokens=tokens), logit_bias={_NO_END: -100.0}):
        pass


def _threads() -> int:
    """As many as Sidecar takes: its peer would answer with half of them."""
    return psutil.cpu_count(logical=False) or 1


def _body(messages: Messages, *, tokens: int = _ANSWER) -> dict[str, Any]:
    return {
        "messages": messages,
        "stream": True,
        "temperature": 0,
        "max_tokens": tokens,
    }


# ── over HTTP ──


def over_http(base: str, chat: str, embedding: str, *, key: str = "none") -> Way:
    """The same questions to a server, on one connection that is kept open."""
    client = httpx2.Client(timeout=120, trust_env=False, headers={"authorization": f"Bearer {key}"})

    def read(messages: Messages, tokens: int) -> None:
        body = {**_body(messages, tokens=tokens), "model": chat, "logit_bias": {str(_NO_END): -100}}
        with client.stream("POST", f"{base}/chat/completions", json=body) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                if line.startswith("data: {"):
                    json.loads(line[6:])

    def talk(messages: Messages) -> Chat:
        begun = time.perf_counter()
        read(messages, 1)
        between = time.perf_counter()
        read(messages, _ANSWER)
        return Chat(first=between - begun, rate=_ANSWER / (time.perf_counter() - between))

    def several(many: Sequence[Messages]) -> float:
        clients = [threading.Thread(target=read, args=(messages, _ANSWER)) for messages in many]
        begun = time.perf_counter()
        for one in clients:
            one.start()
        for one in clients:
            one.join()
        return len(many) * _ANSWER / (time.perf_counter() - begun)

    def embed(texts: Sequence[str]) -> float:
        begun = time.perf_counter()
        answer = client.post(f"{base}/embeddings", json={"model": embedding, "input": list(texts)})
        answer.raise_for_status()
        answer.json()
        return time.perf_counter() - begun

    return Way(chat=talk, several=several, embed=embed)


@contextmanager
def peer(work: Path, chat: Path, embedding: Path) -> Iterator[Way]:
    """llama-cpp-python's own server, once for each model: it holds one at a time and loads the other anew."""
    packages = work / "peer"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(packages), *_PEER_PACKAGES]
    subprocess.run(install, check=True, stdout=sys.stderr)
    talks = {"--model": chat, "--n_ctx": _CONTEXT, "--model_alias": "chat", "--interrupt_requests": False}
    # Without room for the whole batch at once its process aborts.
    room = {"--n_ctx": 2048, "--n_batch": 2048, "--n_ubatch": 2048}
    embeds = {"--model": embedding, **room, "--embedding": True, "--model_alias": "embed"}
    with _peer_server(work, packages, talks) as talker, _peer_server(work, packages, embeds) as embedder:
        talking = over_http(talker, "chat", "")
        yield Way(chat=talking.chat, several=talking.several, embed=over_http(embedder, "", "embed").embed)


@contextmanager
def _peer_server(work: Path, packages: Path, options: dict[str, Any]) -> Iterator[str]:
    port = _free_port()
    options = {**options, "--n_threads": _threads(), "--n_threads_batch": _threads()}
    flags = [str(part) for pair in {**options, "--host": "127.0.0.1", "--port": port}.items() for part in pair]
    command = [sys.executable, "-m", "llama_cpp.server", *flags]
    log = work / f"peer-{port}.log"
    with log.open("wb") as output:
        environment = {**os.environ, "PYTHONPATH": str(packages)}
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        until(lambda: _answers(port) or (process.poll() is not None and _died(log)), seconds=60)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def _died(log: Path) -> bool:
    raise RuntimeError(log.read_text("utf-8", "replace")[-2000:])


def _answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/v1/models", trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _section(table: str) -> str:
    return f"""## What the server adds to a model

Measured on {measured_where()}, with

    ./scripts/bench server --write

One question after the other, {_ANSWER} tokens answered to each; its second turn; {_CLIENTS} clients that ask at once;
batches of {_TEXTS} short texts embedded. Medians, and differences and ratios within a round. The models are random
ones of usual small sizes: their answers mean nothing, their work is real. llama-cpp-python's own server runs with
`interrupt_requests` off: else a second client ends the answer of the first.

{table}
"""


if __name__ == "__main__":
    sys.exit(main())
