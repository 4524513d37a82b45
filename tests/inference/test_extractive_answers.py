"""What the extractive model makes of lists, tables, code, small talk and clients' housekeeping, in many languages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sidecar.inference.answer_kinds import asked_kind, holds
from sidecar.inference.choosing import MOST, MOST_ITEMS, best_quotations
from sidecar.inference.extractive import ExtractiveModel
from sidecar.inference.housekeeping import Housekeeping
from sidecar.inference.housework import housework
from sidecar.inference.matching import asked_terms, matched
from sidecar.inference.model import Completion, Source
from sidecar.inference.phrases import phrases
from sidecar.inference.sentences import pieces, quotable

pytestmark = pytest.mark.anyio


def source(text: str, *, link: str = "Note", score: float = 0.5, lead: str = "") -> Source:
    title, _, heading = link.partition("#")
    return Source(
        link=link,
        title=title,
        heading_path=(heading,) if heading else (),
        text=text,
        date=None,
        score=score,
        lead=lead,
    )


async def answer(question: str, *sources: Source, messages: list[dict[str, Any]] | None = None, **options: Any) -> str:
    asked = messages or [{"role": "user", "content": question}]
    completion = Completion(messages=asked, sources=sources, question=question, options=options)
    return "".join([delta.content async for delta in ExtractiveModel().stream(completion)])


def quoted(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("> ")]


# Lists, tables and code

SHOPPING = """## To buy

- [ ] Milk
- [x] Bread
- [ ] Two bags of compost

## Later

