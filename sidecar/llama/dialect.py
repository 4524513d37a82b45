"""The marks by which a model sets reasoning and tool calls apart from its answer, told by its template and vocabulary.

Sources of the marks are the published chat templates, as llama.cpp collects them in models/templates. A model whose
template knows no tools is asked for `<tool_call>` by `tool_text.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NameForm:
    """A call whose name stands before its arguments: `head name between {…}`."""

    head: str = ""
    between: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagForm:
    """A call whose arguments stand between tags, each by itself, as plain text or JSON."""

    name_open: str
    name_close: str
    key_open: str
    key_close: str
    value_close: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMarks:
    """How a family writes calls, between two marks: as JSON objects where `form` is `None`."""

    open: str
    """What begins a call; empty for a family that writes bare objects."""
    close: str = ""
    also: tuple[str, ...] = ()
    """Other beginnings, which are only read."""
    again: str = ""
    """What begins a further call; nothing where it is `open` again, or where a call ends the answer."""
    end: str = ""
    """What stands after the last call."""
    written: bool = True
    """Whether a call that is asked for begins with `open`; Llama writes it only before code."""
    listed: bool = False
    """Whether the calls after one mark stand in a JSON list."""
    name: str = "name"
    """The key of the name."""
    arguments: str = "arguments"
    """The key of the arguments."""
    form: NameForm | TagForm | None = None

    @property
    def openings(self) -> tuple[str, ...]:
        """Every beginning of a call."""
        return tuple(mark for mark in (self.open, *self.also, self.again) if mark)

    @property
    def texts(self) -> tuple[str, ...]:
        """All that a call is written with, beside names and arguments."""
        form = self.form
        named = (form.head, form.between) if isinstance(form, NameForm) else ()
        return tuple(text for text in (*self.openings, self.close, self.end, *named) if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkMarks:
    """What stands around reasoning."""

    open: str
    close: str
    anywhere: bool = False
    """Whether a thought may come after something was said."""
    unsaid: tuple[str, ...] = ()
    """What else a model writes that is neither said nor thought."""
    said: str = ""
    """What must stand before what is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One model's marks."""

    calls: CallMarks
    think: ThinkMarks | None

    @property
    def marks(self) -> tuple[str, ...]:
        """Every mark, whole and in its parts; some vocabularies have control tokens for them, whose text is left out
        of answers otherwise.
        """
        thinking = (self.think.open, self.think.close, *self.think.unsaid) if self.think else ()
        whole = [*self.calls.texts, *thinking]
        parts = [part for text in whole for part in _TOKEN.findall(text)]
        return tuple(dict.fromkeys([*whole, *parts]))


_TOKEN = re.compile(r"<[|｜][^<>]*[|｜]>|\[/?[A-Z_]+\]")

