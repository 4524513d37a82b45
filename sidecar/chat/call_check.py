"""Which of an answer's tool calls the user's own words ask for: the same model is asked again, the notes hidden."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from sidecar.chat.call_arguments import Known, has_address, known, leads_astray
from sidecar.chat.held_calls import Call, HeldCalls
from sidecar.errors import SidecarError
from sidecar.inference.model import ChatModel, Completion
from sidecar.prompt import text_of

log = logging.getLogger(__name__)

# Characters. Who says so much, and has not called by then, does not mean to call.
_TALK = 2_000
# Held to one call, of two that are wished it may make the other; the rest ask for more than is read.
_NOT_ASKED_FOR = frozenset({"parallel_tool_calls", "n", "logprobs", "top_logprobs"})
_OWN = frozenset({"system", "developer", "user"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The calls that may pass; `checked` is false when it could not be found out."""

    passed: frozenset[Call] = frozenset()
    checked: bool = True


async def judge(model: ChatModel, completion: Completion, *, unaided: Completion, calls: Sequence[Call]) -> Verdict:
    """Decide which of the `calls` in the answer to `completion` may pass. The model is asked `unaided` at most once."""
    # Most calls hold none, and a prompt is long.
    facts = _facts(completion, unaided) if any(map(has_address, calls)) else Known()
    chosen = _chosen(completion.options)
    own = replace(facts, shown=frozenset())
    doubtful = {call for call in calls if leads_astray(call, wished=(), known=own)}
    if not doubtful and all(call.name == chosen for call in calls):
        return Verdict(passed=frozenset(calls))
    try:
        wished, cut = await _wished(
            model, unaided, enough=frozenset() if doubtful else frozenset(c.name for c in calls)
        )
    except SidecarError as error:
        log.warning("tool calls could not be checked: %s", type(error).__name__)
        return Verdict(checked=False)
    passed = frozenset(call for call in calls if _passes(call, wished, facts, chosen=chosen))
    return Verdict(passed=passed, checked=not cut)


def _passes(call: Call, wished: Sequence[Call], facts: Known, *, chosen: str | None) -> bool:
    same = [each for each in wished if each.name == call.name]
    return (bool(same) or call.name == chosen) and not leads_astray(call, wished=same, known=facts)


async def _wished(model: ChatModel, unaided: Completion, *, enough: frozenset[str]) -> tuple[list[Call], bool]:
    """The calls that are made without the notes, and whether the answer was cut off before it could have called. No
    more is read once all tools in `enough` are called, if there are any in it.
    """
    options = {name: value for name, value in unaided.options.items() if name not in _NOT_ASKED_FOR}
    if model.on_this_machine:
        # What it most likely means, not what it might say. Servers elsewhere may refuse the number.
        options["temperature"] = 0
    held, said, cut = HeldCalls(), 0, False
    async with aclosing(model.stream(replace(unaided, options=options))) as stream:
        async for delta in stream:
            if delta.index:
                continue
            held.feed(delta.tool_calls)
            said += len(delta.content)
            cut |= delta.finish_reason == "length"
            if (enough and enough <= held.names) or (said > _TALK and not held.names):
                break
    return held.whole, cut


def _chosen(options: Mapping[str, Any]) -> str | None:
    """The tool that the client insists on."""
    choice = options.get("tool_choice")
    function = choice.get("function") if isinstance(choice, Mapping) else None
    return str(function.get("name")) if isinstance(function, Mapping) else None


def _facts(completion: Completion, unaided: Completion) -> Known:
    # Not the model's own words, since an earlier answer may repeat what a note says, nor what tools gave back.
    own = [text_of(message) for message in unaided.messages if message.get("role") in _OWN]
    tools = json.dumps(completion.options.get("tools"), ensure_ascii=False)
    return known(own=[*own, tools], shown=[text_of(message) for message in completion.messages])
