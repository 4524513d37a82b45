"""Messages that ask for nothing are told from those that ask for something, in many languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.language.small_talk import small_talk_in, without_small_talk
from sidecar.language.small_talk_words import ASSENT, BESIDE, SMALL_TALK

_FILE = Path(__file__).parent.parent / "chat" / "small_talk.jsonl"
MESSAGES: list[dict[str, Any]] = [json.loads(line) for line in _FILE.read_text(encoding="utf-8").splitlines()]
# What is known to be missed: a letter too many is no stretched word.
MISSED = {"selamm"}


def test_no_message_that_asks_for_something_is_taken_for_small_talk() -> None:
    assert [each["text"] for each in MESSAGES if not each["talk"] and small_talk_in(each["text"])] == []


def test_small_talk_is_told_in_every_language() -> None:
    assert {each["text"] for each in MESSAGES if each["talk"] and not small_talk_in(each["text"])} == MISSED


@pytest.mark.parametrize(
    "text", ["ok", "好的", "sim", "ja", "да", "はい", "네", "نعم", "ठीक है", "โอเค", "👍", "❤️", "yes, please"]
)
def test_what_may_answer_a_question_is_told_from_the_rest(text: str) -> None:
    assert small_talk_in(text) == "assent"


@pytest.mark.parametrize("text", ["ok, thanks", "yes! great", "okay bye", "好的，谢谢", "obrigado, sim"])
def test_thanks_beside_it_ask_for_nothing(text: str) -> None:
    assert small_talk_in(text) == "talk"


@pytest.mark.parametrize(
    "text", ["HI!!!", "hiiii", "thaaanks", "Hi, there…", "  hello\n", "OLÁ", "ola", "Ｈｅｌｌｏ", "شكرًا"]
)
def test_spelling_makes_no_difference(text: str) -> None:
    assert small_talk_in(text) == "talk"


@pytest.mark.parametrize(
    "text",
    ["", "   ", "?", "...", "2+2", "5", "555", "boiler", "hi boiler", "hi [[Boiler]]", "thanks #project", "hi " * 80,
     "\x00", "\ud800", "x" * 1_000_000, "👍" * 500],
    ids=range(16),
)  # fmt: skip
def test_anything_else_is_none(text: str) -> None:
    assert small_talk_in(text) is None


@pytest.mark.parametrize("words", [ASSENT, *SMALL_TALK.values()], ids=["assent", *SMALL_TALK])
def test_every_phrase_of_the_lists_is_known(words: str) -> None:
    assert [phrase for phrase in words.split(",") if small_talk_in(phrase) is None] == []


def test_what_only_stands_beside_others_is_no_small_talk_by_itself() -> None:
    alone = [phrase for phrase in BESIDE.split(",") if small_talk_in(phrase) is None]
    assert len(alone) > 80
    assert [phrase for phrase in alone if small_talk_in(f"hi {phrase}") != "talk"] == []


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Hi, when is my appointment? Thanks!", "when is my appointment?"),
        ("你好，锅炉是什么时候修好的？谢谢！", "锅炉是什么时候修好的？"),
        ("Bom dia! Tudo bem? Qual é o código?", "Qual é o código?"),
        ("hoi, wanneer is mijn afspraak?", "wanneer is mijn afspraak?"),
        ("مرحبا، متى موعدي؟ شكرا", "متى موعدي؟"),
        ("Thanks. Now [[Boiler]], #work", "Now [[Boiler]], #work"),
        ("when is my appointment, and where?", "when is my appointment, and where?"),
        ("hi, thanks, bye", "hi, thanks, bye"),
        ("hi", "hi"),
        ("", ""),
        ("Hello world, who wrote it?", "Hello world, who wrote it?"),
        ("version 1.2, ok", "version 1.2,"),
    ],
)
def test_small_talk_around_a_question_is_taken_off(text: str, asked: str) -> None:
    assert without_small_talk(text) == asked


@pytest.mark.parametrize(
    "text", ["hi, " * 250_000, ", " * 500_000, "x" * 1_000_000, "hi, " + " " * 1_000_000, "." * 1_000_000]
)
def test_a_message_of_any_length_is_read(text: str) -> None:
    assert len(without_small_talk(text)) <= len(text)
