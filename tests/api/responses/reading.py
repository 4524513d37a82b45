"""What the tests of `/v1/responses` read of a server: whole responses and the events of streams."""

from __future__ import annotations

import json
from typing import Any

import httpx2
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from tests.api.live import Live

_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


async def post(live: Live, **fields: Any) -> httpx2.Response:
    """Ask for a response."""
    return await live.http.post("/v1/responses", json={"model": "vault", "input": "Which river is longest?", **fields})


async def whole(live: Live, **fields: Any) -> dict[str, Any]:
    """A whole response, which OpenAI's own types accept."""
    response = await post(live, **fields)
    assert response.status_code == 200, response.text
    return checked(response)


def checked(response: httpx2.Response) -> dict[str, Any]:
    """A response's body, checked by OpenAI's own types."""
    body: dict[str, Any] = response.json()
    Response.model_validate(body)
    return body


async def streamed(live: Live, **fields: Any) -> list[dict[str, Any]]:
    """The events of a streamed response."""
    response = await post(live, stream=True, **fields)
    assert response.status_code == 200, response.text
    return events(response)


def events(response: httpx2.Response) -> list[dict[str, Any]]:
    """A stream's events: named by their type, numbered without a gap, valid for OpenAI's types, `[DONE]` last."""
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    *frames, last, rest = response.content.decode("ascii").split("\n\n")
    assert (last, rest) == ("data: [DONE]", "")
    found = []
    for frame in frames:
        name, data = frame.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        _EVENT.validate_python(event)
        found.append(event)
    first = found[0]["sequence_number"] if found else 0
    assert [event["sequence_number"] for event in found] == list(range(first, first + len(found)))
    return found


def kinds(found: list[dict[str, Any]]) -> list[str]:
    """The events' types, without the word that all begin with."""
    return [event["type"].removeprefix("response.") for event in found]
