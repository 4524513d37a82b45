"""What a question expects, looked up in an index, and which hits meet it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.errors import RequestError
from sidecar.evaluation.questions import Question
from sidecar.evaluation.targets import Aim, Target, take_aim
from sidecar.index import records
from sidecar.retrieval.query import parse_query
from tests.evaluation.vault import opened

pytestmark = pytest.mark.anyio


def asking(*expected: str, unwanted: Sequence[str] = ()) -> Question:
    return Question(line=7, text="beans", expected=dict.fromkeys(expected, 1), unwanted=tuple(unwanted))


async def aimed(folder: Path, question: Question) -> Aim:
    async with opened(folder) as vault:
        (aim,) = await vault.read(lambda connection: take_aim([question], connection, file=Path("q.jsonl")))
    return aim


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("Garden", Target(path="Garden.md")),
        ("garden.md", Target(path="Garden.md")),
        (" [[Garden|my beans]] ", Target(path="Garden.md")),
        ("Home/Boiler", Target(path="Home/Boiler.md")),
        ("Work/Boiler.md", Target(path="Work/Boiler.md")),
        ("heizung", Target(path="Home/Boiler.md")),
        ("Garden#Peas", Target(path="Garden.md", section="Peas")),
        ("[[Garden#Beans#Watering]]", Target(path="Garden.md", section="Beans#Watering")),
        ("Heizung#^COST", Target(path="Home/Boiler.md", section="^COST")),
        ("Garden#", Target(path="Garden.md")),
    ],
)
async def test_a_note_is_found_by_what_people_write(folder: Path, written: str, target: Target) -> None:
    assert (await aimed(folder, asking(written))).targets == (target,)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Gardn", "no indexed note is called 'Gardn'; is 'Garden' meant?"),
        ("heizungen", "is 'Heizung' meant?"),
        ("Boiler", "may be any of 'Home/Boiler.md' or 'Work/Boiler.md': write its path"),
        ("Secret", "no indexed note is called 'Secret'"),
        ("Nowhere at all", "no indexed note is called 'Nowhere at all'"),
        ("Garden#Pees", "Garden.md has no section 'Pees'; is 'Peas' meant?"),
        ("Garden#^nowhere", "Garden.md has no section '^nowhere'"),
        ("#Peas", "no indexed note is called ''"),
        ("x" * 1_000_000, "no indexed note is called"),
        ("[[" * 100_000, "no indexed note is called"),
    ],
)
async def test_what_is_not_there_is_named_with_its_line_and_its_likes(folder: Path, written: str, said: str) -> None:
    with pytest.raises(RequestError) as caught:
        await aimed(folder, asking(written))
    assert caught.value.message.startswith("q.jsonl, line 7: ")
    assert said in caught.value.message
    assert "sidecar why" in (caught.value.hint or "")


async def test_a_whole_note_holds_its_sections_and_keeps_the_best_grade(folder: Path) -> None:
    question = Question(line=1, text="beans", expected={"Garden": 1, "Garden#Peas": 3, "Tea": 2})
    aim = await aimed(folder, question)
    assert aim.targets == (Target(path="Garden.md"), Target(path="Tea.md"))
    assert aim.grades == {"Garden.md": 3, "Tea.md": 2}


async def names_found(folder: Path, query: str, question: Question) -> list[str]:
    async with opened(folder) as vault:
        (aim,) = await vault.read(lambda connection: take_aim([question], connection, file=Path("q.jsonl")))
        return [aim.name_of(hit.chunk) for hit in await vault.retriever.search(parse_query(query), limit=10)]


async def test_only_a_hit_of_the_section_meets_it(folder: Path) -> None:
    repair = asking("Home/Boiler#Repair")
    assert "Home/Boiler.md#Repair" in await names_found(folder, "repair euros", repair)
    assert set(await names_found(folder, "pressure bar", repair)) == {"Home/Boiler.md"}
    cost = asking("Home/Boiler#^cost")
    assert "Home/Boiler.md#^cost" in await names_found(folder, "repair euros", cost)


async def test_a_section_that_is_joined_with_others_in_one_piece_is_met_by_it(folder: Path) -> None:
    assert "Garden.md#Sun" in await names_found(folder, "evening", asking("Garden#Sun"))


async def test_a_file_is_met_by_its_rows_and_no_other_file_by_them(folder: Path) -> None:
    async with opened(folder) as vault:
        (chunk, *_) = await vault.read(lambda connection: records.chunks_of(connection, "Tea.md"))
    row = replace(chunk, note=replace(chunk.note, path="Birds.csv#3"))
    met = [path for path in ("Birds.csv", "Birds", "Birds.csv#3", "Birds.csv#33") if Target(path=path).met_by(row)]
    assert met == ["Birds.csv", "Birds.csv#3"]
