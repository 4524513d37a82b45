"""What the model is told is in the conversation's language, short, and the same to the conversation's end."""

from __future__ import annotations

import pytest

from sidecar.inference.tokens import estimate_tokens
from sidecar.prompt.wording import WORDINGS
from tests.citations.answers import passage
from tests.prompt.test_building import build

QUESTIONS = {
    "en": "What did the boiler cost?",
    "pt": "Quanto custou a reparação da caldeira?",
    "es": "¿Cuánto costó la reparación de la caldera?",
    "it": "Quanto è costata la riparazione della caldaia?",
    "fr": "Combien a coûté la réparation de la chaudière ?",
    "de": "Was hat die Reparatur der Heizung gekostet?",
    "nl": "Wat kostte de reparatie van de ketel?",
    "ru": "Сколько стоил ремонт котла?",
    "uk": "Скільки коштував ремонт котла?",
    "pl": "Ile kosztowała naprawa kotła?",
    "tr": "Kazanın tamiri ne kadar tuttu?",
    "zh": "锅炉修理花了多少钱？",
    "ja": "ボイラーの修理費はいくらでしたか？",
    "ko": "보일러 수리비는 얼마였나요?",
    "ar": "كم كلف إصلاح الغلاية؟",
    "hi": "बॉयलर की मरम्मत में कितना खर्च हुआ?",
    "th": "ค่าซ่อมหม้อไอน้ำเท่าไร",
}


def asked(*texts: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text} for text in texts]


@pytest.mark.parametrize("language", sorted(WORDINGS))
def test_instructions_and_what_is_withheld_are_in_the_conversations_language(language: str) -> None:
    prompt = build(asked(QUESTIONS[language]), withheld=3)
    assert prompt.messages[0]["content"] == WORDINGS[language].instructions
    assert WORDINGS[language].withheld.format(number=3) in prompt.messages[1]["content"]
    assert "3" in prompt.messages[1]["content"]
    assert WORDINGS[language].hidden in build(asked(QUESTIONS[language]), passage()).unaided[1]["content"]


def test_every_language_says_where_the_notes_stand_and_how_they_are_cited() -> None:
    assert set(WORDINGS) == set(QUESTIONS)
    for wording in WORDINGS.values():
        assert "<notes>" in wording.instructions
        assert "[[…]]" in wording.instructions
        assert wording.withheld.count("{number}") == 1


def test_the_language_stays_that_of_the_first_messages() -> None:
    first = build(asked(QUESTIONS["de"])).messages[0]
    assert (
        build([*asked(QUESTIONS["de"]), {"role": "assistant", "content": "240"}, *asked(QUESTIONS["en"])]).messages[0]
        == first
    )
    assert build([{"role": "system", "content": "Reply in English."}, *asked(QUESTIONS["de"])]).messages[0][
        "content"
    ] == (f"Reply in English.\n\n{WORDINGS['de'].instructions}")


def test_a_language_that_has_no_words_of_ours_gets_english() -> None:
    assert build(asked("Mennyibe került a kazán javítása, és ki végezte el a munkát?")).messages[0]["content"] == (
        WORDINGS["en"].instructions
    )


def test_a_very_small_window_gets_the_language_of_the_fewest_tokens() -> None:
    question = asked(QUESTIONS["th"])
    assert build(question, window=1024).messages[0]["content"] == WORDINGS["en"].instructions
    assert build(question, window=2048).messages[0]["content"] == WORDINGS["th"].instructions


def test_the_instructions_are_short() -> None:
    assert estimate_tokens(WORDINGS["en"].instructions) < 160
    assert all(estimate_tokens(wording.instructions) < 370 for wording in WORDINGS.values())
