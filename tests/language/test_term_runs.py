"""Where one term ends and the next begins, by script."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.language.streams import token_stream
from sidecar.language.terms import fold, lowered, pairs, runs, terms

# What a text's terms are, and what the index is given beside them: words whole and in parts, last signs of a run.
_TEXTS = [
    ("Two words, snake_case", "two words snake case", "snakecase"),
    ("été 2024", "ete 2024", ""),
    ("हिन्दी में।ठीक", "हिन्दी में ठीक", ""),
    ("שָׁלוֹם עולם", "שָׁלוֹם עולם", ""),
    ("مُحَمَّد", "مُحَمَّد", ""),
    ("你好世界", "你好 好世 世界", "界"),
    ("好", "好", ""),
    ("𠀀𠀁𠀂", "𠀀𠀁 𠀁𠀂", "𠀂"),
    ("ไทย๏ไท", "ไทย ไท", "ย"),
    ("エンド・ポイント", "エン ンド ポイ イン ント", "ド ト"),
    ("Obsidian笔记v2", "obsidian 笔记 v2", "记"),
    ("한국어 노트", "한국 국어 노트", "어 트"),
    ("🐤 — …", "", ""),
    ("々〆〇", "々〆 〆〇", "〇"),
    ("Ёлка, йод и чай", "елка йод и чай", ""),
    ("\0a\0b\ud800", "a b", ""),
]
# Scripts whose vowel and tone signs belong to a consonant.
_SYLLABLES = [
    ("น้ำเย็น", ["น้ํา", "เย็", "น"]),
    ("เด็กกิน", ["เด็", "ก", "กิ", "น"]),
    ("ນ້ຳເຢັນ", ["ນ້ໍາ", "ເຢັ", "ນ"]),
    ("ទឹកត្រជាក់", ["ទឹ", "ក", "ត្រ", "ជា", "ក់"]),
    ("ရေအေး", ["ရေ", "အေး"]),
    ("မြန်မာ", ["မြ", "န်", "မာ"]),
]


@pytest.mark.parametrize(("text", "expected", "beside"), _TEXTS)
def test_text_of_any_script_is_cut_into_its_terms(text: str, expected: str, beside: str) -> None:
    assert terms(text) == expected.split()


@pytest.mark.parametrize(("text", "expected", "beside"), _TEXTS)
def test_a_stream_holds_the_terms_and_what_stands_beside_them(text: str, expected: str, beside: str) -> None:
    assert sorted(token_stream(text).split()) == sorted([*expected.split(), *beside.split()])


@pytest.mark.parametrize(("text", "syllables"), _SYLLABLES)
def test_a_pair_is_of_written_syllables_where_signs_hang_on_consonants(text: str, syllables: list[str]) -> None:
    assert terms(text) == [first + second for first, second in pairwise(syllables)]


@pytest.mark.parametrize(("word", "other"), [("йод", "иод"), ("мой", "мои"), ("район", "раион")])
def test_the_short_i_is_a_letter_of_its_own(word: str, other: str) -> None:
    assert fold(word) == fold(word.upper()) == fold(word.replace("й", "и\u0306")) == lowered(word) == word
    assert fold(word) != fold(other)


@pytest.mark.parametrize("word", ["ёлка", "е\u0308лка", "во\u0301ды", "Ёлка"])
def test_other_signs_on_cyrillic_letters_are_dropped(word: str) -> None:
    assert fold(word).isalpha()
    assert not set(fold(word)) & {"ё", "\u0301", "\u0308"}


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(lowered(text)) == fold(text)


@given(st.text(st.sampled_from("aé茶水한국น้ำเก็ຂ້ຳកខ្ញြကျွ 。1_"), max_size=20))
def test_the_pairs_of_a_run_overlap_and_leave_nothing_out(text: str) -> None:
    for unspaced, word in runs(fold(text)):
        if word:
            assert not unspaced
            continue
        found = pairs(unspaced)
        places = [unspaced.find(pair) for pair in found]
        assert min(places) == 0
        assert unspaced.endswith(found[-1])
        assert set("".join(found)) == set(unspaced)
        assert sum(map(len, found)) <= 2 * len(unspaced)
