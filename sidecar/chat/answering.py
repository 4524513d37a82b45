"""The answer as it is written: the prompt around what was found, the model, and its citations checked."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from sidecar.chat.finding import Notes, searches
from sidecar.chat.gathering import find_passages
from sidecar.chat.request import ChatRequest
from sidecar.chat.tool_guard import RefusingDelta, guarded
from sidecar.citations import Annotation, CitationChecker, CitedSource
from sidecar.inference.model import ChatModel, Completion, Delta, Usage
from sidecar.prompt import Passage, Prompt, build_prompt, leaving, render, sources, text_of
from sidecar.retrieval.query import parse_query

# Made anew by each process and never written anywhere.
_SECRET = secrets.token_bytes(32)
_MARKER_LENGTH = 12
# Characters of an answer that are checked at once: some milliseconds.
_LONG_PIECE = 4_096
# Tokens that a model which only quotes can be given.
_ANY_LENGTH = 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDelta:
    """A piece of an answer: a model's delta, and with the last one of a choice what it rests on."""

    index: int = 0
    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    finish_reason: str | None = None
    logprobs: Mapping[str, Any] | None = None
    annotations: tuple[Annotation, ...] = ()
    sources: tuple[CitedSource, ...] | None = None
    """The passages cited, with the choice's last delta; `None` when no vault was asked."""
    withheld: int = 0
    """How many of the notes that were found stay on this machine and were kept from the model, with the choice's last
    delta."""
    trimmed: int = 0
    """How many of the passages that were found the model was given in part or not at all, for want of room in its
    window, with the choice's last delta."""
    still_reading: bool = False
    """Whether not all notes had been read yet when they were searched, with the choice's last delta."""
    refused_calls: tuple[str, ...] = ()
    """Names of the tools whose calls were left out, because a note asked for them, with the choice's last delta."""
    usage: Usage | None = None
    given: frozenset[tuple[str, str]] = frozenset()
    """The files whose text the model was given, each with its vault's name, with the first delta of all."""


async def answer(request: ChatRequest, *, model: ChatModel, notes: Notes | None) -> AsyncGenerator[AnswerDelta, None]:
    """Answer from the notes, or plainly when `notes` is `None` or the mode is `never`.

    Raises before the first delta what retrieval and the model raise; closing the generator stops the model.
    """
    if notes is None or request.mode == "never":
        completion = Completion(messages=request.messages, question=request.asked, options=request.options)
        async with aclosing(model.stream(completion)) as stream:
            async for delta in stream:
                yield _plain(delta)
        return
    # Asked first: what a server tells of a model may be that it runs elsewhere.
    window = await model.context_length() if model.generative else _ANY_LENGTH
    away, passages, withheld = request.elsewhere or not model.on_this_machine, request.passages, 0
    still_reading = notes.still_reading and searches(request)
    if passages is None:
        passages = await find_passages(request, notes, away=away, quoting=not model.generative)
    if away:
        # Before the model is given anything of them: counting tokens may be a request too.
        passages, withheld = leaving(passages)
        # Whoever asks again and again would learn from the number what those notes say.
        withheld = 0 if request.elsewhere else withheld
    prompt = await _prompt(request, passages, model, window=window, withheld=withheld)
    completion = Completion(
        messages=prompt.messages,
        sources=sources(prompt.passages),
        question=parse_query(request.asked).text,
        options=request.options,
        stays=any(passage.local for passage in prompt.passages),
        still_reading=still_reading,
    )
    given = _files(prompt.passages, notes)
    async with aclosing(_checked(request, completion, prompt, model=model, notes=notes)) as checked:
        async for piece in checked:
            if piece.sources is not None:
                piece = replace(piece, withheld=withheld, trimmed=prompt.trimmed, still_reading=still_reading)
            yield replace(piece, given=given) if given else piece
            given = frozenset()


def _files(passages: Sequence[Passage], notes: Notes) -> frozenset[tuple[str, str]]:
    everything = (each for passage in passages for each in (passage, *passage.embedded))
    return frozenset((each.vault or notes.name, each.file or each.path) for each in everything)


