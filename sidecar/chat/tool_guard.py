"""Instructions in notes do not become tool calls: a call is passed on only when the user's own words ask for it.

What is asked: the same model, with the same conversation and tools, the notes hidden. A tool that it does not call then
was asked for by a note. The reasons and the limits are in docs/decisions/0040-calls-are-asked-for-without-the-notes.md.

Text streams on; calls are held until the answer has ended, and passed on whole. Only then is the model asked again: it
may answer one conversation at a time, and without calls there is nothing to ask.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from sidecar.chat.call_check import Verdict, judge
from sidecar.chat.held_calls import Call, HeldCalls
from sidecar.chat.refusal_words import refusal
from sidecar.inference.model import ChatModel, Completion, Delta
from sidecar.language.conversation import conversation_language
from sidecar.prompt import text_of

_CALLING = frozenset({"tool_calls", "function_call"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusingDelta(Delta):
    """The last delta of a choice from which calls were left out."""

    refused_calls: tuple[str, ...] = ()
    """Names of the tools, in the order of their calls; `?` for one that the client does not offer."""


async def guarded(
    model: ChatModel, completion: Completion, *, unaided: Completion | None
) -> AsyncGenerator[Delta, None]:
    """Stream the answer to `completion`, without the calls of tools that the model does not make for `unaided`, the
    same request with the notes hidden. A choice that lost calls says so at its end, and ends with a `RefusingDelta`.

    With `None`, or the same messages, every call may pass. Where the client lets no tool be called, none is. The usage
    is that of the answer alone.
    """
    offered = _offered(completion.options)
    hidden = unaided is not None and list(unaided.messages) != list(completion.messages)
    held: dict[int, HeldCalls] = {}
    talked: set[int] = set()
    endings: list[Delta] = []
    async with aclosing(model.stream(completion)) as stream:
        async for delta in stream:
            if offered and not hidden:
                yield delta
                continue
            if delta.tool_calls:
                held.setdefault(delta.index, HeldCalls()).feed(delta.tool_calls)
            if delta.content:
                talked.add(delta.index)
            said, ending = _parted(delta, held=delta.index in held)
            if ending is not None:
                endings.append(ending)
            if said is not None:
                yield said
    if not offered or unaided is None:
        for ending in endings:
            yield _stopped(ending)
        return
    calls = [call for ending in endings for call in held[ending.index].whole]
    verdict = await judge(model, completion, unaided=unaided, calls=calls) if calls else Verdict()
    for ending in endings:
        whole = held[ending.index].whole
        passed = [call for call in whole if call in verdict.passed]
        refused = tuple(call.name if call.name in offered else "?" for call in whole if call not in verdict.passed)
        words = _words(refused, completion, checked=verdict.checked)
        gap = "\n\n" if words and ending.index in talked else ""
        for piece in _ended(ending, passed, refused, words=gap + words):
            yield piece


def _parted(delta: Delta, *, held: bool) -> tuple[Delta | None, Delta | None]:
    """What of a delta may be said at once, and what ends a choice that has called."""
    if delta.tool_calls:
        # What is told of a call's tokens would tell the call.
        delta = replace(delta, tool_calls=(), logprobs=None)
    ending = Delta(index=delta.index, finish_reason=delta.finish_reason, usage=delta.usage)
    ends = held and delta.finish_reason is not None
    said = replace(delta, finish_reason=None, usage=None) if ends else delta
    return (said if said != Delta(index=delta.index) else None), (ending if ends else None)


def _ended(ending: Delta, passed: Sequence[Call], refused: tuple[str, ...], *, words: str) -> Iterator[Delta]:
    """The end of a choice: what is said of the calls that were left out, the others, and the reason."""
    if words:
        yield Delta(index=ending.index, content=words)
    if passed:
        yield Delta(index=ending.index, tool_calls=tuple(call.entry(index) for index, call in enumerate(passed)))
    else:
        ending = _stopped(ending)
    if refused:
        yield RefusingDelta(
            index=ending.index, finish_reason=ending.finish_reason, usage=ending.usage, refused_calls=refused
        )
    else:
        yield ending


def _stopped(ending: Delta) -> Delta:
    return replace(ending, finish_reason="stop") if ending.finish_reason in _CALLING else ending


def _offered(options: Mapping[str, Any]) -> frozenset[str]:
    """Names of the tools that may be called."""
    if options.get("tool_choice") == "none":
        return frozenset()
    functions = [tool.get("function") for tool in options.get("tools") or () if isinstance(tool, Mapping)]
    return frozenset(str(function.get("name")) for function in functions if isinstance(function, Mapping))


def _words(refused: Sequence[str], completion: Completion, *, checked: bool) -> str:
    # A program that reads the text as JSON would stumble over a sentence.
    wanted = completion.options.get("response_format")
    if not refused or (isinstance(wanted, Mapping) and wanted.get("type") in {"json_object", "json_schema"}):
        return ""
    users = [text_of(message) for message in completion.messages if message.get("role") == "user"]
    language = conversation_language([*users[:-1], completion.question])
    return refusal(refused, language=language, checked=checked)
