from __future__ import annotations

import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.notes.formats import IMAGE_SUFFIXES
from sidecar.notes.images import image_note

_GIVEN = [
    ("Sunset in Porto.png", "Sunset in Porto"),
    ("folder/v1.2 of the plan.webp", "v1.2 of the plan"),
    ("sunset-in_porto.jpg", "sunset in porto"),
    ("e-mail flow.svg", "e-mail flow"),
    ("Screenshot of the login page.png", "Screenshot of the login page"),
    ("Image of Dorian.jpg", "Image of Dorian"),
    ("imagery.jpg", "imagery"),
    ("20 years of notes.png", "20 years of notes"),
    ("2022-05-01 Porto.png", "2022-05-01 Porto"),
    ("facade.png", "facade"),
    ("日本の庭.avif", "日本の庭"),
    ("🍀.png", "🍀"),
    ("שקיעה בפורטו.png", "שקיעה בפורטו"),
    ("#private [[x]].png", "#private [[x]]"),
]
_BY_PROGRAM = [
    "Pasted image 20220101123000.png",
    "IMG_1234.HEIC",
    "IMG_20220101_101010.jpg",
    "IMG-20220101-WA0001.jpg",
    "DSC_0001.jpg",
    "_DSC0001.jpg",
    "PXL_20220101_101010123.jpg",
    "Screenshot 2022-01-01 at 10.00.00 AM.png",
    "Screenshot 2024-01-01 at 10.00.00\u202fAM.png",
    "Screenshot from 2022-01-01 10-00-00.png",
    "Screenshot_20220101-100000_Chrome.png",
    "Screen Shot 2020-01-01 at 9.00.00 am.png",
    "Bildschirmfoto 2022-05-01 um 10.00.00.png",
    "Bildschirmfoto vom 2022-05-01 10-00-00.png",
    "Captura de pantalla 2022-05-01 a las 10.00.00.png",
    "Captura de ecrã 2022-05-01, às 10.00.00.png",
    "Schermata 2022-05-01 alle 10.00.00.png",
    "Capture d’écran 2022-05-01 à 10.00.00.png",
    "Снимок экрана 2022-05-01 в 10.00.00.png",
    "スクリーンショット 2022-01-01 10.00.00.png",
    "截屏2022-01-01 上午10.00.00.png",
    "屏幕截图 2022-01-01 100000.png",
    "WhatsApp Image 2022-01-01 at 10.10.10.jpeg",
    "image.png",
    "image (3).png",
    "image-20220101101010123.png",
    "untitled.png",
    "123.png",
    "2022-05-01.png",
    "20220501_101112.jpg",
    "2022-05-01T10-11-12Z.png",
    "550e8400-e29b-41d4-a716-446655440000.png",
    "550E8400-E29B-41D4-A716-446655440000 1.png",
    "d41d8cd98f00b204e9800998ecf8427e.png",
    "d41d8cd98f00b204e9800998ecf8427e_MD5.png",
    ".png",
]


@pytest.mark.parametrize(("path", "text"), _GIVEN)
def test_a_name_that_somebody_gave_is_the_text(path: str, text: str) -> None:
    note = image_note(path)
    assert [(block.kind, note.text[block.span.start : block.span.end]) for block in note.blocks] == [
        ("paragraph", text)
    ]


@pytest.mark.parametrize("path", _BY_PROGRAM)
def test_a_name_that_a_program_gave_says_nothing(path: str) -> None:
    for spelling in (path, unicodedata.normalize("NFD", path), f"a folder/{path}"):
        note = image_note(spelling)
        assert (note.text, note.blocks) == ("", ())


def test_the_title_is_the_name_without_extension() -> None:
    note = image_note("a/Sunset in Porto.png")
    assert (note.kind, note.path, note.title) == ("image", "a/Sunset in Porto.png", "Sunset in Porto")


def test_a_name_is_no_markdown() -> None:
    note = image_note("#private [[x]] %%y.png")
    assert (note.tags, note.links, note.comments, note.withheld) == ((), (), (), None)


def test_a_name_that_begins_with_a_day_is_dated() -> None:
    assert image_note("2022-05-01 Porto.png").date == dt.date(2022, 5, 1)


def test_suffixes_are_written_in_lower_case() -> None:
    assert {".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".bmp", ".heic"} == IMAGE_SUFFIXES


@given(st.text(st.characters(), max_size=60), st.sampled_from([*sorted(IMAGE_SUFFIXES), ""]))
def test_any_name_gives_a_note_whose_spans_fit(name: str, suffix: str) -> None:
    note = image_note(name + suffix)
    assert note.path == name + suffix
    assert [note.text[block.span.start : block.span.end] for block in note.blocks] == ([note.text] if note.text else [])
    note.text.encode("utf-8")


@pytest.mark.parametrize("name", ["a" * 100_000, "1" * 100_000 + "x!", "image" + " at" * 50_000, "-" * 100_000 + "a"])
def test_an_endless_name_is_read_in_linear_time(name: str) -> None:
    assert image_note(f"{name}.png").kind == "image"