TAGGED = CallMarks(open="<tool_call>", close="</tool_call>")
BARE = CallMarks(open="", written=False)
_FUNCTION_TAGS = TagForm(
    name_open="<function=",
    name_close=">\n",
    key_open="<parameter=",
    key_close=">\n",
    value_close="\n</parameter>\n",
    end="</function>",
)
_SEED_TAGS = TagForm(
    name_open="<function=",
    name_close=">\n",
    key_open="<parameter=",
    key_close=">",
    value_close="</parameter>\n",
    end="</function>",
)
_ARG_TAGS = TagForm(
    name_open="",
    name_close="\n",
    key_open="<arg_key>",
    key_close="</arg_key>\n<arg_value>",
    value_close="</arg_value>\n",
    end="",
)
_MISTRAL = CallMarks(open="[TOOL_CALLS]", listed=True)
_MISTRAL_NAMED = CallMarks(open="[TOOL_CALLS]", again="[TOOL_CALLS]", form=NameForm(between="[ARGS]"))
_DEEPSEEK_OPEN, _DEEPSEEK_CALL = "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>", "<｜tool▁call▁begin｜>"
_DEEPSEEK_ALSO = ("<｜tool▁calls▁begin｜>\n<｜tool▁call▁begin｜>",)
_DEEPSEEK_CLOSE, _DEEPSEEK_END = "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>"
_DEEPSEEK = CallMarks(
    open=_DEEPSEEK_OPEN,
    also=_DEEPSEEK_ALSO,
    again=_DEEPSEEK_CALL,
    close=_DEEPSEEK_CLOSE,
    end=_DEEPSEEK_END,
    form=NameForm(between="<｜tool▁sep｜>"),
)
_DEEPSEEK_FENCED = CallMarks(
    open=_DEEPSEEK_OPEN,
    also=_DEEPSEEK_ALSO,
    again=_DEEPSEEK_CALL,
    close=f"```{_DEEPSEEK_CLOSE}",
    end=_DEEPSEEK_END,
    form=NameForm(head="function<｜tool▁sep｜>", between="\n```json\n"),
)
_KIMI = CallMarks(
    open="<|tool_calls_section_begin|><|tool_call_begin|>",
    again="<|tool_call_begin|>",
    close="<|tool_call_end|>",
    end="<|tool_calls_section_end|>",
    form=NameForm(head="functions.", between=":0<|tool_call_argument_begin|>"),
)
_HARMONY = CallMarks(
    open="<|channel|>commentary to=functions.",
    also=(
        "<|channel|>analysis to=functions.",
        "<|start|>assistant to=functions.",
        "<|start|>assistant<|channel|>commentary to=functions.",
        "<|start|>assistant<|channel|>analysis to=functions.",
        " to=functions.",
    ),
    form=NameForm(between=" <|constrain|>json<|message|>"),
)
_FAMILIES: tuple[tuple[tuple[str, ...], CallMarks], ...] = (
    # What a template or vocabulary must hold, the more particular first.
    (("<tool_call>", "<function="), CallMarks(open="<tool_call>", close="</tool_call>", form=_FUNCTION_TAGS)),
    (("<seed:tool_call>",), CallMarks(open="<seed:tool_call>", close="</seed:tool_call>", form=_SEED_TAGS)),
    (("<tool_call>", "<arg_key>"), CallMarks(open="<tool_call>", close="</tool_call>", form=_ARG_TAGS)),
    (("<tool_calls>[",), CallMarks(open="<tool_calls>", close="</tool_calls>", listed=True)),
    (("<tool_call>",), TAGGED),
    (("[TOOL_CALLS]", "[ARGS]"), _MISTRAL_NAMED),
    (("[TOOL_CALLS]",), _MISTRAL),
    (("<|tool_call|>",), CallMarks(open="<|tool_call|>", close="<|/tool_call|>", listed=True)),
    (("<|tool_call_argument_begin|>",), _KIMI),
    ((_DEEPSEEK_CALL, "```json"), _DEEPSEEK_FENCED),
    ((_DEEPSEEK_CALL,), _DEEPSEEK),
    (("<|channel|>", "<|constrain|>"), _HARMONY),
    (("<|channel|>", "to=functions"), _HARMONY),
    (
        ("<|START_ACTION|>",),
        CallMarks(
            open="<|START_ACTION|>", close="<|END_ACTION|>", listed=True, name="tool_name", arguments="parameters"
        ),
    ),
    (("<TOOLCALL>",), CallMarks(open="<TOOLCALL>", close="</TOOLCALL>", listed=True)),
    (("<tool_calls>",), CallMarks(open="<tool_calls>", close="</tool_calls>")),
    (("<function=", "</function>"), CallMarks(open="<function=", close="</function>", form=NameForm(between=">"))),
    (("<|python_tag|>",), CallMarks(open="<|python_tag|>", written=False, arguments="parameters")),
)
_THINKING = (
    ThinkMarks(open="<think>", close="</think>"),
    ThinkMarks(open="[THINK]", close="[/THINK]"),
    ThinkMarks(open="<seed:think>", close="</seed:think>"),
    ThinkMarks(open="<|START_THINKING|>", close="<|END_THINKING|>"),
)
_HARMONY_THINKING = ThinkMarks(
    open="<|channel|>analysis<|message|>",
    close="<|end|>",
    anywhere=True,
    unsaid=("<|start|>assistant", "<|channel|>final<|message|>", "<|channel|>commentary<|message|>", "<|end|>"),
    said="<|channel|>final<|message|>",
)


def is_mark(text: str) -> bool:
    """Whether a token's text looks like a mark rather than like something that a person wrote."""
    return _TOKEN.fullmatch(text) is not None


def read_dialect(template: str | None, *, knows_tools: bool, has_token: Callable[[str], bool]) -> Dialect:
    """Tell the marks of a model. `knows_tools` says whether its template shows tools; `has_token` looks a text up in
    its vocabulary. What the template writes counts before what the vocabulary could.
    """
    source = template or ""
    families = [marks for signs, marks in _FAMILIES if all(sign in source for sign in signs)]
    families += [marks for signs, marks in _FAMILIES if all(has_token(sign) for sign in signs)]
    calls = next(iter(families), BARE) if knows_tools else TAGGED
    thinking = [marks for marks in _THINKING if marks.close in source or has_token(marks.close)]
    if "<|channel|>analysis<|message|>" in source:
        thinking.insert(0, _HARMONY_THINKING)
    return Dialect(calls=calls, think=next(iter(thinking), None))
