"""The chat model that is always there: it answers with sentences of the notes, word for word, and says so.

What makes a good answer here: a sentence that has the rarest words of the question (rare among the sentences at hand),
under headings that have them too, in a passage that retrieval ranked high. Nothing is invented, so nothing generated
can be asked of it: no tools, no JSON.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from sidecar.errors import RequestError
from sidecar.inference.choosing import best_quotations
from sidecar.inference.housekeeping import housekeeping_of
from sidecar.inference.housework import housework
from sidecar.inference.model import Completion, Delta, Usage
from sidecar.inference.phrases import phrases
from sidecar.inference.showing import shown
from sidecar.inference.tokens import message_text
from sidecar.language.conversation import conversation_language
from sidecar.language.small_talk import small_talk_in

_UNITS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


class ExtractiveModel:
    """A `ChatModel` without a model. Its tokens are words, and characters of Chinese and Japanese."""

    @property
    def name(self) -> str:
        return "extractive"

    @property
    def generative(self) -> bool:
        return False

    @property
    def on_this_machine(self) -> bool:
        return True

    async def context_length(self) -> int | None:
        """Any number of sources fits."""
        return None

    async def count_tokens(self, text: str) -> int:
        return _count(text)

    async def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        """Answer line by line. Raises RequestError when asked for what only a language model can give."""
        wanted = housekeeping_of(completion.messages, most_tokens=completion.options.get("max_tokens"))
        if wanted is None:
            _refuse_generation(completion.options)
            answer = await asyncio.to_thread(_answer, completion)
        else:
            answer = housework(wanted, completion.messages)
        text, reason = _limited(
            _before_stop(answer, completion.options.get("stop")), completion.options.get("max_tokens")
        )
        copies = max(1, completion.options.get("n") or 1)
        usage = Usage(
            prompt_tokens=sum(_count(message_text(message)) for message in completion.messages),
            completion_tokens=_count(text) * copies,
        )
        for index in range(copies):
            for line in text.splitlines(keepends=True):
                yield Delta(index=index, content=line)
            yield Delta(index=index, finish_reason=reason, usage=usage if index == copies - 1 else None)

    async def aclose(self) -> None:
        """Nothing is held."""


def _answer(completion: Completion) -> str:
    own = [message_text(message) for message in completion.messages if message.get("role") == "user"]
    # The question's own language, or that of the conversation where a question of two words does not tell it. The last
    # message holds what was found as well.
    language = conversation_language([completion.question, *own[:-1]])
    said = phrases(language)
    talk = small_talk_in(completion.question)
    # "Yes" and "fine" may answer a question, and then something was found for them.
    if talk == "talk" or (talk == "assent" and not completion.sources):
        return said.friendly
    quotations = best_quotations(completion.question, completion.sources, language=language)
    if not quotations and len(own) > 1:
        # What was found for "and in 2023?" was searched for with what was asked before it.
        before = f"{own[-2]} {completion.question}"
        quotations = best_quotations(before, completion.sources, language=language)
    parts = [said.quotations, *shown(quotations)] if quotations else [said.nothing]
    if not quotations and completion.still_reading:
        parts.append(said.still_reading)
    if len(own) <= 1:
        parts.append(said.add_model)
    return "\n\n".join(parts)


def _refuse_generation(options: Mapping[str, Any]) -> None:
    wanted = options.get("response_format")
    if isinstance(wanted, Mapping) and wanted.get("type") not in (None, "text"):
        raise _needs_model("response_format")
    if options.get("tool_choice") not in (None, "none", "auto"):
        raise _needs_model("tool_choice")


def _needs_model(param: str) -> RequestError:
    return RequestError(
        f"No language model is loaded, and '{param}' needs one: answers are quotations from the notes.",
        param=param,
        code="unsupported_parameter",
        hint="Start Sidecar with `--model PATH.gguf` or `--upstream URL`.",
    )


def _before_stop(text: str, stop: object) -> str:
    marks = [stop] if isinstance(stop, str) else stop if isinstance(stop, Sequence) else []
    ends = [text.find(mark) for mark in marks if isinstance(mark, str) and mark]
    return text[: min((end for end in ends if end >= 0), default=len(text))]


def _limited(text: str, limit: object) -> tuple[str, str]:
    if isinstance(limit, int) and limit >= 0:
        for number, unit in enumerate(_UNITS.finditer(text)):
            if number == limit:
                return text[: unit.start()].rstrip(), "length"
    return text, "stop"


def _count(text: str) -> int:
    return sum(1 for _ in _UNITS.finditer(text))
