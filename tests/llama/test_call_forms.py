"""Calls that are no JSON objects, and the channels of gpt-oss: each family's own writing becomes the same parts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.llama.dialect import Dialect, read_dialect
from sidecar.llama.parts import AnswerParts, Part

CITY = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}
TOOLS: Mapping[str, Mapping[str, Any]] = {"weather": CITY, "clock": {"type": "object"}}
ROME = '{"city": "Rome"}'


def _family(*signs: str) -> Dialect:
    return read_dialect(" ".join(signs), knows_tools=True, has_token=lambda _: False)


MISTRAL = _family("[TOOL_CALLS]", "[ARGS]")
DEEPSEEK = _family("<｜tool▁call▁begin｜>")
DEEPSEEK_R1 = _family("<｜tool▁call▁begin｜>", "```json", "</think>")
KIMI = _family("<|tool_call_argument_begin|>")
HARMONY = _family("<|channel|>analysis<|message|>", "to=functions")
FUNCTIONARY = _family("<function=", "</function>")
CODER = _family("<tool_call>", "<function=")
SEED = _family("<seed:tool_call>", "<function=")
GLM = _family("<tool_call>", "<arg_key>")
COHERE = _family("<|START_ACTION|>")
FAMILIES = [MISTRAL, DEEPSEEK, DEEPSEEK_R1, KIMI, HARMONY, FUNCTIONARY, CODER, SEED, GLM, COHERE]


def _read(pieces: list[str], dialect: Dialect, **options: Any) -> list[Part]:
    options = {"think": dialect.think, "calls": dialect.calls, "names": TOOLS, **options}
    reader = AnswerParts(**options)
    return [part for piece in pieces for part in reader.feed(piece)] + reader.finish()


def _parts(pieces: list[str], dialect: Dialect, **options: Any) -> list[tuple[str, str]]:
    merged: list[tuple[str, str]] = []
    for part in _read(pieces, dialect, **options):
        if merged and merged[-1][0] == part.kind != "call":
            merged[-1] = (part.kind, merged[-1][1] + part.text)
        else:
            merged.append((part.kind, part.text))
    return merged


CALL = [("call", "weather"), ("arguments", ROME)]
TWO = [*CALL, ("call", "clock"), ("arguments", "{}")]
_BEGIN, _SEP, _END = "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>"
_ANALYSIS = "<|channel|>analysis<|message|>"
_FINAL = "<|channel|>final<|message|>"


@pytest.mark.parametrize(
    ("dialect", "text", "parts"),
    [
        (MISTRAL, f"[TOOL_CALLS]weather[ARGS]{ROME}", CALL),
        (MISTRAL, f"Gut.[TOOL_CALLS]weather[CALL_ID]abc123DEF[ARGS]{ROME}", [("content", "Gut."), *CALL]),
        (MISTRAL, f"[TOOL_CALLS]weather[ARGS]{ROME}[TOOL_CALLS]clock[ARGS]{{}}", TWO),
        (MISTRAL, f'[TOOL_CALLS][{{"name": "weather", "arguments": {ROME}}}]', CALL),
        (DEEPSEEK, f"<｜tool▁calls▁begin｜>{_BEGIN}weather{_SEP}{ROME}{_END}<｜tool▁calls▁end｜>", CALL),
        (DEEPSEEK, f"{_BEGIN}weather{_SEP}{ROME}{_END}\n{_BEGIN}clock{_SEP}{{}}{_END}", TWO),
        (
            DEEPSEEK_R1,
            (
                f"<think>So?</think>\n<｜tool▁calls▁begin｜>\n{_BEGIN}function{_SEP}weather\n```json\n{ROME}\n```{_END}\n"
                f"{_BEGIN}function{_SEP}clock\n```json\n{{}}\n```{_END}<｜tool▁calls▁end｜> Done."
            ),
            [("reasoning", "So?"), *TWO, ("content", "Done.")],
        ),
        (
            KIMI,
            (
                "<|tool_calls_section_begin|><|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>"
                f"{ROME}<|tool_call_end|><|tool_call_begin|>functions.clock:1<|tool_call_argument_begin|>{{}}"
                "<|tool_call_end|><|tool_calls_section_end|>"
            ),
            TWO,
        ),
        (FUNCTIONARY, f"<function=weather>{ROME}</function>\n<function=clock>{{}}</function>", TWO),
        (
            CODER,
            (
                "I look.\n<tool_call>\n<function=weather>\n<parameter=city>\nRome\n</parameter>\n</function>\n"
                "</tool_call>\n<tool_call>\n<function=clock>\n</function>\n</tool_call>"
            ),
            [("content", "I look."), *TWO],
        ),
        (CODER, f'<tool_call>\n{{"name": "weather", "arguments": {ROME}}}\n</tool_call>', CALL),
        (
            CODER,
            "<tool_call><function=weather><parameter=city>Rome</parameter></tool_call>!",
            [*CALL, ("content", "!")],
        ),
        (CODER, "<tool_call><function=weather>\n<parameter=city>Rome</parameter>\nDone", [*CALL, ("content", "Done")]),
        (SEED, "<seed:tool_call>\n<function=clock>\n</function>\n</seed:tool_call>", TWO[2:]),
        (
            GLM,
            (
                "\n<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Rome</arg_value>\n</tool_call>"
                "<tool_call>clock</tool_call>"
            ),
            TWO,
        ),
        (GLM, "<tool_call>weather<arg_key>city</arg_key><arg_value>Rome</arg_value></tool_call>", CALL),
        (
            COHERE,
            f'<|START_ACTION|>[{{"tool_call_id": "0", "tool_name": "weather", "parameters": {ROME}}}]<|END_ACTION|>',
            CALL,
        ),
        (HARMONY, f"{_FINAL}Four.", [("content", "Four.")]),
        (
            HARMONY,
            f"{_ANALYSIS}So?<|end|><|start|>assistant{_FINAL}Four.\n",
            [("reasoning", "So?"), ("content", "Four.\n")],
        ),
        (
            HARMONY,
            (
                f"<|channel|>commentary<|message|>I look.<|end|><|start|>assistant{_ANALYSIS}Rome?<|end|>"
                f"<|start|>assistant<|channel|>commentary to=functions.weather <|constrain|>json<|message|>{ROME}"
            ),
            [("content", "I look."), ("reasoning", "Rome?"), *CALL],
        ),
        (HARMONY, f"<|channel|>commentary to=functions.weather <|constrain|>json<|message|>{ROME}", CALL),
        (HARMONY, f" to=functions.weather<|channel|>commentary json<|message|>{ROME}", CALL),
        (
            HARMONY,
            f"{_ANALYSIS}x<|end|><|start|>assistant to=functions.weather<|channel|>commentary json<|message|>{ROME}",
            [("reasoning", "x"), *CALL],
        ),
        (HARMONY, f"{_ANALYSIS}x<|end|><|start|>assistant", [("reasoning", "x")]),
        (HARMONY, f'{_FINAL}{{"answer": 4}}<|end|>', [("content", '{"answer": 4}')]),
    ],
)
def test_calls_are_recognised_in_every_form(dialect: Dialect, text: str, parts: list[tuple[str, str]]) -> None:
    assert _parts([text], dialect) == parts
    assert _parts(list(text), dialect) == parts
    one = [("call", "weather"), ("call", "clock")]
    single = _parts(list(text), dialect, parallel=False)
    assert [part for part in single if part in one] == [part for part in parts if part in one][:1]


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        (MISTRAL, "[TOOL_CALLS]delete[ARGS]{}"),
        (MISTRAL, "[TOOL_CALLS] is what Mistral writes."),
        (MISTRAL, "[TOOL_CALLS]" + "weather" * 200),
        (MISTRAL, "[TOOL_CALLS]"),
        (DEEPSEEK, f"{_BEGIN}delete{_SEP}{{}}{_END}"),
        (CODER, "<tool_call>\n<function=delete>\n</function>"),
        (CODER, "<tool_call>\n<func"),
        (CODER, "<tool_call>\n<function=weat"),
        (CODER, "The tag <function=weather> alone."),
        (GLM, "<tool_call>no such tool\n"),
        (GLM, "<tool_call>"),
        (FUNCTIONARY, "<function=delete>{}</function>"),
        (HARMONY, "<|channel|>commentary to=functions.delete <|constrain|>json<|message|>{}"),
        (HARMONY, "I go to=functions.x"),
        (HARMONY, "a < b, <| and <|channel| are no marks."),
    ],
)
def test_what_is_no_call_of_an_offered_tool_is_content_to_the_letter(dialect: Dialect, text: str) -> None:
    assert _parts([text], dialect) == _parts(list(text), dialect) == [("content", text)]


def test_what_stands_before_a_name_is_not_taken_for_it() -> None:
    text = f"{_BEGIN}function{_SEP}weather\n```json\n{ROME}\n```{_END}"
    assert _parts([text], DEEPSEEK_R1, names={**TOOLS, "function": {}}) == CALL


def test_a_call_that_is_none_after_one_that_is_stays_content() -> None:
    text = f"{_BEGIN}clock{_SEP}{{}}{_END}\n{_BEGIN}delete{_SEP}{{}}"
    for pieces in ([text], list(text)):
        assert _parts(pieces, DEEPSEEK) == [*TWO[2:], ("content", f"{_BEGIN}delete{_SEP}{{}}")]


def test_the_channels_of_gpt_oss_are_told_apart_without_tools_too() -> None:
    text = f"{_ANALYSIS}Hm.<|end|><|start|>assistant{_FINAL}Four <|channel| 4."
    for pieces in ([text], list(text)):
        read = _read(pieces, HARMONY, calls=None, names=())
        assert "".join(part.text for part in read if part.kind == "reasoning") == "Hm."
        said = [part for part in read if part.kind == "content"]
        assert "".join(part.text for part in said) == "Four <|channel| 4."
        assert all(text[part.start : part.start + len(part.text)] == part.text for part in said)


TYPED: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "whole": {"type": "integer"},
        "number": {"type": "number"},
        "yes": {"type": "boolean"},
        "list": {"type": "array"},
        "object": {"type": "object"},
        "maybe": {"type": ["string", "null"]},
        "choice": {"enum": ["1", "2"]},
        "mixed": {"enum": ["1", 2]},
    },
}


@pytest.mark.parametrize(
    ("key", "written", "value"),
    [
        ("text", "42", "42"),
        ("text", "null", "null"),
        ("text", '"quoted"', '"quoted"'),
        ("text", "\na\n\nb\n", "a\n\nb"),
        ("text", "", ""),
        ("text", "1 < 2 </p> </param> <parameter", "1 < 2 </p> </param> <parameter"),
        ("text", 'é "🏔" \\', 'é "🏔" \\'),
        ("whole", "\n42\n", 42),
        ("whole", "many", "many"),
        ("whole", "9" * 5000, "9" * 5000),
        ("number", "4.5", 4.5),
        ("number", "NaN", "NaN"),
        ("yes", "True", True),
        ("yes", "false", False),
        ("list", '[1, "a"]', [1, "a"]),
        ("list", "[" * 5000, "[" * 5000),
        ("object", '{"a": {}}', {"a": {}}),
        ("maybe", "null", None),
        ("maybe", "None", None),
        ("maybe", "12", "12"),
        ("choice", "1", "1"),
        ("mixed", "2", 2),
        ("unknown", "2", 2),
        ("unknown", "two", "two"),
        ("object", '"\\ud800"', "\ud800"),
    ],
)
def test_what_stands_between_tags_is_read_by_the_schema(key: str, written: str, value: Any) -> None:
    text = f"<tool_call>\n<function=typed>\n<parameter={key}>{written}</parameter>\n<parameter=more>1</parameter>"
    for pieces in ([text], list(text)):
        (_, (_, arguments)) = _parts([*pieces, "\n</function>\n</tool_call>"], CODER, names={"typed": TYPED})
        assert json.loads(arguments) == {key: value, "more": 1}
        assert arguments.encode("utf-8")


@pytest.mark.parametrize(
    "schema", [{}, {"properties": 5}, {"properties": {"a": 5}}, {"properties": {"a": {"type": 5}}}]
)
def test_a_schema_that_says_nothing_leaves_values_as_they_look(schema: dict[str, Any]) -> None:
    text = "<tool_call><function=f><parameter=a>[1]</parameter></function>"
    assert _parts([text], CODER, names={"f": schema}) == [("call", "f"), ("arguments", '{"a": [1]}')]


def test_every_mark_and_every_control_token_in_one_is_known() -> None:
    for token in ("<|start|>", "<|channel|>", "<|constrain|>", "<|message|>", "<|end|>"):
        assert token in HARMONY.marks
    assert {"[TOOL_CALLS]", "[ARGS]"} <= set(MISTRAL.marks)
    assert {"<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>"} <= set(
        DEEPSEEK.marks
    )


@pytest.mark.parametrize(
    ("signs", "tokens", "opening"),
    [
        (("<tool_call>", "<tool_calls>["), (), "<tool_calls>"),
        (("<tool_call>", "<TOOLCALL>"), (), "<tool_call>"),
        ((), ("[TOOL_CALLS]", "[ARGS]"), "[TOOL_CALLS]"),
        ((), ("<|channel|>", "<|constrain|>"), HARMONY.calls.open),
        (("<|python_tag|>",), ("<tool_call>",), "<|python_tag|>"),
        ((), (), ""),
    ],
)
def test_what_a_template_writes_counts_before_what_the_vocabulary_could(
    signs: tuple[str, ...], tokens: tuple[str, ...], opening: str
) -> None:
    source = " ".join(signs)
    assert read_dialect(source, knows_tools=True, has_token=tokens.__contains__).calls.open == opening
    assert read_dialect(source, knows_tools=False, has_token=tokens.__contains__).calls.open == "<tool_call>"


_PIECES = st.lists(
    st.sampled_from(
        [
            *sorted({text for family in FAMILIES for text in family.calls.texts}),
            *sorted({text for family in FAMILIES for text in family.marks if text}),
            *("<function=", "weather", "clock", ">", "<parameter=", "city", "</parameter>", "</function>", "<arg_key>"),
            *(
                "</arg_key>",
                "<arg_value>",
                "</arg_value>",
                "[CALL_ID]",
                "```",
                "```json",
                "\n",
                "  ",
                "{",
                "}",
                "[",
                "]",
            ),
            *(ROME, "{}", '"name": ', '"weather"', "word", "<", "<|", " to=functions.", "<|start|>assistant"),
            " " * 70,
        ]
    ),
    max_size=12,
)


@given(
    pieces=_PIECES,
    cuts=st.lists(st.integers(1, 9), min_size=1),
    dialect=st.sampled_from(FAMILIES),
    parallel=st.booleans(),
    strict=st.booleans(),
)
def test_any_cut_of_a_text_gives_the_same_parts(
    pieces: list[str], cuts: list[int], dialect: Dialect, parallel: bool, strict: bool
) -> None:
    text = "".join(pieces)
    cut: list[str] = []
    at = 0
    while at < len(text):
        size = cuts[len(cut) % len(cuts)]
        cut.append(text[at : at + size])
        at += size
    whole = _parts([text], dialect, parallel=parallel, strict=strict)
    assert _parts(cut, dialect, parallel=parallel, strict=strict) == whole
    for part in _read(cut, dialect, parallel=parallel, strict=strict):
        assert part.kind != "content" or text[part.start : part.start + len(part.text)] == part.text


@pytest.mark.parametrize("dialect", FAMILIES)
@pytest.mark.parametrize("unit", ["<", "x", " ", "{", "<tool_call>", "<parameter=a>", "[TOOL_CALLS]weather[ARGS]{"])
def test_a_long_run_of_one_thing_is_read_to_its_end(dialect: Dialect, unit: str) -> None:
    for opening in ("", f"{dialect.calls.open}", "<tool_call><function=weather>\n<parameter=city>"):
        text = opening + unit * (60_000 // len(unit))
        parts = _read([text[at : at + 500] for at in range(0, len(text), 500)], dialect)
        # An argument between tags is given out when it is complete.
        unfinished = dialect is CODER and opening.endswith("<parameter=city>")
        assert unfinished or sum(len(part.text) for part in parts) > 0.5 * len(text) - 200
