"""A note's words and a question's meet in the index, however either is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.index.database import connect
from sidecar.index.schema import create, fingerprint
from sidecar.language.streams import QueryWord, query_words, token_stream, variants_of
from sidecar.language.terms import fold, terms

_SCRIPTS = st.text(
    st.sampled_from("abcAB12 _-.,é茶水한국น้ำเก็кйёЙहिन्दी שָ م\u2010\u00a0\n🐤ﷺ™ſßΣσς")
    | st.characters(exclude_categories=["Cs"]),
    max_size=60,
)


def met(query: str, text: str, language: str | None = None, *, all_of: bool = True) -> bool:
    """Whether the words of a query stand in the stream of a text in one language."""
    stream = token_stream(text, language).split()
    found = [stands(word, stream, [language] if language else []) for word in required(query)]
    return bool(found) and (all(found) if all_of else any(found))


def required(query: str) -> list[QueryWord]:
    return [word for word in query_words(query) if not word.optional]


def stands(word: QueryWord, stream: Sequence[str], languages: Sequence[str]) -> bool:
    variants = variants_of(word, languages)
    return any(term.startswith(variants) if word.prefix else term in variants for term in stream)


@pytest.mark.parametrize(
    ("language", "query", "text"),
    [
        ("en", "walk decision", "She was walking after the decisions"),
        ("pt", "informacao fornecedor", "as informações dos fornecedores"),
        ("es", "arboles podado", "el árbol y las podadas"),
        ("it", "ricetta citta", "le ricette della città"),
        ("fr", "decidee projets", "il a été décidé le projet"),
        ("de", "Häuser strasse", "das Haus in der Straße"),
        ("de", "haus", "die Häuser"),
        ("ru", "самолетами елки", "самолёт и ёлка"),
        ("el", "αποφαση", "οι αποφάσεις"),
        ("hi", "लड़के", "लड़का"),
    ],
)
def test_words_are_met_in_other_inflections_of_the_notes_language(language: str, query: str, text: str) -> None:
    assert met(query, text, language)
    assert not met(query, text, None), "the case shows nothing: it is met without stems"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("get_user_name", "call `get_user_name` first"),
        ("user", "call `get_user_name` first"),
        ("getusername", "call `get_user_name` first"),
        ("getUserName", "call get_user_name first"),
        ("fetchRemoteData", "and fetchRemoteData()"),
        ("remote data", "and fetchRemoteData()"),
        ("FETCHREMOTEDATA", "and fetchRemoteData()"),
        ("fetch_remote_data", "and fetchRemoteData()"),
        ("XMLHttpRequest", "new XMLHttpRequest()"),
        ("wifi", "the Wi-Fi is down"),
        ("wi-fi", "the Wi-Fi is down"),
        ("wi fi", "the Wi-Fi is down"),
        ("wi\u2010fi", "the wi-fi is down"),
        ("email", "an e-mail came"),
        ("node.js", "on Node.js 20"),
        ("nodejs", "on Node.js 20"),
        ("node", "on Node.js 20"),
        ("2024-03-12", "on 2024-03-12 we met"),
        ("v2s", "use v2s"),
    ],
)
@pytest.mark.parametrize("language", [None, "en"])
def test_identifiers_and_words_in_parts_are_met_whole_and_in_parts(query: str, text: str, language: str | None) -> None:
    assert met(query, text, language)


@pytest.mark.parametrize(
    ("query", "text"), [("wi-fi", "the wifi is down"), ("e-mail", "an email"), ("node.js", "nodejs")]
)
def test_a_word_typed_in_parts_is_met_where_it_stands_whole(query: str, text: str) -> None:
    whole = [word for word in query_words(query) if word.optional]
    assert any(stands(word, token_stream(text).split(), []) for word in whole)
    assert not met(query, text, all_of=False)


@pytest.mark.parametrize("query", ["wi", "user-name", "ser", "e", "data remote_x"])
def test_a_part_of_a_word_that_is_none_of_its_parts_is_not_met(query: str) -> None:
    assert not met(query, "wifi, username, fetchRemoteData, mail")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("茶", "我喜欢喝绿茶。"),
        ("茶", "喝茶的人"),
        ("茶", "茶叶"),
        ("水温", "泡茶的水温"),
        ("会議", "昨日の会議では"),
        ("予算", "プロジェクトの予算"),
        ("プロジェクト", "新プロジェクト開始"),
        ("ร้าน", "ไปกินข้าวที่ร้านอาหารใกล้บ้าน"),
        ("อาหาร", "ไปกินข้าวที่ร้านอาหารใกล้บ้าน"),
        ("ทึก", "บันทึก"),
        ("바다", "지난주에 바다가"),
        ("집", "우리집"),
        ("집", "집에서"),
        ("ទឹក", "ខ្ញុំផឹកទឹកត្រជាក់"),
        ("किताब", "दो किताब।"),
    ],
)
def test_words_of_scripts_without_spaces_are_met_inside_longer_runs(query: str, text: str) -> None:
    assert met(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [("น้ำ", "ฉันดื่มน้ำเย็น"), ("น้ำ", "ดื่มน้ำ"), ("ນ້ຳ", "ຂ້ອຍດື່ມນ້ຳເຢັນ"), ("ရေ", "ကျွန်တော်ရေအေးသောက်တယ်"), ("มา", "เขามาแล้ว")],
)
def test_a_word_of_one_written_syllable_is_met_inside_a_run(query: str, text: str) -> None:
    assert met(query, text)


@pytest.mark.parametrize(("query", "text"), [("茶", "水温"), ("会社", "会議の社長"), ("น้ำ", "อาหาร"), ("집", "바다가")])
def test_other_words_of_the_same_script_are_not_met(query: str, text: str) -> None:
    assert not met(query, text)


@given(_SCRIPTS)
def test_between_terms_stand_two_spaces_and_one_at_either_end(text: str) -> None:
    stream = token_stream(text, "en")
    assert stream == (f" {'  '.join(stream.split())} " if stream.split() else "")
    assert all(stream.count(f" {term} ") == stream.split().count(term) for term in stream.split())


@given(_SCRIPTS)
def test_a_text_meets_itself(text: str) -> None:
    stream = token_stream(text).split()
    assert all(stands(word, stream, []) for word in query_words(text))


@given(_SCRIPTS, st.sampled_from([None, "en", "fr", "ru", "zh", "xx"]))
def test_a_text_meets_itself_in_the_language_of_its_note(text: str, language: str | None) -> None:
    stream = token_stream(text, language).split()
    assert all(stands(word, stream, [language] if language else []) for word in query_words(text))


@given(_SCRIPTS)
def test_the_required_words_of_a_query_are_its_terms(text: str) -> None:
    assert [word.term for word in required(text)] == terms(text)


@given(st.lists(_SCRIPTS, max_size=6))
def test_what_was_read_before_changes_no_stream(texts: list[str]) -> None:
    # Terms are remembered by their words.
    alone = [token_stream(text, "fr") for text in texts]
    assert [token_stream(text, "fr") for text in reversed(texts)] == alone[::-1]
    assert token_stream("décidées notes") == " decidees  notes "


@pytest.fixture(scope="module")
def terms_table() -> Iterator[apsw.Connection]:
    connection = connect(Path(":memory:"), writable=True)
    create(connection, fingerprint(reading="test", embedding="test"))
    yield connection
    connection.close()


@settings(deadline=None)
@example(text="0_¼")
@given(text=_SCRIPTS)
def test_the_index_cuts_a_stream_into_the_same_terms(terms_table: apsw.Connection, text: str) -> None:
    stream = token_stream(text, "en")
    terms_table.execute("DELETE FROM chunk_terms")
    terms_table.execute("INSERT INTO chunk_terms (body) VALUES (?)", (stream,))
    held = dict(terms_table.execute("SELECT term, cnt FROM term_counts"))
    assert held == {term: stream.split().count(term) for term in stream.split()}


_UNITS = [
    "a",
    "a_",
    "a-",
    "a.",
    "ab_",
    "_a",
    "-",
    "_",
    "aB",
    "aBc ",
    "字",
    "한",
    "เ",
    "ก่",
    "क्",
    "\u0301",
    "1.1 ",
    "ﷺ",
    "\0",
]


@pytest.mark.parametrize("unit", [*_UNITS, "x" * 40 + "-", "x" * 41 + "_", "a" * 30 + "B", "👨‍👩‍👧", "\ud800", "[["])
def test_a_text_of_one_thing_over_and_over_has_no_more_terms_than_characters(unit: str) -> None:
    text = unit * 20_000
    stream = token_stream(text, "en")
    # One sign may be a phrase written as one character: ﷺ.
    assert len(stream) <= 6 * len(fold(text)) + 2
    assert stream.count("  ") <= 4 * len(text)
    assert len(query_words(text[:8_000])) <= 3 * len(fold(text[:8_000]))


def test_a_single_letter_is_no_part_of_a_word() -> None:
    assert token_stream("xRay iPhone").split() == ["xray", "iphone", "ray", "phone"]


def test_paths_and_addresses_are_not_stored_whole() -> None:
    assert "abcde" not in token_stream("a-b-c-d-e").split()
    assert "wwwexamplecomnotes" not in token_stream("https://www.example.com/notes").split()
    assert "abcd" in token_stream("a-b-c-d").split()
