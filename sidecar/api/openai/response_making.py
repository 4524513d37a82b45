"""A response is made: searched for, answered, told as events, kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sidecar.api.errors import describe_failure, log_failure
from sidecar.api.openai.answers import Deltas
from sidecar.api.openai.response_events import Event, ResponseEvents
from sidecar.api.openai.response_request import Asked, Search
from sidecar.chat import find_hits, passage_of, searches
from sidecar.errors import ContextLengthError, IndexUnavailableError
from sidecar.prompt import Passage
from sidecar.protocol.openai_response_items import search_result
from sidecar.retrieval.hit import Hit
from sidecar.runtime.attributes import attributes_of
from sidecar.runtime.kept_passages import emptied, emptied_event
from sidecar.runtime.response_rows import DrawnOn, StoredResponse
from sidecar.runtime.response_runs import ResponseRun
from sidecar.runtime.runtime import Runtime
from sidecar.runtime.vaults import OpenVault
from sidecar.runtime.vector_store import file_id

Hits: TypeAlias = Sequence[tuple[OpenVault, Hit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a search found: what the client is told of, and what the model is to be given."""

    told: Hits
    given: Hits


async def response_events(
    runtime: Runtime, asked: Asked, run: ResponseRun, *, request_id: str
) -> AsyncGenerator[Event, None]:
    """Make a response, event by event. It is kept before its last event is told, so that it can be referred to.

    Nothing is told before the model's first word, unless the run is detached: until then, whatever goes wrong is
    raised. Afterwards it is told. A run that is stopped tells that it was.
    """
    told = ResponseEvents(asked.head, one_call=not asked.body.parallel_tool_calls)
    drawn_on: set[DrawnOn] = set()
    try:
        if run.detached:
            for event in await _queued(runtime, asked, told):
                yield event
        found = None if asked.search is None else await _found(asked, asked.search)
        drawn_on.update(() if found is None else map(_file, found.told))
        async with aclosing(_answered(runtime, asked, None if found is None else found.given)) as deltas:
            async for delta in deltas:
                drawn_on |= delta.given
                for event in [*_opening(asked, told, found), *told.feed(delta)]:
                    yield event
                found = None
        last = [*_opening(asked, told, found), *told.finish()]
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if not run.stopped or task is None:
            raise
        task.uncancel()
        last = told.cancel()
    except Exception as error:  # the top of a task: from the first event on, events are all that a client reads
        if not run.events:
            raise
        run.error = error
        if run.detached or asked.body.stream:
            log_failure(error, request_id=request_id)
        failure = describe_failure(error, request_id=request_id).body["error"]
        last = told.fail(message=failure["message"], code=failure["code"], param=failure["param"])
    run.ending = True
    await _keep(runtime, asked, told, [*run.events, *last], drawn_on=drawn_on)
    for event in last:
        yield event


async def _queued(runtime: Runtime, asked: Asked, told: ResponseEvents) -> list[Event]:
    """Begin in the background. What is kept already tells, should the server end before the answer does.

    Raises IndexUnavailableError: an answer that cannot be kept could not be fetched either.
    """
    events = told.start(queued=True)
    if not await _keep(runtime, asked, told, events):
        raise IndexUnavailableError(
            "The response cannot be made in the background: it cannot be kept.", hint="Ask without 'background'."
        )
    return events


def _opening(asked: Asked, told: ResponseEvents, found: _Found | None) -> list[Event]:
    events = told.start()
    if asked.search is None or found is None:
        return events
    question = asked.question.asked
    if not found.told and not (question and searches(asked.question)):
        return events
    results = [_result(vault, hit) for vault, hit in found.told]
    return [*events, *told.searched(queries=[question], results=results, show_results=asked.search.show_results)]