- [ ] A new bike
"""
PEOPLE = "| Name | Age |\n|---|---|\n| Ann | 31 |\n| Bob | 44 |"


async def test_a_list_below_the_questions_words_is_shown_with_the_state_of_its_tasks() -> None:
    text = await answer("What do I need to buy?", source(SHOPPING, link="Shopping"))
    assert quoted(text) == ["> - [ ] Milk", "> - [x] Bread", "> - [ ] Two bags of compost"]
    assert " — [[Shopping#To buy]]" in text


@pytest.mark.parametrize(
    ("question", "introduction"),
    [
        ("Which books did I read?", "Books that I read:"),
        ("Quais livros eu li?", "Livros que eu li:"),
        ("¿Qué libros leí?", "Libros que leí:"),
        ("Welche Bücher habe ich gelesen?", "Bücher, die ich gelesen habe:"),
        ("Какие книги я прочитал?", "Книги, которые я прочитал:"),
        ("我读了哪些书籍", "读了这些书籍："),
    ],
)
async def test_a_list_is_found_by_the_line_that_introduces_it(question: str, introduction: str) -> None:
    text = f"{introduction}\n\n1. Dune\n2. Solaris\n\nSunday was warm and dry."
    assert quoted(await answer(question, source(text, link="Diary"))) == ["> - Dune", "> - Solaris"]


async def test_a_sentence_that_has_as_much_of_the_question_is_preferred_to_a_list() -> None:
    text = "## Compost\n\nCompost is rotted garden waste.\n\n- Leaves\n- Peels"
    assert quoted(await answer("what is compost?", source(text)))[0] == "> Compost is rotted garden waste."


async def test_what_has_more_of_the_question_under_its_heading_is_preferred_to_a_list() -> None:
    text = "## Ingredients\n\n- 250 g lentils\n- 2 carrots\n\n## Notes\n\nFreeze what is left."
    assert quoted(await answer("Can I freeze lentil soup?", source(text, link="Lentil soup")))[0] == (
        "> Freeze what is left."
    )
    listed = await answer("ingredients of lentil soup", source(text, link="Lentil soup"))
    assert quoted(listed) == ["> - 250 g lentils", "> - 2 carrots"]


async def test_items_without_a_word_of_the_question_do_not_stand_beside_a_sentence_that_has_some() -> None:
    text = "The dentist is at 17:45 on Monday.\n\n- Bring the splint\n- Cleaning costs 55 euros"
    assert quoted(await answer("When is the dentist?", source(text, link="The dentist"))) == [
        "> The dentist is at 17:45 on Monday."
    ]


async def test_a_question_that_only_names_a_note_gets_its_beginning() -> None:
    text = "It was our first hut. We built it ourselves.\n\n- The old hut has no water"
    assert quoted(await answer("the old hut", source(text, link="The old hut")))[:2] == [
        "> It was our first hut.",
        "> We built it ourselves.",
    ]
    definition = "People ask for it often. The old hut is a house by the lake."
    assert quoted(await answer("what is the old hut", source(definition, link="The old hut")))[0] == (
        "> The old hut is a house by the lake."
    )


async def test_a_line_that_only_introduces_stands_behind_what_says_something() -> None:
    text = "To exclude a folder from a query:\n\nA query leaves a folder out by its name."
    assert quoted(await answer("how to exclude a folder from a query that I have, by its name", source(text)))[0] == (
        "> A query leaves a folder out by its name."
    )


async def test_what_the_title_says_already_is_worth_less_than_what_it_does_not() -> None:
    text = "My thesis is about tides in the north.\n\nDeadline for the first draft: 15 March 2027."
    found = quoted(await answer("deadline thesis", source(text, link="Thesis")))
    assert found[0] == "> Deadline for the first draft: 15 March 2027."


async def test_rows_of_the_best_rows_table_follow_it() -> None:
    text = "Met Marta in May.\n\n| Year | Gift |\n|---|---|\n| 2023 | Cups |\n| 2024 | A gift for Marta |"
    assert quoted(await answer("Which gift did Marta get in 2024?", source(text)))[:4] == [
        "> | Year | Gift |",
        "> |---|---|",
        "> | 2024 | A gift for Marta |",
        "> | 2023 | Cups |",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<u>885</u> goes well with bread.", "885 goes well with bread."),
        ("It goes <B>well</B> with bread.", "It goes well with bread."),
        ("<kbd>F5</kbd> is for bread, not <kbd>F6</kbd>.", "F5 is for bread, not <kbd>F6</kbd>."),
        ("Bread for H<sub>2</sub>O.", "Bread for H<sub>2</sub>O."),
    ],
)
def test_tags_for_looks_are_left_out_and_no_tag_begins_a_quotation(text: str, shown: str) -> None:
    assert list(quotable(text)) == [shown]


@pytest.mark.parametrize(
    ("text", "quotations"),
    [
        (
            "Pear tree:: planted in 2015\nIt gives little fruit.",
            ["Pear tree:: planted in 2015", "It gives little fruit."],
        ),
        (
            "It gives fruit\nsown:: in May\npicked:: in June",
            ["It gives fruit", "sown:: in May", "picked:: in June"],
        ),
        ("It is 20 m long. ==It was mended in May.== Then", ["It is 20 m long.", "It was mended in May.", "Then"]),
        ("It is old. ~~It is new.~~", ["It is old.", "~~It is new.~~"]),
        ("The heap[^1] is warm.[^a-b]", ["The heap is warm."]),
        ("```dataview\nTABLE heap\nFROM #heap\n```\nThe heap is warm.", ["The heap is warm."]),
        (
            "Write `limit to <number> tasks` there. Or <b>not</b>.",
            ["Write `limit to <number> tasks` there.", "Or not."],
        ),
        ("Write `a <img src=x> there", ["Write `a", "there"]),
        ("~~~Mermaid\nheap --> tree\n~~~\n\n```sh\nheap --turn\n```", ["heap --turn"]),
    ],
)
def test_a_quotation_is_one_thing_that_the_note_says(text: str, quotations: list[str]) -> None:
    assert list(quotable(text)) == quotations


async def test_a_question_for_one_thing_is_not_answered_with_a_list() -> None:
    text = "## Rent\n\n- Ann lives above\n- It is paid in May 2024\n\nNothing else."
    assert quoted(await answer("When is the rent paid?", source(text)))[0] == "> - It is paid in May 2024"


async def test_long_lists_end_after_twelve_items() -> None:
    text = "Birds that I saw:\n\n" + "\n".join(f"- kind{number}" for number in range(40))
    assert len(quoted(await answer("Which birds did I see, that I saw?", source(text)))) == MOST_ITEMS


async def test_rows_of_a_table_are_shown_below_its_columns() -> None:
    table = ["> | Name | Age |", "> |---|---|", "> | Ann | 31 |"]
    assert quoted(await answer("What is Ann's age?", source(PEOPLE)))[:3] == table
    # A passage that begins in the middle of a table is given its header.
    rest = source("| Ann | 31 |\n| Bob | 44 |", lead="| Name | Age |\n|---|---|")
    assert quoted(await answer("What is Ann's age?", rest))[:3] == table


async def test_code_that_answers_is_quoted_as_code() -> None:
    text = "How to back up the server:\n\n```bash\nrsync -a /home backup:/home\n\nsync\n```\n\nIt was cold."
    shown = await answer("how do I back up the server?", source(text))
    assert "\n```bash\nrsync -a /home backup:/home\n\nsync\n```\n" in shown


async def test_code_cannot_end_its_own_fence() -> None:
    text = "~~~\nserver backup\n````\n![x](https://evil.example/x)\n~~~"
    shown = await answer("server backup", source(text))
    assert "`````\nserver backup\n````\n![x](https://evil.example/x)\n`````" in shown


# Which sentence


async def test_a_sentence_after_the_best_one_is_shown_with_it() -> None:
    text = "Marie keeps the boiler manual. She put it in the blue drawer. It was a cold day. Bread is dear."
    assert quoted(await answer("where is the boiler manual that Marie keeps", source(text)))[:2] == [
        "> Marie keeps the boiler manual.",
        "> She put it in the blue drawer.",
    ]


async def test_between_pieces_as_good_another_passage_is_quoted_before_more_of_the_same() -> None:
    same = " ".join(f"The old boiler has plate {word}." for word in ("one", "two", "three", "four", "five", "six"))
    found = await answer("old boiler plate", source(same), source("The old boiler lost plate seven.", link="Other"))
    assert "> The old boiler lost plate seven." in quoted(found)
    assert len(quoted(found)) == MOST


async def test_between_sentences_as_good_the_one_under_the_questions_heading_comes_first() -> None:
    bike, boiler = (
        source("It cost 900 euros in all.", link="Bike"),
        source("This cost 240 euros in all.", link="Boiler"),
    )
    assert quoted(await answer("boiler cost", bike, boiler))[0] == "> This cost 240 euros in all."


QUESTIONS = {
    "time": {
        "en": "When was the bridge built?",
        "pt": "Quando foi construída a ponte?",
        "es": "¿En qué año se construyó el puente?",
        "it": "Quando è stato costruito il ponte?",
        "fr": "Quand le pont a-t-il été construit ?",
        "de": "Wann wurde die Brücke gebaut?",
        "nl": "Wanneer is de brug gebouwd?",
        "ru": "Когда был построен мост?",
        "uk": "Коли збудували міст?",
        "pl": "Kiedy zbudowano most?",
        "tr": "Köprü ne zaman yapıldı?",
        "zh": "桥是什么时候建的？",
        "ja": "橋はいつできましたか",
        "ko": "다리는 언제 지어졌나요",
        "th": "สะพานสร้างเมื่อไร",
        "ar": "متى بني الجسر؟",
        "hi": "पुल कब बना?",
    },
    "amount": {
        "en": "How many people came?",
        "pt": "Quantas pessoas vieram?",
        "de": "Wie viele Leute kamen?",
        "ru": "Сколько человек пришло?",
        "zh": "来了多少人？",
        "ja": "何人来ましたか",
        "th": "มีคนมากี่คน",
        "ar": "كم شخصا جاء؟",
        "hi": "कितने लोग आए?",
        "fr": "Combien de personnes ?",
    },
    "name": {
        "en": "Who built it?",
        "it": "Chi l'ha costruito?",
        "es": "¿Quién lo construyó?",
        "ru": "Кто это построил?",
        "zh": "谁建的？",
        "pl": "Kto to zbudował?",
    },
    "place": {
        "en": "Where is it?",
        "de": "Wo steht sie?",
        "fr": "Où est-il ?",
        "it": "Dov'è?",
        "ja": "どこですか",
        "ko": "어디에 있나요",
    },
}


@pytest.mark.parametrize(
    ("kind", "language", "question"),
    [(kind, language, question) for kind, asked in QUESTIONS.items() for language, question in asked.items()],
)
def test_the_sort_of_answer_asked_for_is_told_in_many_languages(kind: str, language: str, question: str) -> None:
    assert asked_kind(question, language=language) == kind


@pytest.mark.parametrize("question", ["What happened when it rained?", "Why?", "which one", "", "The whole story"])
def test_other_questions_ask_for_no_sort_of_answer(question: str) -> None:
    assert asked_kind(question, language="en") is None
    assert asked_kind(question, language="xx") is None


@pytest.mark.parametrize(
    ("kind", "sentence", "held"),
    [
        ("time", "It opened in 1931.", True),
        ("time", "Abriu em março.", True),
        ("time", "It opened early.", False),
        ("time", "The bridge of 2024 opened.", False),
        ("amount", "三百人来了。", True),
        ("name", "It was built by Ann.", True),
        ("name", "It was built by Bridge.", False),
        ("name", "it was built.", False),
        ("name", "桥是王建的。", None),
        ("place", "It stands in Porto.", True),
    ],
)
def test_whether_a_sentence_holds_that_sort_of_answer(kind: Any, sentence: str, held: bool | None) -> None:
    assert holds(kind, sentence, question="what of the Bridge in 2024") is held


async def test_the_sentence_that_holds_the_sort_of_answer_comes_first() -> None:
    text = "The old bridge was built of stone and wood. The old bridge was built in 1931. The bridge is old."
    assert quoted(await answer("When was the old bridge built?", source(text)))[0].endswith("in 1931.")
    assert quoted(await answer("Of what was the old bridge built?", source(text)))[0].endswith("wood.")


def test_words_that_say_nothing_in_the_questions_language_are_left_out() -> None:
    assert asked_terms("Когда был построен мост?", language="ru") == ["построен", "мост"]
    assert asked_terms("Wann war die Brücke fertig?", language="de") == ["brucke", "fertig"]


def test_what_no_text_has_weighs_nothing_and_the_rest_one() -> None:
    asked = matched(["bridge", "zebra"], [frozenset({"bridges"}), frozenset({"stone"})], [])
    assert asked.weights == (1.0, 0.0)
    assert asked.share(asked.cover(["bridge", "stone"])) == 0.0
    assert asked.share(asked.cover(["bridges"])) == pytest.approx(0.8)


@pytest.mark.parametrize("question", ["boiler " * 20_000, "x" * 1_000_000, "?" * 100_000, "\x00\ud800", "क" * 50_000])
def test_any_question_of_any_text_gives_at_most_five_pieces(question: str) -> None:
    texts = ["boiler. " * 3_000, "- boiler\n" * 2_000, "> " * 9_000 + "boiler", "```\n" + "boiler\n" * 3_000, question]
    found = best_quotations(question, [source(text) for text in texts], language="en")
    assert len(found) <= max(MOST, MOST_ITEMS)


# Pieces


def test_pieces_know_their_form_their_headings_and_what_introduces_them() -> None:
    text = "# A\n\nI need:\n- [x] milk\n- bread\n\n## B\n| h | i |\n|--|--|\n| 1st | 2nd |"
    found = [(piece.text, piece.form, piece.detail, piece.headings, piece.intro, piece.line) for piece in pieces(text)]
    assert found == [
        ("I need:", "prose", "", ("A",), "", 2),
        ("milk", "item", "x", ("A",), "I need:", 3),
        ("bread", "item", "", ("A",), "I need:", 4),
        ("1st | 2nd", "row", "| h | i |", ("A", "B"), "", 9),
    ]


def test_a_heading_ends_those_of_its_level_and_below() -> None:
    found = [piece.headings for piece in pieces("# A\n\n## B\n\none two\n\n## C\n\none three\n\n# D\n\none four")]
    assert found == [("A", "B"), ("A", "C"), ("D",)]


def test_comments_keep_the_lines_of_what_follows() -> None:
    assert [piece.line for piece in pieces("one\n\n%% a\nb\nc %%\n\ntwo words")] == [0, 6]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Площадь была 160 тыс. Гектаров хватает.", ["Площадь была 160 тыс. Гектаров хватает."]),
        ("Он умер. Она жива.", ["Он умер.", "Она жива."]),
        ("क्या हुआ। वह गया।", ["क्या हुआ।", "वह गया।"]),
        ("هل جاء؟ نعم جاء.", ["هل جاء؟", "نعم جاء."]),
    ],
)
def test_sentences_end_where_their_language_ends_them(text: str, expected: list[str]) -> None:
    assert list(quotable(text)) == expected


def test_thai_is_cut_at_blanks_into_clauses() -> None:
    clause = "แมวนั่งอยู่บนเสื่อในห้องครัวของบ้านหลังใหญ่"
    found = list(quotable(" ".join([clause] * 20)))
    assert len(found) > 2
    assert all(len(piece) <= 220 and piece.startswith(clause) and piece.endswith(clause) for piece in found)


# In its own words

LANGUAGES = ["en", "pt", "es", "it", "fr", "de", "nl", "ru", "uk", "pl", "zh", "ja", "ko", "th", "ar", "hi", "tr"]


def test_its_own_words_are_in_many_languages_and_in_english_for_the_rest() -> None:
    assert len({phrases(language).nothing for language in LANGUAGES}) == len(LANGUAGES)
    assert all("--model" in phrases(language).add_model for language in LANGUAGES)
    assert phrases("xx") == phrases("en")


@pytest.mark.parametrize(
    ("language", "question"),
    [("ru", "Где лежит зебра?"), ("zh", "斑马在哪里？"), ("ar", "أين الحمار الوحشي؟"), ("nl", "Waar is mijn zebra?")],
)
async def test_nothing_found_is_said_in_the_questions_language(language: str, question: str) -> None:
    assert (await answer(question)).startswith(phrases(language).nothing)


@pytest.mark.parametrize(
    ("language", "message"),
    [("en", "hi"), ("en", "Thanks a lot!"), ("pt", "Olá, bom dia!"), ("de", "Danke schön"), ("ru", "Привет!")],
)
async def test_small_talk_gets_a_friendly_line_and_no_quotations(language: str, message: str) -> None:
    assert await answer(message, source("Hi, thanks and danke are words.")) == phrases(language).friendly


async def test_yes_is_answered_from_what_was_found_for_it() -> None:
    assert await answer("ok") == phrases("en").friendly
    turns = [("user", "Is the rent paid?"), ("assistant", "Shall I look?"), ("user", "ok")]
    messages = [{"role": role, "content": text} for role, text in turns]
    assert quoted(await answer("ok", source("The rent is paid."), messages=messages)) == ["> The rent is paid."]


# Clients' housekeeping


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Housekeeping(kind="title", key="title", about=("Where is [[Boiler]]?",)), '{"title": "Where is Boiler?"}'),
        (Housekeeping(kind="title", about=("**Où** est la clé\n?",)), "Où est la clé ?"),
        (Housekeeping(kind="follow_ups", key="follow_ups"), '{"follow_ups": []}'),
        (Housekeeping(kind="tags", key="tags"), '{"tags": []}'),
        (Housekeeping(kind="queries"), "[]"),
        (Housekeeping(kind="autocomplete", key="text"), '{"text": ""}'),
        (Housekeeping(kind="ping"), "OK"),
    ],
)
def test_housekeeping_is_answered_in_the_form_asked_for(wanted: Housekeeping, expected: str) -> None:
    assert housework(wanted, []) == expected


def test_a_title_is_cut_between_words_and_never_empty() -> None:
    title = housework(Housekeeping(kind="title", about=("boiler repairs, " * 2_000,)), [])
    assert title.startswith("boiler repairs, boiler")
    assert title.endswith(("repairs…", "boiler…"))
    assert len(title) <= 49
    assert len(housework(Housekeeping(kind="title", about=("字" * 5_000,)), [])) == 49
    assert housework(Housekeeping(kind="title", about=("  ",)), [])


async def test_a_client_that_asks_for_a_title_as_json_gets_one_and_no_error() -> None:
    task = (
        "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n"
        '### Output:\nJSON format: { "title": "your concise title here" }\n'
        "### Chat History:\n<chat_history>\nUSER: Where is the boiler manual?\nASSISTANT: In it.\n</chat_history>"
    )
    text = await answer("x", messages=[{"role": "user", "content": task}], response_format={"type": "json_object"})
    assert json.loads(text) == {"title": "Where is the boiler manual?"}


async def test_the_language_of_the_notes_does_not_decide_in_which_one_nothing_found_is_said() -> None:
    notes = "Die Heizung wurde im Mai repariert und kostete zweihundertvierzig Euro, sagte der Installateur. " * 5
    told = [{"role": "user", "content": f"{notes}\n\nQuokka zorbing?"}]
    said = await answer("Quokka zorbing?", messages=told)
    assert said == await answer("Quokka zorbing?")
    assert said != await answer("Welches Quokka hat im letzten Jahr die Meisterschaft gewonnen?")
