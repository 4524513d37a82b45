"""Responses that were kept, and those in the making: read, replayed, continued, stopped, forgotten."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sidecar.chat import AnswerDelta
from sidecar.errors import ModelUnavailableError
from sidecar.inference.model import Usage
from sidecar.runtime.kept_passages import emptied, emptied_event
from sidecar.runtime.response_rows import StoredResponse
from sidecar.runtime.stored_responses import StoredResponses
from tests.api.fakes import TEXT, Script
from tests.api.live import Live, until
from tests.api.responses.reading import checked, events, kinds, post, streamed, whole
from tests.api.responses.test_create import CALLS, END

pytestmark = pytest.mark.anyio


async def get(live: Live, identity: str, query: str = "") -> dict[str, Any]:
    response = await live.http.get(f"/v1/responses/{identity}{query}")
    assert response.status_code == 200, response.text
    return checked(response)


async def missing(live: Live, identity: str) -> bool:
    response = await live.http.get(f"/v1/responses/{identity}")
    return response.status_code == 404 and response.json()["error"]["code"] == "response_not_found"


def shown(body: dict[str, Any]) -> dict[str, Any]:
    """A kept response whose notes are in no vault: their words are gone, and so is what finds them again."""
    kept = emptied(body)
    if "vault" not in kept:
        return kept
    sources = [{**source, "quote": ""} for source in body["vault"]["sources"]]
    return {**kept, "vault": {**kept["vault"], "sources": sources}}


async def reached(live: Live, identity: str, status: str) -> dict[str, Any]:
    """Wait until a response has a status."""
    async with asyncio.timeout(10):
        while (body := await get(live, identity))["status"] != status:  # noqa: ASYNC110  # as clients poll
            await asyncio.sleep(0.01)
    return body


async def test_a_response_is_kept_unless_the_client_says_otherwise(live: Live) -> None:
    body = await whole(live)
    # Its notes are in no vault here, so that what is kept has no text of them.
    assert await get(live, body["id"]) == shown(body)
    assert await missing(live, (await whole(live, store=False))["id"])
    assert await missing(live, "resp_\u2028")


async def test_nothing_is_written_for_a_client_that_wants_nothing_kept(live: Live) -> None:
    await whole(live, store=False)
    await streamed(live, store=False)
    assert not live.runtime.stored_responses.path.exists()


async def test_a_deleted_response_is_gone(live: Live) -> None:
    identity = (await whole(live))["id"]
    response = await live.http.delete(f"/v1/responses/{identity}")
    assert response.json() == {"id": identity, "object": "response", "deleted": True}
    assert await missing(live, identity)
    assert (await live.http.delete(f"/v1/responses/{identity}")).status_code == 404
    response = await post(live, previous_response_id=identity)
    assert (response.status_code, response.json()["error"]["code"]) == (404, "previous_response_not_found")


async def test_the_events_of_a_stream_can_be_read_again(live: Live) -> None:
    told = [
        {**event, "response": shown(event["response"])} if "response" in event else emptied_event(event)
        for event in await streamed(live)
    ]
    path = f"/v1/responses/{told[0]['response']['id']}?stream=true"
    assert events(await live.http.get(path)) == told
    assert events(await live.http.get(f"{path}&starting_after=6")) == told[7:]
    assert events(await live.http.get(f"{path}&starting_after=99")) == []
    for wrong in ("-1", "x", "9" * 30, ""):
        response = await live.http.get(f"{path}&starting_after={wrong}")
        assert (response.status_code, response.json()["error"]["param"]) == (400, "starting_after")
    assert (await live.http.get("/v1/responses/resp_x?stream=true")).status_code == 404


async def test_a_conversation_goes_on_without_its_instructions(live: Live) -> None:
    first = await whole(live, input="Longest river?", instructions="Be brief.")
    second = await whole(live, input=[{"role": "user", "content": "And the widest?"}], previous_response_id=first["id"])
    await whole(live, input="Why?", previous_response_id=second["id"], instructions="In French.")
    assert second["previous_response_id"] == first["id"]
    assert live.runtime.requests[2].messages == [
        {"role": "system", "content": "In French."},
        {"role": "user", "content": "Longest river?"},
        {"role": "assistant", "content": TEXT},
        {"role": "user", "content": "And the widest?"},
        {"role": "assistant", "content": TEXT},
        {"role": "user", "content": "Why?"},
    ]


async def test_a_stream_can_be_continued_as_soon_as_it_has_ended(live: Live) -> None:
    told = await streamed(live, input="One?")
    await whole(live, input="Two?", previous_response_id=told[-1]["response"]["id"])
    assert [message["content"] for message in live.runtime.requests[1].messages] == ["One?", TEXT, "Two?"]


async def test_calls_are_answered_in_the_next_request(live: Live) -> None:
    live.runtime.scripts = [Script(*CALLS)]
    first = await whole(live, input="Weather?")
    outputs = [{"type": "function_call_output", "call_id": call, "output": "rain"} for call in ("call_a", "call_b")]
    await whole(live, input=outputs, previous_response_id=first["id"])
    question, calls, *results = live.runtime.requests[1].messages
    assert question["content"] == "Weather?"
    assert [call["id"] for call in calls["tool_calls"]] == ["call_a", "call_b"]
    assert [result["tool_call_id"] for result in results] == ["call_a", "call_b"]


async def test_an_item_can_be_named_instead_of_sent(live: Live) -> None:
    item = (await whole(live, input="One?"))["output"][0]
    for reference in ({"type": "item_reference", "id": item["id"]}, {"id": item["id"]}):
        body = await whole(live, input=[reference, {"role": "user", "content": "Two?"}])
        assert [message["content"] for message in live.runtime.requests[-1].messages] == [TEXT, "Two?"]
    listed = (await live.http.get(f"/v1/responses/{body['id']}/input_items?order=asc")).json()
    assert listed["data"][0] == item


async def test_the_items_of_a_request_are_listed_in_pages(live: Live) -> None:
    given = [{"role": "user", "content": str(number)} for number in range(5)]
    path = f"/v1/responses/{(await whole(live, input=given))['id']}/input_items"
    page = (await live.http.get(path)).json()
    assert [item["content"] for item in page["data"]] == [
        [{"type": "input_text", "text": str(n)}] for n in (4, 3, 2, 1, 0)
    ]
    assert (page["object"], page["has_more"]) == ("list", False)
    assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
    assert page["data"][0].keys() == {"id", "type", "role", "status", "content"}
    first = (await live.http.get(f"{path}?order=asc&limit=2")).json()
    rest = (await live.http.get(f"{path}?order=asc&limit=3&after={first['last_id']}")).json()
    assert [*first["data"], *rest["data"]] == page["data"][::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    for wrong, param in (("limit=0", "limit"), ("limit=101", "limit"), ("order=up", "order"), ("after=x", "after")):
        response = await live.http.get(f"{path}?{wrong}")
        assert (response.status_code, response.json()["error"]["param"]) == (400, param)
    assert (await live.http.get("/v1/responses/resp_x/input_items")).status_code == 404


async def test_work_in_the_background_is_polled_until_it_is_done(live: Live) -> None:
    go = asyncio.Event()
    usage = Usage(prompt_tokens=1, completion_tokens=1)
    live.runtime.scripts = [Script(AnswerDelta(content="The "), go, AnswerDelta(finish_reason="stop", usage=usage))]
    body = await whole(live, background=True)
    assert (body["status"], body["background"], body["output"]) == ("queued", True, [])
    assert (await reached(live, body["id"], "in_progress"))["usage"] is None
    go.set()
    body = await reached(live, body["id"], "completed")
    assert (body["output"][0]["content"][0]["text"], body["usage"]["total_tokens"]) == ("The ", 2)
    assert (await live.http.post(f"/v1/responses/{body['id']}/cancel")).json() == body


async def test_work_in_the_background_outlives_its_reader_who_may_come_back(live: Live) -> None:
    go = asyncio.Event()
    live.runtime.scripts = [Script(AnswerDelta(content="The "), go, AnswerDelta(content="Nile"), END)]
    asking = asyncio.create_task(post(live, background=True, stream=True))
    await live.runtime.wait_for(opened=1)
    asking.cancel()
    await asyncio.wait({asking})
    (run,) = live.runtime.response_runs.all
    following = asyncio.create_task(live.http.get(f"/v1/responses/{run.id}?stream=true&starting_after=2"))
    go.set()
    told = events(await following)
    assert told[0]["sequence_number"] == 3
    assert kinds(told)[-1] == "completed"
    assert kinds([dict(event) for event in run.events])[:3] == ["created", "queued", "in_progress"]
    assert (await get(live, run.id))["output"][0]["content"][0]["text"] == "The Nile"


async def test_a_failure_in_the_background_is_the_status_of_the_response(live: Live) -> None:
    live.runtime.scripts = [Script(ModelUnavailableError("The model died."))]
    identity = (await whole(live, background=True))["id"]
    body = await reached(live, identity, "failed")
    assert body["error"] == {"code": "server_error", "message": "The model died."}


async def test_work_in_the_background_can_be_stopped(live: Live) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="The "), asyncio.Event())]
    identity = (await whole(live, background=True))["id"]
    await live.runtime.wait_for(opened=1)
    response = await live.http.post(f"/v1/responses/{identity}/cancel")
    body = checked(response)
    assert (response.status_code, body["status"]) == (200, "cancelled")
    await live.runtime.wait_for(closed=1)
    assert await get(live, identity) == body
    assert checked(await live.http.post(f"/v1/responses/{identity}/cancel")) == body


async def test_a_stream_can_be_stopped_from_outside(live: Live) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="The "), asyncio.Event())]
    asking = asyncio.create_task(streamed(live))
    await until(lambda: any(len(run.events) > 4 for run in live.runtime.response_runs.all))
    (run,) = live.runtime.response_runs.all
    stopped = await asyncio.gather(*(live.http.post(f"/v1/responses/{run.id}/cancel") for _ in range(3)))
    assert {response.json()["status"] for response in stopped} == {"cancelled"}
    told = await asking
    assert kinds(told)[-4:] == ["output_text.done", "content_part.done", "output_item.done", "incomplete"]
    assert told[-1]["response"]["status"] == "cancelled"
    assert told[-1]["response"]["output"][0]["content"][0]["text"] == "The "
    await live.runtime.wait_for(closed=1)


class SlowStore(StoredResponses):
    """Takes as long to keep a response as a test wants."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.saving = asyncio.Event()
        self.go = asyncio.Event()

    async def save(self, stored: StoredResponse) -> bool:
        self.saving.set()
        await self.go.wait()
        return await super().save(stored)


