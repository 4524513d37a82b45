from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.language.stemming import STEMMED, stemmer, stems, variants
from sidecar.language.terms import fold

_LANGUAGES = st.sampled_from(sorted(STEMMED))

# Forms of one word, as notes have them.
_FORMS = [
    ("ar", "قرار القرار القرارات"),
    ("ca", "història històries"),
    ("cs", "město města městě"),
    ("de", "haus häuser häusern haeuser"),
    ("de", "größe grösse groesse größen"),
    ("el", "απόφαση αποφάσεις"),
    ("en", "meeting meetings"),
    ("es", "decidió decidieron decidido"),
    ("eo", "ĝardeno ĝardenoj ĝardenon"),
    ("fi", "metsä metsässä metsän metsästä"),
    ("fr", "décidé décidée décidés décider"),
    ("hi", "लड़का लड़के लड़कों"),
    ("hr", "odluka odluke odluku"),
    ("hu", "könyv könyvek könyvekről könyvben"),
    ("it", "decisione decisioni"),
    ("lt", "žodis žodžiai žodžių"),
    ("pl", "środa środę środy"),
    ("pt", "informação informações"),
    ("ro", "orașul orașului oraşului"),
    ("ru", "самолёт самолеты самолётами"),
    ("sr", "одлука одлуке odluku"),
    ("sv", "åtgärd åtgärder åtgärden"),
    ("tr", "kitap kitaplar kitapları"),
]


@pytest.mark.parametrize(("language", "forms"), _FORMS)
def test_forms_of_one_word_have_one_stem(language: str, forms: str) -> None:
    assert len({fold(stem) for stem in stems(forms.split(), language)}) == 1


@pytest.mark.parametrize(
    ("language", "typed", "written"),
    [
        ("es", "decidio", "decidió"),
        ("es", "comian", "comía"),
        ("pt", "informacao", "informações"),
        ("pt", "falarao", "falarão"),
        ("fr", "decidee", "décidée"),
        ("it", "mangera", "mangerà"),
        ("ca", "parla", "parlà"),
        ("hu", "konyvekrol", "könyvekről"),
        ("ro", "situatiei", "situației"),
        ("de", "hauser", "häuser"),
        ("tr", "kitaplari", "kitapları"),
        ("ru", "самолетами", "самолёт"),
        ("lt", "zodziai", "žodžiai"),
        ("cs", "noveho", "nového"),
    ],
)
def test_a_word_typed_without_accents_meets_the_word_of_the_note(language: str, typed: str, written: str) -> None:
    [term] = map(fold, stems([written], language))
    assert term in variants(typed, [language])


@pytest.mark.parametrize(("language", "forms"), _FORMS)
def test_a_word_typed_as_written_meets_each_of_its_forms(language: str, forms: str) -> None:
    words = forms.split()
    terms = {fold(stem) for stem in stems(words, language)}
    assert all(terms <= set(variants(word, [language])) for word in words)


@pytest.mark.parametrize("word", ["v2s", "python3s", "meeting_notes", "s", "é", "\ud800s", "", "s" * 65, "\0s1"])
@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_what_is_no_word_stays_as_it_is(word: str, language: str) -> None:
    assert stems([word, "meetings"], language)[0] == word


def test_words_keep_their_places_among_what_is_no_word() -> None:
    assert stems(["running", "v2s", "tests", "s"], "en") == ["run", "v2s", "test", "s"]


@pytest.mark.parametrize("language", [None, "zh", "gl", "", "xx"])
def test_words_of_a_language_without_a_stemmer_stay(language: str | None) -> None:
    assert stems(["notas", "meetings"], language) == ["notas", "meetings"]


def test_a_language_without_a_stemmer_has_none_to_give() -> None:
    with pytest.raises(KeyError):
        stemmer("zh")


def test_the_folded_word_comes_first_and_each_language_adds_its_stem() -> None:
    assert variants("Meetings", []) == ("meetings",)
    assert variants("Décidées", ["fr"])[0] == "decidees"
    assert variants("notas", ["en", "es"])[:1] == ("notas",)
    assert {"notas", "nota", "not"} == set(variants("notas", ["en", "es"]))


def test_accents_are_restored_only_where_none_were_typed() -> None:
    assert "decid" in variants("decidio", ["es"])
    assert "decid" not in variants("décidio", ["es"])


def test_how_a_letter_is_composed_makes_no_difference() -> None:
    for language, forms in _FORMS:
        for word in forms.split():
            assert variants(unicodedata.normalize("NFD", word), [language]) == variants(word, [language])


@given(st.lists(st.text(max_size=20)), _LANGUAGES)
def test_every_word_becomes_one_that_is_not_empty(words: list[str], language: str) -> None:
    stemmed = stems(words, language)
    assert [bool(stem) for stem in stemmed] == [bool(word) for word in words]


@given(st.text(max_size=12), st.lists(_LANGUAGES, max_size=3))
def test_variants_are_distinct_and_hold_what_a_note_of_each_language_has(word: str, languages: list[str]) -> None:
    found = variants(word, languages)
    written = unicodedata.normalize("NFC", word.lower())
    assert len(set(found)) == len(found)
    assert found[0] == fold(written)
    assert {fold(stem) for language in languages for stem in stems([written], language)} <= set(found)


def test_variants_stay_few_for_any_ending() -> None:
    assert all(len(variants("decid" + end, sorted(STEMMED))) < 60 for end in ("acao", "coes", "aaaa", "ouou", "eiei"))


@pytest.mark.parametrize("language", sorted(STEMMED))
def test_a_megabyte_of_one_letter_is_no_word(language: str) -> None:
    word = "s" * 1_000_000
    assert stems([word], language) == [word]
    assert variants(word, [language]) == (word,)


def test_many_threads_stem_as_one_does() -> None:
    words = [word for _, forms in _FORMS for word in forms.split()] * 20
    alone = {language: stems(words, language) for language in STEMMED}
    with ThreadPoolExecutor(4) as pool:
        asked = sorted(STEMMED) * 4
        together = pool.map(lambda language: stems(words, language), asked)
        assert all(found == alone[language] for language, found in zip(asked, together, strict=True))


@pytest.mark.parametrize(("one", "many"), [("decisão", "decisões"), ("reunião", "reuniões"), ("ligação", "ligações")])
def test_portuguese_plurals_in_oes_meet_their_singular(one: str, many: str) -> None:
    assert stems([one], "pt") == stems([many], "pt")
