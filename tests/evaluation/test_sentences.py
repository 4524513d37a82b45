"""The sentences of an answer that claim something."""

from __future__ import annotations

import pytest

from sidecar.evaluation.sentences import citations_outside, reading_text, sentences
from sidecar.inference.phrases import phrases


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ("The code is 4471-B. It is on the gate.", ["The code is 4471-B.", "It is on the gate."]),
        ("## Codes\n\n- The gate: 4471-B\n- The shed: 12", ["The gate: 4471-B", "The shed: 12"]),
        ("Here is what I found:\n\nThe code is 4471-B.\n\nDo you want more?", ["The code is 4471-B."]),
        ("The code is 4471-B [[Cabin]].\n\n[[Cabin]]\n\n — [[Cabin#Codes]] (2024-01-01)", ["The code is 4471-B ."]),
        ("It cost [[Money|386 euros]].[^1]\n\n[^1]: [[Boiler]]", ["It cost 386 euros."]),
        ("1987", ["1987"]),
        ("…\n\n---\n\n***", []),
        ("密码是4471。锅炉修好了！要看吗？", ["密码是4471。", "锅炉修好了！"]),
        ("コードは4471です。", ["コードは4471です。"]),
        ("रास्ता लंबा है। घर छोटा है।", ["रास्ता लंबा है।", "घर छोटा है।"]),
        ("الرمز هو ٤٤٧١. هل تريد المزيد؟", ["الرمز هو ٤٤٧١."]),
    ],
)
def test_headings_questions_lead_ins_and_citations_alone_are_left_aside(answer: str, texts: list[str]) -> None:
    found = [sentence.text for sentence in sentences(answer)]
    assert found == texts


@pytest.mark.parametrize(
    "language", ["en", "pt", "es", "it", "fr", "de", "nl", "ru", "uk", "pl", "tr", "zh", "ja", "ko", "th", "ar", "hi"]
)
def test_what_sidecar_says_itself_is_no_sentence_of_the_answer(language: str) -> None:
    said = phrases(language)
    answer = f"{said.quotations}\n\n> The boiler cost 386 euros.\n\n — [[Boiler]]\n\n{said.add_model}"
    assert [sentence.text for sentence in sentences(answer)] == ["The boiler cost 386 euros."]
    assert reading_text(answer).split() == [">", "The", "boiler", "cost", "386", "euros."]


@pytest.mark.parametrize(
    "answer",
    [
        "The code is 4471-B [[Cabin#Codes|the cabin]] [[Keys]].",
        "The code is 4471-B. [[Cabin#Codes|the cabin]], [[Keys]]",
        "The code is “4471-B.” [[Cabin#Codes|the cabin]][[Keys]].",
    ],
)
def test_a_sentence_has_the_citations_in_it_and_right_behind_it(answer: str) -> None:
    (sentence, *more) = sentences(f"{answer}\n\nThe key hangs outside.")
    assert sentence.cites == ("Cabin#Codes", "Keys")
    assert [each.cites for each in more] == [()]


def test_links_are_read_by_their_names() -> None:
    (sentence,) = sentences("Discussed the book [[Out of Control]] with [[Steph Ango|Steph]].")
    assert (sentence.text, sentence.read) == (
        "Discussed the book with Steph.",
        "Discussed the book Out of Control with Steph.",
    )
    assert reading_text("The book [[Out of Control]]\n\n — [[Meeting]] (2023-09-12)") == "The book Out of Control\n"


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ("The notes [[A]] do not say it.", 0),
        ("The notes [[A]] do not say it. The boiler is in [[B]].", 1),
        ("The notes do not say it.\n\n[[A]] [[B]]", 0),
        ("The notes do not say it.\n\n> Boiler\n\n — [[A]]", 1),
    ],
)
def test_citations_are_counted_outside_what_admits_something_and_before_the_last_line(answer: str, count: int) -> None:
    assert citations_outside(answer, sentences(answer)) == count


@pytest.mark.parametrize(
    ("text", "count", "outside"),
    [
        ("[[a]]" * 100_000, 0, 100_000),
        ("." * 500_000, 0, 0),
        (". [[" * 100_000, 0, 0),
        ("\n [[a]]" * 80_000, 0, 79_999),
        ("wide " * 200_000, 40, 0),
        ("\0" * 100_000, 0, 0),
    ],
)
def test_a_long_monotonous_answer_is_looked_at_in_part(text: str, count: int, outside: int) -> None:
    assert len(sentences(text)) == count
    assert citations_outside(text, []) == outside
