"""An answer's text taken apart into content, reasoning and tool calls, however it is cut into pieces."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.llama.dialect import BARE, CallMarks, ThinkMarks, read_dialect
from sidecar.llama.parts import AnswerParts, Part

THINK = ThinkMarks(open="<think>", close="</think>")
NAMES = frozenset({"weather", "clock"})


def _family(mark: str) -> CallMarks:
    return read_dialect(mark, knows_tools=True, has_token=lambda _: False).calls


TAGGED, MISTRAL, LLAMA = _family("<tool_call>"), _family("[TOOL_CALLS]"), _family("<|python_tag|>")
ROME = '{"city": "Rome"}'


def _parts(
    pieces: list[str], calls: CallMarks | None = TAGGED, *, thinking: bool = False, parallel: bool = True
) -> list[tuple[str, str]]:
    reader = AnswerParts(think=THINK, thinking=thinking, calls=calls, names=NAMES, parallel=parallel)
    parts = [part for piece in pieces for part in reader.feed(piece)] + reader.finish()
    return _merged(parts)


def _merged(parts: list[Part]) -> list[tuple[str, str]]:
    merged: list[tuple[str, str]] = []
    for part in parts:
        assert part.text
        if merged and merged[-1][0] == part.kind != "call":
            merged[-1] = (part.kind, merged[-1][1] + part.text)
        else:
            merged.append((part.kind, part.text))
    return merged


CALL = [("call", "weather"), ("arguments", ROME)]
TWO = [*CALL, ("call", "clock"), ("arguments", "{}")]


@pytest.mark.parametrize(
    ("calls", "text", "parts"),
    [
        (TAGGED, f'<tool_call>\n{{"name": "weather", "arguments": {ROME}}}\n</tool_call>', CALL),
        (
            TAGGED,
            f'I look.\n\n<tool_call>{{"name":"weather","arguments":{ROME}}}</tool_call>',
            [("content", "I look."), *CALL],
        ),
        (
            TAGGED,
            (
                f'<tool_call>\n{{"name": "weather", "arguments": {ROME}}}\n</tool_call>\n'
                '<tool_call>\n{"name": "clock", "arguments": {}}\n</tool_call>'
            ),
            TWO,
        ),
        (
            TAGGED,
            f'<tool_call>{{"arguments": {ROME}, "name": "weather"}}</tool_call> Done.',
            [*CALL, ("content", "Done.")],
        ),
        (TAGGED, f'<tool_call>{{"name": "weather", "arguments": {json.dumps(ROME)}}}</tool_call>', CALL),
        (TAGGED, f'<tool_call>{{"name": "weather", "arguments": {ROME}\n</tool_call>', CALL),
        (
            TAGGED,
            f'<tool_call>{{"type": "function", "function": {{"name": "weather", "parameters": {ROME}}}}}</tool_call>',
            CALL,
        ),
        (TAGGED, '<tool_call>{"name": "clock"}</tool_call>', TWO[2:]),
        (TAGGED, f'<tool_call>{{"id": [1, "}}"], "name": "weather", "arguments": {ROME}}}</tool_call>', CALL),
        (
            MISTRAL,
            f'[TOOL_CALLS][{{"name": "weather", "arguments": {ROME}}}, {{"name": "clock", "arguments": {{}}}}]',
            TWO,
        ),
        (MISTRAL, f'[TOOL_CALLS] {{"name": "weather", "arguments": {ROME}}}', CALL),
        (LLAMA, f'<|python_tag|>{{"name": "weather", "parameters": {ROME}}}', CALL),
        (LLAMA, f' {{"name": "weather", "parameters": {ROME}}}', CALL),
        (
            LLAMA,
            f'{{"type": "function", "name": "weather", "parameters": {ROME}}};{{"name": "clock", "parameters": {{}}}}',
            TWO,
        ),
        (BARE, f'Here:\n```json\n{{"name": "weather", "arguments": {ROME}}}\n```\n', [("content", "Here:"), *CALL]),
        (BARE, f'```\n[{{"name": "weather", "arguments": {ROME}}}]\n```', CALL),
        (
            TAGGED,
            f'<think>\nRome?\n</think>\n\n<tool_call>{{"name": "weather", "arguments": {ROME}}}</tool_call>',
            [("reasoning", "Rome?"), *CALL],
        ),
    ],
)
def test_calls_are_recognised_in_every_familys_marks(calls: CallMarks, text: str, parts: list[tuple[str, str]]) -> None:
    assert _parts([text], calls) == parts
    assert _parts(list(text), calls) == parts


@pytest.mark.parametrize(
    "text",
    [
        " is 4471-B.",
        "{",
        "[1, 2, 3]",
        '{"answer": {"name": "weather", "arguments": {}}}',
        '{"name": "Rome", "arguments": {}}',
        '{"name": "weather"}',
        '{"name": "weather", "arguments": 5}',
        '{"name": 5}',
        '```json\n{"name": "weather"}\n```',
        "```python\nprint({})\n```",
        "<tool_call>no</tool_call>",
        '<tool_call>{"name": "delete_everything", "arguments": {}}</tool_call>',
        "a <tool_ca",
        "<tool_call>",
        "1 < 2 and <b>",
        "Use <think> to think.",
        " \n" * 200,
        "\t" * 70 + "{" + " " * 70,
    ],
)
def test_what_is_no_call_of_an_offered_tool_is_content_to_the_letter(text: str) -> None:
    assert _parts([text]) == _parts(list(text)) == [("content", text)]


def test_without_tools_nothing_is_a_call() -> None:
    text = f'<tool_call>{{"name": "weather", "arguments": {ROME}}}</tool_call>'
    assert _parts([text], None) == [("content", text)]


@pytest.mark.parametrize(
    ("text", "thinking", "parts"),
    [
        ("<think>\nLet me see.\n</think>\n\nFour.", False, [("reasoning", "Let me see."), ("content", "Four.")]),
        ("Let me see.</think>Four.", True, [("reasoning", "Let me see."), ("content", "Four.")]),
        ("\nnever </thi ends", True, [("reasoning", "never </thi ends")]),
        ("<think>\n\n</think>\n\nFour.", False, [("content", "Four.")]),
        ("\n</think>", True, []),
        ("So <think>x</think>", False, [("content", "So <think>x</think>")]),
    ],
)
def test_thoughts_are_told_from_what_is_said(text: str, thinking: bool, parts: list[tuple[str, str]]) -> None:
    for calls in (None, TAGGED):
        assert _parts([text], calls, thinking=thinking) == parts
        assert _parts(list(text), calls, thinking=thinking) == parts


def test_arguments_come_as_they_are_written() -> None:
    reader = AnswerParts(think=None, calls=TAGGED, names=NAMES)
    assert _merged(reader.feed('<tool_call>{"name": "weather", "arguments": {"ci')) == [
        ("call", "weather"),
        ("arguments", '{"ci'),
    ]
    assert _merged(reader.feed('ty": 1')) == [("arguments", 'ty": 1')]


def test_only_one_call_is_given_where_several_are_not_wanted() -> None:
    text = f'[TOOL_CALLS][{{"name": "weather", "arguments": {ROME}}}, {{"name": "clock", "arguments": {{}}}}]'
    for pieces in ([text], list(text)):
        assert _parts(pieces, MISTRAL, parallel=False) == CALL


@pytest.mark.parametrize(
    ("calls", "text", "parts"),
    [
        (TAGGED, f'\n<tool_call>{{"name": "weather", "arguments": {ROME}}}</tool_call>', CALL),
        (TAGGED, f'{{"name": "weather", "arguments": {ROME}}}', None),
        (TAGGED, f'{{"a": "<tool_call>{{"name": "weather", "arguments": {ROME}}}', None),
        (TAGGED, f'```json\n{{"name": "weather", "arguments": {ROME}}}\n```', None),
        (LLAMA, f'{{"name": "weather", "parameters": {ROME}}}', CALL),
        (LLAMA, f'{{"a": "```json\n{{"name": "weather", "parameters": {ROME}}}', None),
        (LLAMA, f'{{"a": "<|python_tag|>{{"name": "weather", "parameters": {ROME}}}', None),
        (BARE, f'[{{"a": "```json\n{{"name": "weather", "arguments": {ROME}}}', None),
    ],
)
def test_where_an_answer_has_a_form_of_its_own_a_call_begins_it_as_the_family_does(
    calls: CallMarks, text: str, parts: list[tuple[str, str]] | None
) -> None:
    for pieces in ([text], list(text)):
        reader = AnswerParts(think=THINK, calls=calls, names=NAMES, strict=True)
        read = [part for piece in pieces for part in reader.feed(piece)] + reader.finish()
        assert _merged(read) == (parts or [("content", text)])


def test_content_says_where_it_stands_in_the_answer() -> None:
    text = '<think>x</think>\n\nOne. <tool_call>{"name": "nothing"}</tool_call> Two.'
    reader = AnswerParts(think=THINK, calls=TAGGED, names=NAMES)
    parts = [part for character in text for part in reader.feed(character)] + reader.finish()
    said = [part for part in parts if part.kind == "content"]
    assert "".join(part.text for part in said) == text.split("\n\n")[1]
    assert all(text[part.start : part.start + len(part.text)] == part.text for part in said)


@pytest.mark.parametrize(
    ("text", "forced"),
    [("Now <tool_call>", True), ("` <tool_call>", True), ("`<tool_call>", False), ('"<tool_call>\n', False)],
)
def test_a_mark_in_quotes_is_only_mentioned(text: str, forced: bool) -> None:
    for pieces in ([text], list(text)):
        reader = AnswerParts(think=None, calls=TAGGED, names=NAMES)
        for piece in pieces:
            reader.feed(piece)
        assert reader.at_call is forced


def test_the_place_right_behind_a_familys_mark_is_known() -> None:
    reader = AnswerParts(think=None, calls=TAGGED, names=NAMES)
    known = []
    for piece in ("so <tool", "_call>", "\n", '{"na'):
        reader.feed(piece)
        known.append(reader.at_call)
    assert known == [False, True, True, False]


_PIECES = st.lists(
    st.sampled_from(
        [
            "<tool_call>",
            "</tool_call>",
            "<think>",
            "</think>",
            "[TOOL_CALLS]",
            "<|python_tag|>",
            "```json",
            "```",
            "\n",
            "  ",
            "{",
            "}",
            "[",
            "]",
            '"name": ',
            '"weather"',
            '"clock"',
            ", ",
            '"arguments": ',
            '"parameters": ',
            ROME,
            "{}",
            '"a\\"b"',
            "word",
            "<",
            '{"name": "weather", "arguments": {"a": [1, "}"]}}',
            " " * 70,
        ]
    ),
    max_size=12,
)


@given(
    pieces=_PIECES,
    cuts=st.lists(st.integers(1, 9), min_size=1),
    calls=st.sampled_from([TAGGED, MISTRAL, LLAMA, BARE, None]),
    thinking=st.booleans(),
    parallel=st.booleans(),
)
def test_any_cut_of_a_text_gives_the_same_parts(
    pieces: list[str], cuts: list[int], calls: CallMarks | None, thinking: bool, parallel: bool
) -> None:
    text = "".join(pieces)
    cut: list[str] = []
    at = 0
    while at < len(text):
        size = cuts[len(cut) % len(cuts)]
        cut.append(text[at : at + size])
        at += size
    whole = _parts([text], calls, thinking=thinking, parallel=parallel)
    assert _parts(cut, calls, thinking=thinking, parallel=parallel) == whole
    assert sum(kind == "call" for kind, _ in whole) <= (99 if parallel else 1)


@pytest.mark.parametrize("calls", [TAGGED, BARE])
@pytest.mark.parametrize(
    "unit", ["<tool_call>", "{", '{"name": "', "```json\n", "[", " ", '{"name":"weather","arguments":{']
)
def test_a_long_run_of_one_thing_is_read_to_its_end(calls: CallMarks, unit: str) -> None:
    text = unit * (60_000 // len(unit))
    size = 500
    reader = AnswerParts(think=THINK, calls=calls, names=NAMES)
    given_out = [part for at in range(0, len(text), size) for part in reader.feed(text[at : at + size])]
    parts = [*given_out, *reader.finish()]
    assert sum(len(part.text) for part in parts) > 0.9 * len(text) - 200