async def test_an_answer_that_is_whole_is_not_stopped_any_more(live: Live, tmp_path: Path) -> None:
    store = SlowStore(tmp_path / "slow.db")
    live.runtime.stored_responses = store
    asking = asyncio.create_task(streamed(live))
    await store.saving.wait()
    (run,) = live.runtime.response_runs.all
    stopping = asyncio.create_task(live.http.post(f"/v1/responses/{run.id}/cancel"))
    await until(lambda: live.app.lifetime.running == 2)
    store.go.set()
    assert (await stopping).json()["status"] == "completed"
    assert kinds(await asking)[-1] == "completed"
    assert (await get(live, run.id))["status"] == "completed"
    await store.aclose()


async def test_what_has_ended_cannot_be_stopped(live: Live) -> None:
    identity = (await whole(live))["id"]
    response = await live.http.post(f"/v1/responses/{identity}/cancel")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "response_not_cancellable")
    assert (await live.http.post("/v1/responses/resp_x/cancel")).status_code == 404


async def test_what_is_deleted_in_the_making_is_stopped_and_gone(live: Live) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="The "), asyncio.Event())]
    identity = (await whole(live, background=True))["id"]
    await live.runtime.wait_for(opened=1)
    assert (await live.http.delete(f"/v1/responses/{identity}")).status_code == 200
    await live.runtime.wait_for(closed=1)
    assert await missing(live, identity)


