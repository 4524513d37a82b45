"""Legacy completions."""

from __future__ import annotations

import pytest
from openai import BadRequestError

from sidecar.chat import AnswerDelta
from sidecar.inference.model import Usage
from tests.api.fakes import TEXT, Script
from tests.api.live import Live

pytestmark = pytest.mark.anyio


async def test_a_prompt_is_asked_as_one_user_message(live: Live) -> None:
    answer = await live.openai.completions.create(model="vault", prompt="Longest river?", max_tokens=20)
    assert (answer.object, answer.model) == ("text_completion", "vault")
    assert answer.id.startswith("cmpl-")
    (choice,) = answer.choices
    assert (choice.text, choice.index, choice.finish_reason) == (TEXT, 0, "stop")
    assert answer.usage is not None
    assert answer.usage.total_tokens == 16
    (request,) = live.runtime.requests
    assert list(request.messages) == [{"role": "user", "content": "Longest river?"}]
    assert request.options == {"max_tokens": 20}


async def test_several_prompts_give_choices_in_their_order(live: Live) -> None:
    live.runtime.scripts = [
        Script(AnswerDelta(content=text), AnswerDelta(finish_reason="stop")) for text in ("a1", "a2", "b1", "b2")
    ]
    answer = await live.openai.completions.create(model="vault", prompt=["A", "B"], n=2, echo=True)
    assert [(choice.index, choice.text) for choice in answer.choices] == [
        (0, "Aa1"),
        (1, "Aa2"),
        (2, "Bb1"),
        (3, "Bb2"),
    ]


async def test_a_stream_says_each_finish_once_and_usage_when_asked(live: Live) -> None:
    usage = Usage(prompt_tokens=2, completion_tokens=1)
    live.runtime.scripts = [
        Script(AnswerDelta(content=text), AnswerDelta(finish_reason="stop", usage=usage)) for text in ("x", "y")
    ]
    stream = await live.openai.completions.create(
        model="vault", prompt=["A", "B"], echo=True, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    texts, finished = ["", ""], []
    for chunk in chunks[:-1]:
        (choice,) = chunk.choices
        texts[choice.index] += choice.text
        # The client's type says that it is always there; on the wire it is null until the end.
        finished += [choice.index] if choice.model_dump()["finish_reason"] else []
    assert texts == ["Ax", "By"]
    assert finished == [0, 1]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 6


async def test_logprobs_come_in_the_legacy_columns(live: Live) -> None:
    entries = [{"token": "Nile", "logprob": -0.5, "top_logprobs": [{"token": "Nile", "logprob": -0.5}]}]
    live.runtime.scripts = [
        Script(AnswerDelta(content="Nile", logprobs={"content": entries}), AnswerDelta(finish_reason="stop"))
    ]
    answer = await live.openai.completions.create(model="vault", prompt="Q:", logprobs=1, echo=True)
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert (logprobs.tokens, logprobs.token_logprobs, logprobs.text_offset) == (["Nile"], [-0.5], [2])
    assert logprobs.top_logprobs == [{"Nile": -0.5}]
    assert live.runtime.requests[0].options == {"logprobs": True, "top_logprobs": 1}


async def test_a_stream_has_the_logprobs_of_text_that_is_held_back(live: Live) -> None:
    pieces = [
        AnswerDelta(content=content, logprobs={"content": [{"token": token, "logprob": -0.5}]})
        for content, token in (("see ", "see [["), ("", "No"), ("[[Nowhere]]", "where]]"))
    ]
    live.runtime.scripts = [Script(*pieces, AnswerDelta(finish_reason="stop"))]
    tokens: list[str] = []
    async for chunk in await live.openai.completions.create(model="vault", prompt="Q:", logprobs=0, stream=True):
        logprobs = chunk.choices[0].logprobs
        tokens += (logprobs.tokens or []) if logprobs else []
    assert tokens == ["see [[", "No", "where]]"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": "A", "suffix": "B"}, "suffix"),
        ({"prompt": [1, 2, 3]}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": "A", "best_of": 3}, "best_of"),
        ({"prompt": ["A", "B"], "n": 128}, "n"),
    ],
)
async def test_what_chat_has_no_words_for_is_refused_by_name(live: Live, fields: dict[str, object], param: str) -> None:
    response = await live.http.post("/v1/completions", json={"model": "vault", **fields})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param
    assert live.runtime.requests == []


async def test_fields_of_chat_that_have_no_place_in_the_answer_are_not_followed(live: Live) -> None:
    chats = {"tools": 5, "tool_choice": "required", "functions": [], "top_logprobs": "x", "response_format": {}}
    response = await live.http.post("/v1/completions", json={"model": "vault", "prompt": "A", **chats})
    assert response.status_code == 200
    assert live.runtime.requests[0].options == {"response_format": {}}


async def test_an_empty_suffix_is_none(live: Live) -> None:
    answer = await live.openai.completions.create(model="vault", prompt="A", suffix="")
    assert answer.choices[0].text == TEXT
    with pytest.raises(BadRequestError):
        await live.openai.completions.create(model="vault", prompt="A", suffix="z")
