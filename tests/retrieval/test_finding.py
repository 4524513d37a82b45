"""Words of a question find the notes that have them, in every script, also several languages in one vault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.retrieval.vault import Vault, opened

NOTES = {
    "en/Baking.md": "We were baking loaves in the old oven. The doughs had risen and it was the best we have made.",
    "en/Office.md": "The office moves in June. Our landlord had sent the contracts and the keys to all of the rooms.",
    "pt/Obra.md": "A obra foi adiada porque as informações ainda não estavam prontas. Falaremos com os fornecedores.",
    "es/Verano.md": "El jardín necesita agua en verano y los árboles fueron podados por los jardineros con sol.",
    "it/Cena.md": "Nella cucina abbiamo preparato le ricette della nonna con i pomodori che sono della città.",
    "fr/Gare.md": "Les voyageurs ont été retardés par la grève et les billets n'étaient pas remboursés.",
    "de/Verkauf.md": "Die Häuser in der Straße wurden verkauft, weil Besitzer die Heizungen nicht bezahlen konnten.",
    "ru/Лето.md": "Самолёты летали над деревней, и мы видели их каждый день из окна, когда жили у бабушки. Ёлка и йод.",
    "zh/笔.md": "我喜欢喝绿茶，水温不要超过八十度。",
    "ja/日.md": "昨日の会議では新しいプロジェクトの予算について話し合いました。",
    "th/วัน.md": "เมื่อวานนี้เราไปกินข้าวที่ร้านอาหารใกล้บ้านและดื่มน้ำเย็น",
    "ko/날.md": "지난주에 친구들과 부산으로 여행을 갔습니다. 바다가 아름다웠습니다.",
    "hi/दिन.md": "मैंने कल पुस्तकालय से दो किताबें लीं और उन्हें पढ़ना शुरू किया है।",
    "code/Calls.md": "Call `get_user_name` before `fetchRemoteData`. The wi-fi module runs on node.js, e-mail comes.",
}


@pytest.fixture
async def vault(tmp_path: Path) -> AsyncIterator[Vault]:
    async with opened(tmp_path, NOTES) as made:
        yield made


_QUESTIONS = [
    ("bake loaf oven", "en/Baking.md"),
    ("dough", "en/Baking.md"),
    ("contract key room", "en/Office.md"),
    ("informação", "pt/Obra.md"),
    ("informacao", "pt/Obra.md"),
    ("fornecedor", "pt/Obra.md"),
    ("jardinero árbol", "es/Verano.md"),
    ("arbol", "es/Verano.md"),
    ("jardin", "es/Verano.md"),
    ("ricetta pomodoro", "it/Cena.md"),
    ("citta", "it/Cena.md"),
    ("voyageur billet", "fr/Gare.md"),
    ("retardée", "fr/Gare.md"),
    ("retardee", "fr/Gare.md"),
    ("greve", "fr/Gare.md"),
    ("Haus Besitzer", "de/Verkauf.md"),
    ("heizung", "de/Verkauf.md"),
    ("strasse", "de/Verkauf.md"),
    ("haeuser", "de/Verkauf.md"),
    ("самолет", "ru/Лето.md"),
    ("самолётами", "ru/Лето.md"),
    ("деревня", "ru/Лето.md"),
    ("елки", "ru/Лето.md"),
    ("йод", "ru/Лето.md"),
    ("茶", "zh/笔.md"),
    ("绿茶", "zh/笔.md"),
    ("水温", "zh/笔.md"),
    ("会議", "ja/日.md"),
    ("予算", "ja/日.md"),
    ("プロジェクト", "ja/日.md"),
    ("ร้าน", "th/วัน.md"),
    ("อาหาร", "th/วัน.md"),
    ("น้ำ", "th/วัน.md"),
    ("여행", "ko/날.md"),
    ("바다", "ko/날.md"),
    ("부산", "ko/날.md"),
    ("पुस्तकालय", "hi/दिन.md"),
    ("किताब", "hi/दिन.md"),
    ("get_user_name", "code/Calls.md"),
    ("getUserName", "code/Calls.md"),
    ("username", None),
    ("user name", "code/Calls.md"),
    ("fetch_remote_data", "code/Calls.md"),
    ("fetchremotedata", "code/Calls.md"),
    ("remote", "code/Calls.md"),
    ("wifi", "code/Calls.md"),
    ("wi-fi", "code/Calls.md"),
    ("node.js", "code/Calls.md"),
    ("nodejs", "code/Calls.md"),
    ("email", "code/Calls.md"),
    ("иод", None),
    ("会社", None),
    ("ourlandlord", None),
]


@pytest.mark.parametrize(("question", "path"), _QUESTIONS)
@pytest.mark.anyio
async def test_a_word_finds_the_note_that_has_it_in_any_form(vault: Vault, question: str, path: str | None) -> None:
    assert await vault.paths(question) == ([path] if path else [])


@pytest.mark.anyio
async def test_a_question_of_several_languages_finds_notes_of_each(vault: Vault) -> None:
    assert set(await vault.paths("heizung, самолет, 绿茶, jardinero")) == {
        "de/Verkauf.md",
        "ru/Лето.md",
        "zh/笔.md",
        "es/Verano.md",
    }


@pytest.mark.anyio
async def test_a_note_of_unknown_language_is_found_by_its_words_as_written(tmp_path: Path) -> None:
    async with opened(tmp_path, {"a.md": "decisões", "b.md": "x"}, language=None) as vault:
        assert await vault.paths("decisoes") == ["a.md"]
        assert await vault.paths("decisão") == []


@pytest.mark.parametrize("question", ["the", "the of and", "the of", "THE"])
@pytest.mark.anyio
async def test_common_words_alone_still_find_something(vault: Vault, question: str) -> None:
    assert "en/Office.md" in await vault.paths(question)


@pytest.mark.anyio
async def test_words_that_stand_in_every_chunk_of_a_large_index_still_find_something(tmp_path: Path) -> None:
    notes = {f"{number}.md": f"the one thing{number}" for number in range(2_100)}
    async with opened(tmp_path, notes, language="en") as vault:
        assert len(await vault.paths("the", limit=5)) == 5
        assert (await vault.paths("the one thing777", limit=5))[0] == "777.md"


@pytest.mark.parametrize(
    "question",
    [
        "",
        "   ",
        "zzz qqq xyzzy",
        "🐤",
        "🐤🎉 🇧🇷",
        "…?!",
        '"',
        "'",
        "*",
        "-",
        "()",
        "\0",
        "\ud800",
        "NOT",
        "NEAR(",
        "^",
        "\u200f\u202e",
    ],
)
@pytest.mark.anyio
async def test_what_stands_in_no_note_finds_nothing_and_is_no_error(vault: Vault, question: str) -> None:
    assert await vault.paths(question) == []


@pytest.mark.parametrize(
    "question",
    ["AND dough", "body: dough", "dough*", "dough)", '"dough', "title : (dough", "{dough} + [x", "dough\0dough"],
)
@pytest.mark.anyio
async def test_signs_of_a_search_language_are_read_as_words(vault: Vault, question: str) -> None:
    assert (await vault.paths(question))[0] == "en/Baking.md"


@pytest.mark.parametrize(
    "filling",
    [
        "lorem ipsum dolor ",
        "x",
        "a-",
        "a_",
        "a.b ",
        "字",
        "ก",
        "é",
        "[[",
        '"x" ',
        "\U0010ffff",
        "🐤",
        "12/03 ",
        "-x ",
        "#",
        "word9 word8 ",
    ],
)
@pytest.mark.anyio
async def test_a_long_pasted_question_is_answered(vault: Vault, filling: str) -> None:
    question = "dough oven loaves\n" + (filling * 8_000)[:8_000]
    assert (await vault.paths(question, limit=3))[:1] == ["en/Baking.md"]


@pytest.mark.anyio
async def test_a_question_of_a_million_characters_is_cut(vault: Vault) -> None:
    assert await vault.paths("xyzzy " * 200_000) == []
    assert (await vault.paths("dough " * 200_000))[:1] == ["en/Baking.md"]
    assert await vault.paths("x" * 1_000_000 + " dough") == []


@pytest.mark.parametrize("filling", ["x", "a_", "a-", "字", "ก่", "[[", "\0", "한", "aB"])
@pytest.mark.anyio
async def test_a_note_of_one_thing_over_and_over_is_searched_beside_the_others(tmp_path: Path, filling: str) -> None:
    async with opened(tmp_path, NOTES | {"huge.md": filling * 100_000}) as vault:
        assert (await vault.paths("dough oven"))[0] == "en/Baking.md"
