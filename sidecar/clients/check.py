"""Asks the server as a client would: the same requests in the same order, read as that client reads them.

Nothing is changed: no file of the client or of a vault is touched, and no answer is stored.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from sidecar.clients.advice import (
    Level,
    Outcome,
    Problem,
    broken,
    later_than_waited,
    needs_no_auth,
    no_embeddings,
    no_sidecar,
    no_writer,
    refused,
    too_slow,
    unreachable,
    unreadable_origin,
)
from sidecar.clients.entry import Call, Client
from sidecar.clients.facts import Facts
from sidecar.clients.filling import fill, fill_body
from sidecar.clients.readers import read_answer
from sidecar.clients.requests import call_headers, listed_model
from sidecar.clients.unreadable import UnreadableError

_PATIENCE = 120.0
_TO_CONNECT = 5.0
_MOST_BYTES = 8 * 2**20
# What a page may send without asking first; everything else is named in the preflight.
_UNASKED = frozenset({"accept", "accept-language", "content-language"})


class _FailedError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.text)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A call as it goes over the wire. `origin` is `None` for what does not come from a page."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any
    origin: str | None


async def check(
    client: Client, facts: Facts, *, origin: str | None = None, patience: float = _PATIENCE
) -> AsyncIterator[Outcome]:
    """Send a client's requests and tell how each went; what fails for all of them ends it.

    `origin` stands in for the client's own. `patience` is in seconds, for each whole answer: some clients set no limit
    to its length, and a model may not know when to stop.
    """
    timeout = httpx2.Timeout(patience, connect=min(_TO_CONNECT, patience))
    async with httpx2.AsyncClient(trust_env=False, timeout=timeout) as connection:
        for call in client.calls:
            outcome, final = await _step(connection, client, call, facts, origin=origin or client.origin)
            yield outcome
            if final:
                return


async def not_running(facts: Facts) -> AsyncIterator[Outcome]:
    """Tell that there was nothing to ask. The key is not sent to whatever else may listen there."""
    problem = no_sidecar(facts)
    yield Outcome(does="not tested", level="error", text=problem.text, hint=problem.hint)


async def _step(
    connection: httpx2.AsyncClient, client: Client, call: Call, facts: Facts, *, origin: str | None
) -> tuple[Outcome, bool]:
    """How a call went, and whether the rest would fail alike."""
    if call.keyless and facts.asks_key:
        return _outcome(call, "note", needs_no_auth()), False
    started = time.monotonic()
    try:
        text = await _send(connection, _request(client, call, facts, origin=origin), call, facts)
    except _FailedError as error:
        return _outcome(call, "error", error.problem, seconds=time.monotonic() - started), error.problem.final
    seconds = time.monotonic() - started
    if call.within is not None and seconds > call.within:
        problem = later_than_waited(text, seconds=seconds, within=call.within)
        return _outcome(call, "warning", problem, seconds=seconds), False
    return Outcome(does=call.does, level="ok", text=text, seconds=seconds), False


def _outcome(call: Call, level: Level, problem: Problem, *, seconds: float | None = None) -> Outcome:
    return Outcome(does=call.does, level=level, text=problem.text, hint=problem.hint, seconds=seconds)


def _check_models(call: Call, facts: Facts) -> None:
    if call.embeds and facts.embedding_model is None:
        raise _FailedError(no_embeddings())
    if call.writes and facts.running and facts.plain_model is None:
        raise _FailedError(no_writer())


def _request(client: Client, call: Call, facts: Facts, *, origin: str | None) -> _Request:
    return _Request(
        method=call.method,
        url=fill(call.url, facts.values),
        headers=call_headers(client, call, facts),
        body=fill_body(call.body, facts.values),
        origin=origin if call.page else None,
    )


async def _send(connection: httpx2.AsyncClient, request: _Request, call: Call, facts: Facts) -> str:
    patience = connection.timeout.read or _PATIENCE
    try:
        async with asyncio.timeout(patience):
            pieces = await _exchange(connection, request, call, facts)
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        raise _FailedError(unreachable(facts)) from error
    except (httpx2.TimeoutException, TimeoutError) as error:
        raise _FailedError(too_slow(patience)) from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise _FailedError(broken(error, facts)) from error
    try:
        return read_answer(call.reads, pieces, model=listed_model(call, facts))
    except UnreadableError as error:
        raise _FailedError(Problem(text=error.message, hint=error.hint)) from error


async def _exchange(connection: httpx2.AsyncClient, request: _Request, call: Call, facts: Facts) -> list[bytes]:
    if request.origin is not None:
        await _preflight(connection, request, facts, origin=request.origin)
    _check_models(call, facts)
    return await _answer(connection, request, call, facts)


async def _preflight(connection: httpx2.AsyncClient, request: _Request, facts: Facts, *, origin: str) -> None:
    """Ask for permission, as a browser does before it sends such a request from a page."""
    names = sorted(name for name in request.headers if name not in _UNASKED)
    headers = {
        "origin": origin,
        "access-control-request-method": request.method,
        "access-control-request-headers": ",".join(names),
    }
    answer = await connection.request("OPTIONS", request.url, headers=headers)
    if answer.status_code != 200:
        raise _FailedError(refused(answer.status_code, answer.content, facts, origin=origin, embeds=False))
    allowed = {name.strip().lower() for name in answer.headers.get("access-control-allow-headers", "").split(",")}
    if answer.headers.get("access-control-allow-origin") != origin or not allowed.issuperset(names):
        raise _FailedError(unreadable_origin(origin, facts.origins))


async def _answer(connection: httpx2.AsyncClient, request: _Request, call: Call, facts: Facts) -> list[bytes]:
    """The body, piece by piece as it came."""
    headers = {**request.headers, **({"origin": request.origin} if request.origin else {})}
    async with connection.stream(request.method, request.url, headers=headers, json=request.body) as answer:
        pieces, size = [], 0
        async for piece in answer.aiter_raw():
            pieces.append(piece)
            size += len(piece)
            if size > _MOST_BYTES:
                raise _FailedError(Problem(text="the answer does not end"))
        if answer.status_code != 200:
            raise _FailedError(
                refused(answer.status_code, b"".join(pieces), facts, origin=request.origin, embeds=call.embeds)
            )
        if request.origin and answer.headers.get("access-control-allow-origin") != request.origin:
            raise _FailedError(unreadable_origin(request.origin, facts.origins))
    return [piece for piece in pieces if piece]
