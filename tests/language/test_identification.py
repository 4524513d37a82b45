from __future__ import annotations

import tomllib
import unicodedata
from itertools import chain, combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.language.identification import identify, languages_of_sections
from sidecar.language.stemming import STEMMED

_CASES = tomllib.loads((Path(__file__).parent / "cases" / "sentences.toml").read_text(encoding="utf-8"))
_SENTENCES: dict[str, list[str]] = {language: case["sentences"] for language, case in _CASES.items()}
_CLOSE: dict[str, list[str]] = {language: case.get("close", []) for language, case in _CASES.items()}
_EACH = [(language, sentence) for language, sentences in _SENTENCES.items() for sentence in sentences]


@pytest.mark.parametrize(("language", "sentence"), _EACH)
def test_one_sentence_is_never_taken_for_another_language(language: str, sentence: str) -> None:
    assert identify(sentence) in {language, None, *_CLOSE[language]}


def test_most_single_sentences_are_recognised() -> None:
    recognised = [identify(sentence) in (language, *_CLOSE[language]) for language, sentence in _EACH]
    assert sum(recognised) >= 0.85 * len(recognised)


@pytest.mark.parametrize("language", sorted(_SENTENCES))
def test_a_paragraph_is_recognised(language: str) -> None:
    assert identify(" ".join(_SENTENCES[language])) in (language, *_CLOSE[language])


def test_every_language_with_a_stemmer_has_sentences_here() -> None:
    # Bosnian is not told from Croatian and Serbian, which share its stemmer.
    assert STEMMED - {"bs"} <= _SENTENCES.keys()


@pytest.mark.parametrize("language", sorted(_SENTENCES))
def test_how_letters_are_composed_and_cased_makes_no_difference(language: str) -> None:
    text = " ".join(_SENTENCES[language])
    assert identify(unicodedata.normalize("NFD", text)) == identify(text)
    assert identify(text.upper() if language not in {"tr", "az", "el", "ga"} else text) == identify(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\n",
        "Berlin",
        "- [ ] Müller\n- [ ] García\n- [ ] 3 kg",
        "| a | b |\n|---|---|\n| 1 | 2 |\n| x | y |",
        "x = y + 2 * z; return f(x)",
        "q1Zk/l+d/s+n 3e/a 8i/o+e 2a/z 9k/v+w 4s/u 1y/c+j 7l/t 2d/n+s 5s/a+i 9e/o 3qu/m+l",
        "https://example.com/the-history-of-the-world-and-of-all-that-is-in-it",
        "```python\nfor the in of: and is not that or with as from import\n```",
        "![[The picture of the house that was sold]]",
        "<div class='the of and that with from have'></div>",
        "#the/of/and #that/with/from",
        "2024-01-02 12:30 42 % 3.14",
        "🙂🙂🙂",
        "\0\0\0",
        "\ud800\udfff",
    ],
)
def test_what_is_no_prose_has_no_language(text: str) -> None:
    assert identify(text) is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "de",
            "Wir haben das Meeting verschoben, weil es noch nicht fertig ist.\n```\nthe first of all that we have\n```",
        ),
        ("es", "La reunión fue en [[The House of the Rising Sun|la casa]] y todos los que estaban allí lo vieron."),
        ("ru", "Мы решили, что для этого проекта нужно использовать Docker Compose, но не сейчас, а после релиза."),
        ("zh", "我们使用 Kubernetes 和 Docker 来部署 Python 服务。"),
        ("th", "ทีมกีฬาอาชีพได้แก่ Los Angeles Rams และ San Diego Chargers หรือ Anaheim Ducks ในแคลิฟอร์เนีย"),
        ("en", "The Greek word λόγος is used by most of the authors that we have read so far."),
        ("en", "In Japanese the word for cat is 猫 and this is how it was written in the old books."),
    ],
)
def test_code_links_and_foreign_words_do_not_decide(language: str, text: str) -> None:
    assert identify(text) == language


def test_a_word_repeated_is_no_evidence() -> None:
    assert identify("los " * 100) is None
    assert identify(_SENTENCES["en"][0] + " los pero" * 20) != "es"


def test_a_few_common_words_among_many_names_are_no_evidence() -> None:
    names = [first + second + last for first in "bdfgk" for second in "aeiou" for last in ("rtz", "lmb", "xq")]
    assert identify("los pero muy también") == "es"
    assert identify(" ".join(["los pero muy también", *names])) is None


def test_a_section_that_is_unsure_has_the_language_of_most_of_the_note() -> None:
    spanish, english = " ".join(_SENTENCES["es"]), _SENTENCES["en"][0]
    assert languages_of_sections([spanish, "Berlin", english, ""]) == ["es", "es", "en", "es"]


def test_short_sections_tell_together_what_none_tells_alone() -> None:
    sections = ["Los planos", "que todavía", "no están listos", "porque ella"]
    assert None in map(identify, sections)
    assert languages_of_sections(sections) == ["es"] * 4


@pytest.mark.parametrize("texts", [[], ["Berlin", "x = 1"], [""]])
def test_a_note_without_a_sure_section_has_no_language(texts: list[str]) -> None:
    assert languages_of_sections(texts) == [None] * len(texts)


@given(st.text(max_size=400))
def test_any_text_has_one_answer(text: str) -> None:
    assert identify(text) == identify(text)


@given(st.lists(st.sampled_from([sentence for _, sentence in _EACH] + ["", "x = 1"]), max_size=6))
def test_sections_keep_their_own_language_where_it_is_sure(texts: list[str]) -> None:
    for text, language in zip(texts, languages_of_sections(texts), strict=True):
        assert identify(text) in (language, None)


_HOSTILE = [
    "a",
    "[",
    "[[",
    "](",
    "`",
    "```",
    "~~~",
    "<",
    "#",
    "$",
    "http://",
    "é",
    "\u0301",
    "\0",
    "ك",
    "猫",
    "ア",
    "the ",
]


@pytest.mark.parametrize("pair", [*((sign, sign) for sign in _HOSTILE), *combinations(_HOSTILE[:11], 2)])
def test_a_megabyte_of_signs_is_answered(pair: tuple[str, str]) -> None:
    text = "".join(chain.from_iterable([pair] * (1_000_000 // len("".join(pair)))))
    assert identify(text) in {None, "zh", "ja"}
