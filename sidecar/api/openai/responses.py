"""`/v1/responses`: answers that are streamed, whole or made in the background, and those that were kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from sidecar.api.body import parse_json
from sidecar.api.openai.paging import ascending, cursor, page_limit
from sidecar.api.openai.response_making import response_events
from sidecar.api.openai.response_request import MissingError, understand
from sidecar.api.responses import json_response
from sidecar.api.streaming import EventStream
from sidecar.errors import RequestError
from sidecar.prompt import text_of
from sidecar.protocol.fields import read_body
from sidecar.protocol.openai_response_events import response_event
from sidecar.protocol.openai_response_objects import deleted_body, input_tokens_body, item_list, response_error
from sidecar.protocol.openai_responses import RESULTS, ResponsesBody
from sidecar.runtime.kept_passages import filled, filled_event
from sidecar.runtime.response_rows import StoredResponse
from sidecar.runtime.response_runs import ResponseRun
from sidecar.runtime.runtime import Runtime
from sidecar.runtime.stores import Stores

_MOST_ITEMS = 100


def routes(runtime: Runtime) -> list[Route]:
    """Every path of this part of the API."""
    return [
        Route("/v1/responses", partial(create, runtime), methods=["POST"]),
        Route("/v1/responses/input_tokens", partial(input_tokens, runtime), methods=["POST"]),
        Route("/v1/responses/{id}", partial(single, runtime)),
        Route("/v1/responses/{id}", partial(delete, runtime), methods=["DELETE"]),
        Route("/v1/responses/{id}/cancel", partial(cancel, runtime), methods=["POST"]),
        Route("/v1/responses/{id}/input_items", partial(listed_input, runtime)),
    ]


async def create(runtime: Runtime, request: Request) -> ASGIApp:
    """Answer, as one response, as a stream, or in the background."""
    asked = await understand(runtime, read_body(ResponsesBody, parse_json(await request.body())))
    request_id: str = request.scope["state"]["request_id"]
    body = asked.body
    run = runtime.response_runs.start(
        asked.head.id,
        lambda run: response_events(runtime, asked, run, request_id=request_id),
        detached=body.background,
        kept=body.store,
    )
    if body.stream:
        return EventStream(run.follow() if body.background else _owned(run), named=True)
    if body.background:
        async with aclosing(run.follow()) as events:
            return json_response((await anext(events))["response"])
    return json_response(await _whole(run))


async def _owned(run: ResponseRun) -> AsyncGenerator[Mapping[str, Any], None]:
    """The events of a run that ends with its reader."""
    try:
        async with aclosing(run.follow()) as events:
            async for event in events:
                yield event
    finally:
        await run.abandon()


async def _whole(run: ResponseRun) -> Mapping[str, Any]:
    try:
        await run.wait()
    finally:
        await run.abandon()
    if run.error is not None:
        raise run.error
    return run.snapshot


async def input_tokens(runtime: Runtime, request: Request) -> ASGIApp:
    """Count what a request would give the model to read, before notes are added."""
    asked = await understand(runtime, read_body(ResponsesBody, parse_json(await request.body())))
    count = asked.target.model.count_tokens
    total = sum([await count(text_of(message)) for message in asked.question.messages])
    return json_response(input_tokens_body(total))


async def single(runtime: Runtime, request: Request) -> ASGIApp:
    """Give a response, or its events from `starting_after` on with `stream=true`."""
    identity: str = request.path_params["id"]
    run = runtime.response_runs.get(identity)
    if request.query_params.get("stream") == "true":
        after = _starting_after(request)
        if run is not None:
            return EventStream(run.follow(after=after), named=True)
        return EventStream(_replayed(await _stored(runtime, identity), runtime.stores, after=after), named=True)
    include = _included(request)
    if run is not None and run.events:
        return json_response(_shown(run.snapshot, include=include))
    body = _shown(_settled(await _stored(runtime, identity)), include=include)
    return json_response(await filled(body, runtime.stores))


async def delete(runtime: Runtime, request: Request) -> ASGIApp:
    """Forget a response; one in the making is stopped."""
    identity: str = request.path_params["id"]
    run = runtime.response_runs.get(identity)
    if run is not None:
        await run.stop()
    if not await runtime.stored_responses.delete(identity):
        raise _missing(identity)
    return json_response(deleted_body(identity))


async def cancel(runtime: Runtime, request: Request) -> ASGIApp:
    """Stop a response in the making, in the background or streamed; one in the background that has ended is given."""
    identity: str = request.path_params["id"]
    run = runtime.response_runs.get(identity)
    if run is not None:
        await run.stop()
        return json_response(run.snapshot)
    body = _settled(await _stored(runtime, identity))
    if not body["background"]:
        raise RequestError("Only a response that is being made can be cancelled.", code="response_not_cancellable")
    return json_response(await filled(_shown(body, include=()), runtime.stores))


async def listed_input(runtime: Runtime, request: Request) -> ASGIApp:
    """List what a response's own request gave, the last first unless `order=asc`."""
    stored = await _stored(runtime, request.path_params["id"])
    items = list(stored.input)
    if not ascending(request):
        items.reverse()
    items = _behind(items, cursor(request, "after"))
    limit = page_limit(request, default=20, most=_MOST_ITEMS)
    return json_response(item_list(items[:limit], has_more=len(items) > limit))


async def _stored(runtime: Runtime, identity: str) -> StoredResponse:
    stored = await runtime.stored_responses.get(identity)
    if stored is None:
        raise _missing(identity)
    return stored


def _settled(stored: StoredResponse) -> Mapping[str, Any]:
    """A kept response; one that the server's end cut off has failed."""
    if stored.body["status"] not in ("queued", "in_progress"):
        return stored.body
    error = response_error(message="The server stopped before the answer was whole.", code=None)
    return {**stored.body, "status": "failed", "error": error}


def _shown(body: Mapping[str, Any], *, include: Sequence[str]) -> Mapping[str, Any]:
    if RESULTS in include:
        return body
    output = [{**item, "results": None} if item["type"] == "file_search_call" else item for item in body["output"]]
    return {**body, "output": output}


async def _replayed(stored: StoredResponse, stores: Stores, *, after: int) -> AsyncGenerator[Mapping[str, Any], None]:
    events = list(stored.events)
    if (body := _settled(stored)) is not stored.body:
        events.append({"sequence_number": len(events), **response_event("failed", body)})
    for event in events[after + 1 :]:
        yield await filled_event(event, stores)


def _behind(items: Sequence[Mapping[str, Any]], after: str | None) -> list[Mapping[str, Any]]:
    if after is None:
        return list(items)
    place = next((place for place, item in enumerate(items) if item["id"] == after), None)
    if place is None:
        raise RequestError("Invalid 'after': there is no such item.", param="after", code="invalid_value")
    return list(items[place + 1 :])


def _included(request: Request) -> list[str]:
    # SDKs write lists with brackets.
    return [*request.query_params.getlist("include"), *request.query_params.getlist("include[]")]


def _starting_after(request: Request) -> int:
    text = request.query_params.get("starting_after")
    if text is None:
        return -1
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise RequestError(
            "'starting_after' has to be the number of an event.", param="starting_after", code="invalid_value"
        )
    return int(text)


def _missing(identity: str) -> MissingError:
    return MissingError(f"Response with id '{identity[:80]}' not found.", code="response_not_found")
