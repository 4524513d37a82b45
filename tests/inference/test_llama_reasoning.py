"""Thoughts of GGUF models: told from the answer by the marks of template and vocabulary."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.inference.model import Delta
from tests.inference.asking import asked, opened
from tests.models.chatml import CHATML

pytestmark = pytest.mark.anyio

HELLO = [{"role": "user", "content": "What is two and two?"}]
THINKING = CHATML + "{# <think> </think> #}"
OPENED = CHATML.removesuffix("{% endif %}") + "<think>\n{% endif %}{# </think> #}"


def _said(deltas: list[Delta]) -> tuple[str, str, str | None]:
    return (
        "".join(delta.reasoning for delta in deltas),
        "".join(delta.content for delta in deltas),
        deltas[-1].finish_reason,
    )


@pytest.mark.parametrize(
    ("template", "controls", "script"),
    [
        (THINKING, (), "<think>\nZwei — né.\n</think>\n\nVier, no more."),
        (OPENED, (), "Zwei — né.\n</think>\n\nVier, no more."),
        (CHATML, ("[THINK]", "[/THINK]"), "[THINK]Zwei — né.[/THINK]Vier, no more."),
        (THINKING, ("<think>", "</think>"), "<think>\nZwei — né.\n</think>\n\nVier, no more."),
    ],
)
async def test_a_thought_is_reasoning_and_not_content(
    parrots: Callable[..., Path], template: str, controls: tuple[str, ...], script: str
) -> None:
    async with opened(parrots(script, chat_template=template, controls=controls)) as model:
        deltas = await asked(model, HELLO)
        assert _said(deltas) == ("Zwei — né.", "Vier, no more.", "stop")
        usage = deltas[-1].usage
        assert usage is not None
        assert 3 < usage.reasoning_tokens < usage.completion_tokens - 3
        cut = await asked(model, HELLO, max_tokens=5)
        assert (cut[-1].finish_reason, _said(cut)[1]) == ("length", "")
        assert "Zwei — né.".startswith(_said(cut)[0])
        assert _said(cut)[0]
        # A stop string ends what is said; one in the thought does not.
        assert _said(await asked(model, HELLO, stop=["wei", ", n"])) == ("Zwei — né.", "Vier", "stop")


async def test_a_thought_that_the_limit_cuts_stays_one(parrots: Callable[..., Path]) -> None:
    async with opened(parrots("It goes on and on", chat_template=OPENED)) as model:
        assert _said(await asked(model, HELLO)) == ("It goes on and on", "", "stop")


async def test_marks_that_a_model_does_not_have_are_text(parrots: Callable[..., Path]) -> None:
    script = "<think>Zwei</think>Vier"
    async with opened(parrots(script)) as model:
        assert _said(await asked(model, HELLO)) == ("", script, "stop")


async def test_an_answer_in_json_is_content_even_where_the_prompt_opens_a_thought(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    from tests.models import tiny_chat

    schema = {"type": "object", "properties": {"sum": {"enum": [3, 4]}}, "required": ["sum"]}
    async with opened(tiny_chat.build(tmp_path / "model.gguf", chat_template=OPENED)) as model:
        wanted = {"type": "json_schema", "json_schema": {"schema": schema}}
        reasoning, content, reason = _said(await asked(model, HELLO, response_format=wanted, seed=2))
        assert (reasoning, reason) == ("", "stop")
        assert json.loads(content)["sum"] in {3, 4}


async def test_strings_in_json_hold_no_control_characters(tiny_chat_gguf: Path) -> None:
    text = {"type": "string", "minLength": 60, "maxLength": 64}
    schema = {"type": "object", "properties": {"a": text}, "required": ["a"]}
    # Bytes that are no characters would be replaced, and counted as more of them.
    ascii_only = {str(token): -100 for token in range(128, 256)}
    async with opened(tiny_chat_gguf) as model:
        for seed in range(3):
            wanted = {"type": "json_schema", "json_schema": {"schema": schema, "strict": False}}
            _, content, reason = _said(
                await asked(model, HELLO, response_format=wanted, seed=seed, temperature=2, logit_bias=ascii_only)
            )
            assert reason == "stop"
            assert 60 <= len(json.loads(content)["a"]) <= 64


async def test_a_control_token_does_not_stand_for_the_letters_of_its_name(parrots: Callable[..., Path]) -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["<x>y", "<x>z"]}}, "required": ["a"]}
    async with opened(parrots('{"a": "<x>y"}', controls=("<x>",))) as model:
        wanted = {"type": "json_schema", "json_schema": {"schema": schema}}
        _, content, _ = _said(await asked(model, HELLO, response_format=wanted, seed=1))
        assert json.loads(content)["a"] in {"<x>y", "<x>z"}