async def _prompt(
    request: ChatRequest, passages: Sequence[Passage], model: ChatModel, *, window: int | None, withheld: int
) -> Prompt:
    limit = request.options.get("max_tokens")
    # A client's tools stand in the prompt as well.
    tools = request.options.get("tools")
    used = [text_of(message) for message in request.messages] + ([json.dumps(tools)] if tools else [])
    return build_prompt(
        request.messages,
        passages,
        searched=searches(request),
        withheld=withheld,
        window=window,
        used_tokens=sum([await model.count_tokens(text) + 8 for text in used]),
        passage_tokens=[await model.count_tokens(render(passage)) + 4 for passage in passages],
        answer_tokens=limit if isinstance(limit, int) else None,
        marker=_marker(used, passages),
    )


def _marker(texts: Sequence[str], passages: Sequence[Passage]) -> str:
    """A word that no author of a note can know, the same for the same request: with another one each time, a seed would
    repeat nothing, and the notes would be read anew for each of several answers.
    """
    content = "\0".join([*texts, *(f"{passage.path}\0{passage.text}" for passage in passages)])
    digest = hmac.new(_SECRET, content.encode("utf-8", "surrogatepass"), "sha256")
    return digest.hexdigest()[:_MARKER_LENGTH]


async def _checked(
    request: ChatRequest, completion: Completion, prompt: Prompt, *, model: ChatModel, notes: Notes
) -> AsyncGenerator[AnswerDelta, None]:
    known = [text_of(message) for message in request.messages]
    checkers: dict[int, CitationChecker] = {}
    # A client that parses the answer as JSON must get it untouched: its sources are listed beside it.
    formatted = _formatted(request.options)
    unaided = replace(completion, messages=prompt.unaided or completion.messages, sources=())
    async with aclosing(
        guarded(model, completion, unaided=unaided if request.tool_calls_from_notes == "checked" else None)
    ) as stream:
        async for delta in stream:
            checker = checkers.get(delta.index)
            if checker is None:
                checker = CitationChecker(
                    prompt.passages,
                    vault=notes.name,
                    known_text=known,
                    style=request.citations or "wikilinks",
                    quotations=model.generative,
                )
                checkers[delta.index] = checker
            for part in _parts(delta):
                for piece in _pieces(part, checker, formatted=formatted):
                    yield piece
                # A server may give a whole answer at once, and others are waiting.
                await asyncio.sleep(0)


def _parts(delta: Delta) -> Iterator[Delta]:
    """A long piece of an answer as several, of which the last one has all that is not text."""
    text = delta.content
    for start in range(0, len(text) - _LONG_PIECE, _LONG_PIECE):
        yield Delta(index=delta.index, content=text[start : start + _LONG_PIECE])
    rest = max(0, (len(text) - 1) // _LONG_PIECE * _LONG_PIECE)
    yield replace(delta, content=text[rest:])


def _pieces(delta: Delta, checker: CitationChecker, *, formatted: bool) -> Iterator[AnswerDelta]:
    before = len(checker.annotations)
    content = checker.feed(delta.content) if delta.content else ""
    if delta.finish_reason is not None:
        content += checker.finish(credit=delta.finish_reason == "stop")
    annotations = tuple(checker.annotations[before:])
    ends = bool(delta.content) or delta.finish_reason is not None
    reasoning = checker.think(delta.reasoning, ends=ends)
    piece = (
        _plain(delta)
        if formatted
        else replace(_plain(delta), content=content, reasoning=reasoning, annotations=annotations)
    )
    if delta.finish_reason is None:
        yield piece
        return
    # What was held back comes before the end: several clients read no text from the piece with the finish_reason.
    if piece.content or piece.reasoning:
        yield AnswerDelta(
            index=delta.index, content=piece.content, reasoning=piece.reasoning, annotations=piece.annotations
        )
    yield replace(piece, content="", reasoning="", annotations=(), sources=checker.sources)


def _formatted(options: Mapping[str, Any]) -> bool:
    response_format = options.get("response_format")
    return isinstance(response_format, Mapping) and response_format.get("type") in {"json_object", "json_schema"}


def _plain(delta: Delta) -> AnswerDelta:
    return AnswerDelta(
        index=delta.index,
        content=delta.content,
        reasoning=delta.reasoning,
        tool_calls=delta.tool_calls,
        finish_reason=delta.finish_reason,
        logprobs=delta.logprobs,
        refused_calls=delta.refused_calls if isinstance(delta, RefusingDelta) else (),
        usage=delta.usage,
    )
