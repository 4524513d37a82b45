"""Which days a question asks about."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import tomllib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.language.calendar import month_names
from sidecar.language.date_words import LANGUAGES, SPACELESS, telling_words, vocabulary
from sidecar.language.single_dates import calendar_date, relative_date
from sidecar.language.when import date_ranges

_TODAY = dt.date(2024, 5, 15)  # a Wednesday
_CASES = tomllib.loads((Path(__file__).parent / "cases" / "dates.toml").read_text(encoding="utf-8"))
_FOUND = [(language, *case) for language, cases in _CASES["found"].items() for case in cases]
_NONE = [(language, text) for language, texts in _CASES["none"].items() for text in texts]


def _days(text: str, today: dt.date = _TODAY) -> list[tuple[str, str]]:
    return [(str(one.first), str(one.last)) for one in date_ranges(text, today=today)]


@pytest.mark.parametrize(("language", "text", "first", "last", "words"), _FOUND)
def test_a_date_in_a_question_is_found_with_its_words(
    language: str, text: str, first: str, last: str, words: str
) -> None:
    assert [(str(one.first), str(one.last), one.words) for one in date_ranges(text, today=_TODAY)] == [
        (first, last, words)
    ]


@pytest.mark.parametrize(("language", "text"), _NONE)
def test_other_words_and_numbers_are_no_dates(language: str, text: str) -> None:
    assert date_ranges(text, today=_TODAY) == ()


@pytest.mark.parametrize(
    ("text", "today", "first", "last"),
    [
        ("in March", "2024-03-01", "2024-03-01", "2024-03-31"),
        ("in March", "2024-02-29", "2023-03-01", "2023-03-31"),
        ("last March", "2024-03-15", "2023-03-01", "2023-03-31"),
        ("this March", "2024-02-15", "2024-03-01", "2024-03-31"),
        ("this May", "2024-04-01", "2024-05-01", "2024-05-31"),
        ("on Monday", "2024-05-13", "2024-05-13", "2024-05-13"),
        ("last Monday", "2024-05-13", "2024-05-06", "2024-05-06"),
        ("next Monday", "2024-05-13", "2024-05-20", "2024-05-20"),
        ("last week", "2024-01-01", "2023-12-25", "2023-12-31"),
        ("last month", "2024-01-31", "2023-12-01", "2023-12-31"),
        ("last quarter", "2024-02-01", "2023-10-01", "2023-12-31"),
        ("last 3 months", "2024-05-31", "2024-02-29", "2024-05-31"),
        ("on 29 February", "2023-06-01", "2020-02-29", "2020-02-29"),
        ("on the 31st", "2024-06-15", "2024-05-31", "2024-05-31"),
        ("this winter", "2024-01-15", "2023-12-01", "2024-02-29"),
        ("last winter", "2024-01-15", "2022-12-01", "2023-02-28"),
        ("last summer", "2024-07-15", "2023-06-01", "2023-08-31"),
        ("next summer", "2024-07-15", "2025-06-01", "2025-08-31"),
        ("last weekend", "2024-05-19", "2024-05-11", "2024-05-12"),
        ("since next week", "2024-05-15", "2024-05-20", "2024-05-26"),
        ("in Q4", "2024-05-15", "2023-10-01", "2023-12-31"),
        ("yesterday", "0001-01-01", "0001-01-01", "0001-01-01"),
        ("next year", "9999-12-31", "9999-12-01", "9999-12-31"),
    ],
)
def test_the_same_words_mean_other_days_on_other_days(text: str, today: str, first: str, last: str) -> None:
    assert _days(text, dt.date.fromisoformat(today)) == [(first, last)]


def test_several_dates_come_in_their_order() -> None:
    assert _days("compare last week with March 2024 and 2024-05-01") == [
        ("2024-05-06", "2024-05-12"),
        ("2024-03-01", "2024-03-31"),
        ("2024-05-01", "2024-05-01"),
    ]


@pytest.mark.parametrize("text", ["was im März geschah", "em março de 2024", "cette année-là, août 2023"])
def test_decomposed_letters_say_the_same(text: str) -> None:
    assert _days(unicodedata.normalize("NFD", text)) == _days(unicodedata.normalize("NFC", text)) != []


@pytest.mark.parametrize("text", ["LAST WEEK", "IM MÄRZ", "ONTEM", "L'ANNÉE DERNIÈRE", "last’s yesterday’s notes"])
def test_capitals_and_apostrophes_make_no_difference(text: str) -> None:
    assert len(_days(text)) == 1


def test_a_clearly_english_text_has_the_month_first_and_all_others_the_day() -> None:
    assert _days("what is in my note of 03/04/2024") == [("2024-03-04", "2024-03-04")]
    assert _days("cosa c'è nella nota del 03/04/2024") == [("2024-04-03", "2024-04-03")]
    assert _days("03/04/2024") == [("2024-04-03", "2024-04-03")]
    assert _days("what is in my note of 25/04/2024") == [("2024-04-25", "2024-04-25")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_month_name_is_read_by_the_library_as_the_month_it_is(language: str) -> None:
    for name, number in month_names(language).items():
        # In French `sept` is a number first.
        if vocabulary(language).parts[name][0] in "Mm":
            assert calendar_date(f"3 {name} 2023", language) == dt.date(2023, number, 3), name


def test_every_day_told_from_today_is_understood_by_the_library() -> None:
    languages: set[str] = set().union(*telling_words().values())
    asked = [
        (value, language)
        for language in languages
        for letter, value in vocabulary(language).parts.values()
        if letter in "Rr"
    ]
    asked += [(word, language) for language, words in SPACELESS.items() for word in words.split()]
    assert [pair for pair in asked if relative_date(*pair) is None] == []


def test_a_question_without_a_date_imports_no_library() -> None:
    program = (
        "import sys, datetime; from sidecar.language.when import date_ranges; today = datetime.date(2024, 5, 15);"
        "assert not date_ranges('what may I eat', today=today); assert date_ranges('last week', today=today);"
        "assert 'dateparser' not in sys.modules; assert date_ranges('gestern', today=today);"
        "assert 'dateparser' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


_WORDS = sorted({word for language in LANGUAGES for word in vocabulary(language).parts})
_PIECES = st.one_of(
    st.sampled_from(_WORDS),
    st.sampled_from(
        ["3", "31.", "12th", "2024", "0001", "2024-02-30", "1/2/2024", "-", ",", "in", "since", "to", "年"]
    ),
    st.integers(0, 99_999).map(str),
    st.text(max_size=5),
)


@given(st.lists(_PIECES, max_size=12).map(" ".join) | st.text(), st.dates())
def test_any_text_on_any_day_gives_ranges_in_order_and_inside_the_text(text: str, today: dt.date) -> None:
    ranges = date_ranges(text, today=today)
    assert ranges == date_ranges(text, today=today)
    place = 0
    for one in ranges:
        assert one.first <= one.last
        assert place <= one.start < one.end <= len(text)
        assert one.words == text[one.start : one.end]
        place = one.end


@pytest.mark.parametrize(
    "piece",
    ["a", "1", "(", "\0", "3/", "1-", "2024-", "today ", "monday to ", "from march to ", "the ", "年", "e\u0301"],
)
def test_a_megabyte_of_one_thing_is_no_trouble(piece: str) -> None:
    ranges = date_ranges(piece * (1_000_000 // len(piece)), today=_TODAY)
    assert all(one.end <= 4_000 for one in ranges)
