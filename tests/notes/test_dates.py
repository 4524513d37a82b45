from __future__ import annotations

import datetime as dt

import pytest

from sidecar.notes.dates import note_date
from sidecar.notes.note import PropertyValue

_DAY = dt.date(2024, 5, 6)


@pytest.mark.parametrize(
    ("path", "folder", "format_", "expected"),
    [
        ("2024-05-06.md", None, "YYYY-MM-DD", _DAY),
        ("Daily/2024-05-06.md", None, "YYYY-MM-DD", _DAY),
        ("Daily/2024-05-06.md", "Daily", "YYYY-MM-DD", _DAY),
        ("Other/06.05.2024.md", "Daily", "DD.MM.YYYY", None),
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
    assert note_date(path, {}, daily_folder=folder, daily_format=format_) == expected


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
    assert note_date("Note.md", properties, daily_folder=None, daily_format="YYYY-MM-DD") == expected


def test_a_name_that_begins_with_a_day_comes_before_properties() -> None:
    properties: dict[str, PropertyValue] = {"created": "2020-01-01"}
    assert note_date("a/2024-05-06 Meeting.md", properties, daily_folder="Daily", daily_format="YYYY-MM-DD") == _DAY