async def test_work_that_the_end_of_the_server_cut_off_has_failed(live: Live) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="The "), asyncio.Event())]
    identity = (await whole(live, background=True))["id"]
    await live.runtime.wait_for(opened=1)
    await live.runtime.response_runs.aclose()
    body = await get(live, identity)
    assert (body["status"], body["error"]["code"]) == ("failed", "server_error")
    told = events(await live.http.get(f"/v1/responses/{identity}?stream=true"))
    assert kinds(told) == ["created", "queued", "in_progress", "failed"]
    assert told[-1]["response"] == body


async def test_a_stream_that_its_client_left_is_not_kept(live: Live) -> None:
    live.runtime.scripts = [Script(AnswerDelta(content="The "), asyncio.Event())]
    asking = asyncio.create_task(post(live, stream=True))
    await live.runtime.wait_for(opened=1)
    (run,) = live.runtime.response_runs.all
    asking.cancel()
    await live.runtime.wait_for(closed=1)
    await until(lambda: not live.runtime.response_runs.all)
    assert await missing(live, run.id)


async def test_a_file_that_cannot_be_written_does_not_keep_the_answer_from_its_client(live: Live) -> None:
    live.runtime.stored_responses.path.mkdir()
    body = await whole(live)
    assert body["output"][0]["content"][0]["text"] == TEXT
    refused = await live.http.get(f"/v1/responses/{body['id']}")
    assert refused.status_code == 503
    assert str(live.runtime.stored_responses.path.parent) not in refused.text


@pytest.mark.parametrize("stream", [False, True])
async def test_nothing_begins_in_the_background_that_could_not_be_fetched(live: Live, stream: bool) -> None:
    live.runtime.stored_responses.path.mkdir()
    response = await post(live, background=True, stream=stream)
    assert (response.status_code, response.json()["error"]["code"]) == (503, "index_unavailable")
    assert live.runtime.requests == []
    assert live.runtime.response_runs.all == ()


async def test_the_official_client_follows_a_conversation(live: Live) -> None:
    client = live.openai
    first = await client.responses.create(model="vault", input="One?")
    assert first.output_text == TEXT
    async with client.responses.stream(model="vault", input="Two?", previous_response_id=first.id) as stream:
        assert "".join([event.delta async for event in stream if event.type == "response.output_text.delta"]) == TEXT
        second = await stream.get_final_response()
    assert (await client.responses.retrieve(second.id)).output_text == TEXT
    replay = await client.responses.retrieve(second.id, stream=True, starting_after=3)
    assert [event.sequence_number async for event in replay] == list(range(4, 11))
    items = await client.responses.input_items.list(second.id)
    assert [item.type for item in items.data] == ["message"]
    await client.responses.delete(second.id)
    assert (await client.responses.input_tokens.count(model="vault", input="Hi")).object == "response.input_tokens"
