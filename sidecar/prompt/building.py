"""Passages and messages become the prompt: notes as data inside a random delimiter, fitted to the context window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.inference.model import Message
from sidecar.prompt.fitting import fitted
from sidecar.prompt.instructions import tokens_of, with_instructions, wording_for
from sidecar.prompt.messages import question_of
from sidecar.prompt.ordering import arranged
from sidecar.prompt.passage import Passage
from sidecar.prompt.rendering import render_all
from sidecar.prompt.wording import Wording

# Tokens an answer may always use, and the most of the window that notes may fill.
_ANSWER_TOKENS = 512
_NOTES_SHARE = 0.6
_DEFAULT_WINDOW = 4_096
# The two lines around the notes.
_FRAME_TOKENS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the model is given, and the passages that are really in it, best first, each followed by what it embeds."""

    messages: tuple[Message, ...]
    passages: tuple[Passage, ...]
    unaided: tuple[Message, ...] = ()
    """The same prompt with the notes hidden, where there are some: what the user alone asks for."""
    trimmed: int = 0
    """How many of the passages that were there the window has no room for: left out, or shortened."""


def build_prompt(
    messages: Sequence[Message],
    passages: Sequence[Passage],
    *,
    searched: bool,
    window: int | None,
    used_tokens: int,
    passage_tokens: Sequence[int],
    answer_tokens: int | None,
    marker: str,
    withheld: int = 0,
) -> Prompt:
    """Put the passages, given best first, beside the client's own messages, whose order and system text are kept.

    `window` is the model's context in tokens (`None`: unknown, 4,096 is assumed), `used_tokens` what the messages take,
    `passage_tokens` what each passage takes, `answer_tokens` the room asked for the answer, `marker` a random word
    that no note can have guessed. Passages that do not fit are shortened or left out, the least relevant first.
    `withheld` is how many notes were found that must not leave this machine.
    """
    window = window or _DEFAULT_WINDOW
    wording = wording_for(messages, window=window)
    room = _room(window, used_tokens + tokens_of(wording), answer_tokens)
    chosen = fitted(passages, passage_tokens, room=room, question=question_of(messages))
    kept = [piece for place in sorted(chosen) for piece in chosen[place].pieces]
    trimmed = len(passages) - sum(each.whole for each in chosen.values())
    if not kept and not searched:
        return Prompt(messages=tuple(messages), passages=(), trimmed=trimmed)
    given = with_instructions(messages, wording.instructions)
    found = render_all(arranged(kept)) or _instead(len(passages), withheld, wording)
    if not found:
        return Prompt(messages=given, passages=(), trimmed=trimmed)
    return Prompt(
        messages=_with_notes(given, _block(found, marker)),
        passages=tuple(each for passage in kept for each in (passage, *passage.embedded)),
        unaided=_with_notes(given, _block(wording.hidden, marker)),
        trimmed=trimmed,
    )


def _block(text: str, marker: str) -> str:
    return f"<notes {marker}>\n{text}\n</notes {marker}>"


def _instead(found: int, withheld: int, wording: Wording) -> str:
    """What stands in the place of notes that were found and of which none is shown."""
    if found:
        # Without a word the model would be told that nothing was found.
        return wording.hidden
    # How many, and nothing else: a title may say it all.
    return wording.withheld.format(number=withheld) if withheld else ""


def _room(window: int, used: int, answer: int | None) -> int:
    free = window - used - _FRAME_TOKENS - min(answer or _ANSWER_TOKENS, window // 4)
    return max(0, min(free, int(window * _NOTES_SHARE)))


def _with_notes(messages: Sequence[Message], block: str) -> tuple[Message, ...]:
    # In the last user message, not in the system text: earlier turns stay the same, so their cached prefix is reused.
    last = max((i for i, message in enumerate(messages) if message.get("role") == "user"), default=None)
    if last is None:
        return (*messages, {"role": "user", "content": block})
    content = messages[last].get("content")
    if isinstance(content, list):
        new: Any = [{"type": "text", "text": block}, *content]
    else:
        new = f"{block}\n\n{content or ''}"
    return (*messages[:last], {**messages[last], "content": new}, *messages[last + 1 :])