async def _found(asked: Asked, search: Search) -> _Found:
    """What the stores have, best first, mentioned notes before all.

    A model elsewhere is given further hits in place of those that stay on this machine, which are left out later.
    """
    # Asked first: what a server tells of a model may be that it runs elsewhere.
    await asked.target.model.context_length()
    away = not asked.target.model.on_this_machine
    found = [
        (vault, hit)
        for vault in search.vaults
        for hit in await find_hits(asked.question, vault, away=away)
        if hit.score >= search.tool.ranking_options.score_threshold
    ]
    # Sorting is stable: what one vault gave stays in its order among equals.
    found.sort(key=lambda each: (not each[1].mentioned, -each[1].score))
    most = search.tool.max_num_results or len(found)
    told = found[:most]
    if not away:
        return _Found(told=told, given=told)
    staying = [(vault, hit) for vault, hit in told if hit.local]
    return _Found(told=told, given=[*staying, *[(vault, hit) for vault, hit in found if not hit.local][:most]])


def _file(found: tuple[OpenVault, Hit]) -> DrawnOn:
    vault, hit = found
    passage = passage_of(hit, vault=vault.name)
    return vault.name, passage.file or passage.path


def _result(vault: OpenVault, hit: Hit) -> dict[str, Any]:
    passage = passage_of(hit, vault=vault.name)
    filename = passage.file or passage.path
    return search_result(
        file_id=file_id(vault.name, filename),
        filename=filename,
        score=round(min(1.0, max(0.0, hit.score)), 4),
        text=hit.chunk.text,
        attributes=attributes_of(hit.chunk.note, vault=vault.name, chunk=hit.chunk, file=filename),
    )


async def _answered(runtime: Runtime, asked: Asked, found: Hits | None) -> Deltas:
    """Ask the model; with `truncation: auto`, again without the older half of a conversation that is too long."""
    question = asked.question
    if found is not None:
        question = replace(question, passages=_told_apart(passage_of(hit, vault=vault.name) for vault, hit in found))
    while True:
        try:
            async with aclosing(runtime.answer(asked.target, question)) as deltas:
                async for delta in deltas:
                    yield delta
            return
        except ContextLengthError as error:
            shorter = without_beginning(question.messages) if asked.truncates else None
            if shorter is None:
                error.param = "input"
                raise
            question = replace(question, messages=shorter)


def _told_apart(passages: Iterable[Passage]) -> list[Passage]:
    """The passages; where notes of two vaults have one link, those of the second have its name in front of it."""
    owners: dict[str, str | None] = {}
    apart = []
    for passage in passages:
        own = owners.setdefault(passage.link.partition("#")[0], passage.vault) == passage.vault
        apart.append(passage if own else replace(passage, link=f"{passage.vault}/{passage.link}"))
    return apart


def without_beginning(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]] | None:
    """The messages without the older half of the turns before the last question; `None` when there are none.

    System messages stay. What is left begins with a user's message, so that no function's result stands alone.
    """
    last = max((i for i, message in enumerate(messages) if message["role"] == "user"), default=0)
    older = [i for i, message in enumerate(messages[:last]) if message["role"] != "system"]
    if not older:
        return None
    start = older[len(older) // 2]
    while start < last and (start == older[0] or messages[start]["role"] != "user"):
        start += 1
    return [message for i, message in enumerate(messages) if i >= start or message["role"] == "system"]


async def _keep(
    runtime: Runtime,
    asked: Asked,
    told: ResponseEvents,
    events: Sequence[Mapping[str, Any]],
    *,
    drawn_on: Iterable[DrawnOn] = (),
) -> bool:
    """Keep a response with the places of all that was found, whether the client asked to see it or not; says
    whether it was kept. `drawn_on` are the files without which its answer may not stay.
    """
    if not asked.body.store:
        return False
    body = events[-1]["response"]
    output = [
        {**item, "results": told.results[item["id"]]} if item["id"] in told.results else item for item in body["output"]
    ]
    return await runtime.stored_responses.save(
        StoredResponse(
            body=emptied({**body, "output": output}),
            input=asked.input,
            events=[emptied_event(event) for event in events],
            notes=frozenset(drawn_on),
        )
    )
