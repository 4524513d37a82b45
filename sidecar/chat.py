"""A conversation becomes an answer: retrieve, build the prompt, ask the model, check its citations while it streams."""

from __future__ import annotations

import datetime as dt
import hmac
import json
import secrets
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, Protocol, TypeAlias

from sidecar.citations import Annotation, CitationChecker, CitedSource
from sidecar.inference.model import ChatModel, Completion, Delta, Message, Usage
from sidecar.prompt import Passage, Prompt, build_prompt, leaving, question_of, render, sources, text_of
from sidecar.retrieval.conversation import Turn, query_in
from sidecar.retrieval.hit import Hit
from sidecar.retrieval.query import add_filters, parse_query
from sidecar.retrieval.retriever import Retriever
from sidecar.retrieval.special import read_query

# Made anew by each process and never written anywhere.
_SECRET = secrets.token_bytes(32)
_MARKER_LENGTH = 12

Mode: TypeAlias = Literal["auto", "always", "never"]

DEFAULT_PASSAGES = 8
# Below this share of what the question could get, a chunk has only its small words: adding it would mislead.
_RELEVANT = 0.16
# Beside a good hit, one that is much weaker is noise for a small model.
_BESIDE_BEST = 0.35
# How many times as many hits are looked through for ones that may leave this machine, when the first ones may not.
_DEEPER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One request for an answer. `options` as in `Completion.options`; `mode` says when notes are added: `auto` when
    something relevant is found, `always` whatever is found, `never`; `limit` is the most passages; `filters` as in
    `retrieval.query.add_filters`. `passages` are those of a search that the caller has done, `None` when it has not.
    """

    messages: Sequence[Message]
    options: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = "auto"
    limit: int | None = None
    filters: Mapping[str, Any] | None = None
    passages: Sequence[Passage] | None = None


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
    usage: Usage | None = None


class Notes(Protocol):
    """The vault as chat needs it."""

    @property
    def name(self) -> str: ...

    @property
    def retriever(self) -> Retriever: ...


async def answer(request: ChatRequest, *, model: ChatModel, notes: Notes | None) -> AsyncGenerator[AnswerDelta, None]:
    """Answer from the notes, or plainly when `notes` is `None` or the mode is `never`.

    Raises before the first delta what retrieval and the model raise; closing the generator stops the model.
    """
    if notes is None or request.mode == "never":
        completion = Completion(
            messages=request.messages, question=question_of(request.messages), options=request.options
        )
        async with aclosing(model.stream(completion)) as stream:
            async for delta in stream:
                yield _plain(delta)
        return
    # Asked first: what a server tells of a model may be that it runs elsewhere.
    window = await model.context_length()
    away, passages, withheld = not model.on_this_machine, request.passages, 0
    if passages is None:
        passages = await find_passages(request, notes, away=away)
    if away:
        # Before the model is given anything of them: counting tokens may be a request too.
        passages, withheld = leaving(passages)
    prompt = await _prompt(request, passages, model, window=window, withheld=withheld)
    completion = Completion(
        messages=prompt.messages,
        sources=sources(prompt.passages),
        question=parse_query(question_of(request.messages)).text,
        options=request.options,
    )
    async with aclosing(_checked(request, completion, prompt, model=model, notes=notes)) as checked:
        async for piece in checked:
            yield replace(piece, withheld=withheld) if piece.sources is not None else piece


async def find_passages(request: ChatRequest, notes: Notes, *, away: bool = False) -> list[Passage]:
    """The passages for the last user message, as `find_hits`."""
    return [passage_of(hit, vault=notes.name) for hit in await find_hits(request, notes, away=away)]


async def find_hits(request: ChatRequest, notes: Notes, *, away: bool = False) -> list[Hit]:
    """What is found for the last user message, best first; nothing when nothing relevant is found. A follow-up is
    searched for with what the earlier turns say.

    For a model that is `away`, further hits stand behind them in place of those that stay on this machine.
    """
    query = add_filters(
        query_in(_turns(request.messages), parse=partial(read_query, today=dt.date.today())), request.filters
    )
    if not query.text and not query.filtered:
        return []
    limit = request.limit or DEFAULT_PASSAGES
    hits = await notes.retriever.search(query, limit=limit)
    if away and (staying := sum(hit.local and not hit.mentioned for hit in hits)):
        known = {hit.chunk.id for hit in hits}
        deeper = await notes.retriever.search(query, limit=_DEEPER * limit)
        hits += [hit for hit in deeper if not hit.local and hit.chunk.id not in known][:staying]
    return relevant(hits) if request.mode == "auto" else hits


def _turns(messages: Sequence[Message]) -> list[Turn]:
    return [
        Turn(role="user" if message.get("role") == "user" else "assistant", text=text_of(message))
        for message in messages
        if message.get("role") in ("user", "assistant")
    ]


def relevant(hits: Sequence[Hit]) -> list[Hit]:
    """The hits that say something about the question; mentioned notes always do."""
    best = max((hit.score for hit in hits if not hit.mentioned), default=0.0)
    floor = max(_RELEVANT, best * _BESIDE_BEST)
    return [hit for hit in hits if hit.mentioned or hit.score >= floor]


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
        searched=True,
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
    async with aclosing(model.stream(completion)) as stream:
        async for delta in stream:
            checker = checkers.get(delta.index)
            if checker is None:
                checker = CitationChecker(prompt.passages, vault=notes.name, known_text=known)
                checkers[delta.index] = checker
            for piece in _pieces(delta, checker, formatted=formatted):
                yield piece


def _pieces(delta: Delta, checker: CitationChecker, *, formatted: bool) -> Iterator[AnswerDelta]:
    before = len(checker.annotations)
    content = checker.feed(delta.content) if delta.content else ""
    if delta.finish_reason is not None:
        content += checker.finish(credit=delta.finish_reason == "stop")
    annotations = tuple(checker.annotations[before:])
    piece = _plain(delta) if formatted else replace(_plain(delta), content=content, annotations=annotations)
    if delta.finish_reason is None:
        yield piece
        return
    # What was held back comes before the end: several clients read no text from the piece with the finish_reason.
    if piece.content:
        yield AnswerDelta(index=delta.index, content=piece.content, annotations=piece.annotations)
    yield replace(piece, content="", annotations=(), sources=checker.sources)


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
        usage=delta.usage,
    )


def passage_of(hit: Hit, *, vault: str) -> Passage:
    """A hit in a vault as the prompt needs it."""
    chunk = hit.chunk
    return Passage(
        vault=vault,
        file=chunk.note.path.rpartition("#")[0] if chunk.note.kind == "row" else None,
        path=chunk.note.path,
        link=hit.link,
        title=chunk.note.title,
        heading_path=chunk.heading_path,
        date=chunk.note.date,
        text=chunk.text,
        start_line=chunk.start_line,
        end_line=chunk.end_line,
        block_ids=chunk.block_ids,
        score=hit.score,
        mentioned=hit.mentioned,
        local=hit.local,
        embedded=tuple(
            passage_of(Hit(chunk=each.chunk, score=hit.score, link=each.link), vault=vault) for each in hit.embedded
        ),
    )
