"""The marks by which a model sets reasoning and tool calls apart from its answer, told by its template and vocabulary.

Sources of the marks are the published chat templates: Hermes and Qwen (`<tool_call>`), Mistral (`[TOOL_CALLS]`),
Granite and Phi (`<|tool_call|>`), Llama 3 (`<|python_tag|>`, or a bare object); DeepSeek and Qwen (`<think>`),
Magistral (`[THINK]`), Cohere and Seed. A model whose template knows no tools is
asked for `<tool_call>` by `tool_text.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMarks:
    """How a family writes calls: JSON objects between two marks."""

    open: str
    """What begins a call; empty for a family that writes bare objects."""
    close: str = ""
    written: bool = True
    """Whether a call that is asked for begins with `open`; Llama writes it only before code."""
    listed: bool = False
    """Whether the calls after one mark stand in a JSON list."""
    arguments: str = "arguments"
    """The key of the arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkMarks:
    """What stands around reasoning."""

    open: str
    close: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One model's marks."""

    calls: CallMarks
    think: ThinkMarks | None

    @property
    def marks(self) -> tuple[str, ...]:
        """Every mark; some vocabularies have control tokens for them, whose text is left out of answers otherwise."""
        thinking = (self.think.open, self.think.close) if self.think else ()
        return tuple(mark for mark in (self.calls.open, self.calls.close, *thinking) if mark)


TAGGED = CallMarks(open="<tool_call>", close="</tool_call>")
BARE = CallMarks(open="", written=False)
_FAMILIES = (
    TAGGED,
    CallMarks(open="[TOOL_CALLS]", listed=True),
    CallMarks(open="<|tool_call|>", close="<|/tool_call|>", listed=True),
    CallMarks(open="<|python_tag|>", written=False, arguments="parameters"),
)
_THINKING = (
    ThinkMarks(open="<think>", close="</think>"),
    ThinkMarks(open="[THINK]", close="[/THINK]"),
    ThinkMarks(open="<seed:think>", close="</seed:think>"),
    ThinkMarks(open="<|START_THINKING|>", close="<|END_THINKING|>"),
)


def read_dialect(template: str | None, *, knows_tools: bool, has_token: Callable[[str], bool]) -> Dialect:
    """Tell the marks of a model. `knows_tools` says whether its template shows tools; `has_token` looks a text up in
    its vocabulary. What the template writes counts before what the vocabulary could.
    """
    source = template or ""
    families = [family for family in _FAMILIES if family.open in source]
    families += [family for family in _FAMILIES if has_token(family.open)]
    thinking = [marks for marks in _THINKING if marks.close in source or has_token(marks.close)]
    return Dialect(
        calls=next(iter(families), BARE) if knows_tools else TAGGED,
        think=next(iter(thinking), None),
    )
