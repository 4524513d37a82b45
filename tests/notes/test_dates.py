from __future__ import annotations

import datetime as dt

import pytest

from sidecar.notes.dates import note_date
from sidecar.notes.note import PropertyValue
from sidecar.notes.reading import read_note

_DAY = dt.date(2024, 5, 6)


@pytest.mark.parametrize(
    ("path", "folder", "format_", "expected"),
    [
        ("2024-05-06.md", None, "YYYY-MM-DD", _DAY),
        ("Daily/2024-05-06.md", None, "YYYY-MM-DD", _DAY),
        ("Daily/2024-05-06.md", "Daily", "YYYY-MM-DD", _DAY),
        ("Other/060524.md", "Daily", "DDMMYY", None),
        ("Daily/06.05.2024.md", "/Daily/", "DD.MM.YYYY", _DAY),
        ("06.05.2024.md", "", "DD.MM.YYYY", _DAY),
        ("20240506.md", None, "YYYYMMDD", _DAY),
        ("6-5-24.md", None, "D-M-YY", _DAY),
        ("6-5-99.md", None, "D-M-YY", dt.date(1999, 5, 6)),
        ("2024/05/2024-05-06.md", None, "YYYY/MM/YYYY-MM-DD", _DAY),
        ("Journal/2024/05-May/2024-05-06-Monday.md", "Journal", "YYYY/MM-MMMM/YYYY-MM-DD-dddd", _DAY),
        ("May 6th, 2024.md", None, "MMMM Do, YYYY", _DAY),
        ("Mon 6 May 2024.md", None, "ddd D MMM YYYY", _DAY),
        ("Day 06 of 05 2024.md", None, "[Day] DD [of] MM YYYY", _DAY),
        ("2024-127.md", None, "YYYY-DDDD", _DAY),
        ("2024-W19-1.md", None, "GGGG-[W]WW-E", _DAY),
        ("2024年5月6日.md", None, "YYYY年M月D日", _DAY),
        ("2024-13-45.md", None, "YYYY-MM-DD", None),
        ("2024-02-30.md", None, "YYYY-MM-DD", None),
        ("0000-01-01.md", None, "YYYY-MM-DD", None),
        ("Note.md", None, "[Note]", None),
        ("Note.md", None, "", None),
        ("x.md", None, "[[((", None),
    ],
)
def test_a_daily_notes_name_gives_its_day(
    path: str, folder: str | None, format_: str, expected: dt.date | None
) -> None:
    found = note_date(path, {}, daily_folder=folder, daily_format=format_)
    assert found == (None if expected is None else (expected, "name"))


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"date": "2024-05-06"}, _DAY),
        ({"Date": "2024-05-06T10:00:00+02:00"}, _DAY),
        ({"created": "2024-05-06 10:00"}, _DAY),
        ({"date": "", "created": "2024/5/6"}, _DAY),
        ({"created": "2020-01-01", "date": "2024-05-06"}, _DAY),
        ({"date": "[[2024-05-06]]"}, _DAY),
        ({"date": ["2024-05-06"]}, _DAY),
        ({"date": "2024-05-061"}, None),
        ({"date": "soon", "created": None}, None),
        ({"date": True, "created": 5}, None),
        ({"due": "2024-05-06"}, None),
    ],
)
def test_properties_give_the_day_when_the_name_does_not(
    properties: dict[str, PropertyValue], expected: dt.date | None
) -> None:
    found = note_date("Note.md", properties, daily_folder=None, daily_format="YYYY-MM-DD")
    assert found == (None if expected is None else (expected, "property"))


def test_a_name_comes_before_properties_and_properties_before_the_first_line() -> None:
    properties: dict[str, PropertyValue] = {"created": "2020-01-01"}
    for path, opening, expected in (
        ("a/2024-05-06 Meeting.md", "# 1 May 2019", (_DAY, "name")),
        ("Meeting.md", "# 1 May 2019", (dt.date(2020, 1, 1), "property")),
    ):
        found = note_date(path, properties, daily_folder="Daily", daily_format="YYYY-MM-DD", opening=opening)
        assert found == expected
    assert note_date("Meeting.md", {}, daily_folder=None, daily_format="", opening="# 6 May 2024") == (_DAY, "text")


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("6 maio 2024", "D MMMM YYYY"),
        ("6 mayo 2024", "D MMMM YYYY"),
        ("6 maggio 2024", "D MMMM YYYY"),
        ("6 mai 2024", "D MMMM YYYY"),
        ("6. Mai 2024", "D. MMMM YYYY"),
        ("6 mai. 2024", "D MMM YYYY"),
    ],
)
def test_daily_notes_may_name_the_month_in_the_users_language(name: str, format_: str) -> None:
    assert note_date(f"{name}.md", {}, daily_folder=None, daily_format=format_) == (_DAY, "name")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("due 2024-05-06, done", ["2024-05-06"]),
        ("📅 2024-05-06 ✅ 2024-05-07", ["2024-05-06", "2024-05-07"]),
        ("2024-05-06T10:30:00 and 2024/5/6", ["2024-05-06", "2024/5/6"]),
        ("see [[2024-05-06]]", ["2024-05-06"]),
        ("SCHEDULED: <2024-05-06 Mon>", ["2024-05-06"]),
        ("on 6 May 2024 and May 6th, 2024", ["6 May 2024", "May 6th, 2024"]),
        ("the 6th of May, 2024", ["6th of May, 2024"]),
        ("em 6 de maio de 2024", ["6 de maio de 2024"]),
        ("el 6 de mayo del 2024", ["6 de mayo del 2024"]),
        ("il 1º maggio 2024", ["1º maggio 2024"]),
        ("le 1er mai 2024", ["1er mai 2024"]),
        ("am 6. März 2024 und 6.5.2024", ["6. März 2024", "6.5.2024"]),
        ("今天是2024年5月6日。", ["2024年5月6日"]),
        ("2024년 5월 6일", ["2024년 5월 6일"]),
        ("on 25/05/2024 we met", ["25/05/2024"]),
        ("o dia 05/06/2024 em que não estava com você", ["05/06/2024"]),
        ("on the 05/06/2024 we met with them", []),
        ("31 February 2024, 2024-13-01, 5 Brumaire 2024", []),
        ("https://example.org/2024/05/06/post and v1.2.2024.3 and 120240506", []),
        ("in 2024, on 6 May, at 20:24", []),
        ("`2024-05-06`\n\n```\n2024-05-06\n```", []),
        ("%%2024-05-06%%", []),
    ],
)
def test_days_are_found_in_the_text_in_figures_and_in_words(text: str, expected: list[str]) -> None:
    note = read_note("Note.md", text.encode())
    assert [text[found.span.start : found.span.end] for found in note.dates] == expected


def test_the_day_of_the_first_line_is_the_notes_own_and_a_later_one_is_not() -> None:
    first = read_note("Note.md", b"# Meeting, 6 May 2024\n\nMoved to 2024-06-01.")
    assert (first.date, first.date_source) == (_DAY, "text")
    later = read_note("Note.md", b"# Meeting\n\nOn 6 May 2024.")
    assert (later.date, later.date_source) == (None, None)


def test_a_text_of_years_alone_is_read_in_one_pass() -> None:
    assert read_note("Note.md", b"2024" * 50_000 + b" 2024" * 50_000).dates == ()
