"""Where one term ends and the next begins, by script."""

from __future__ import annotations

import pytest

from sidecar.language.terms import terms, token_stream


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Two words, snake_case", ["two", "words", "snake", "case"]),
        ("été 2024", ["ete", "2024"]),
        ("हिन्दी में।ठीक", ["हिन्दी", "में", "ठीक"]),
        ("שָׁלוֹם עולם", ["שָׁלוֹם", "עולם"]),
        ("مُحَمَّد", ["مُحَمَّد"]),
        ("你好世界", ["你好", "好世", "世界"]),
        ("好", ["好"]),
        ("𠀀𠀁𠀂", ["𠀀𠀁", "𠀁𠀂"]),
        ("ไทย๏ไท", ["ไท", "ทย", "ไท"]),
        ("エンド・ポイント", ["エン", "ンド", "ポイ", "イン", "ント"]),
        ("Obsidian笔记v2", ["obsidian", "笔记", "v2"]),
        ("한국어 노트", ["한국어", "노트"]),
        ("🐤 — …", []),
        ("々〆〇", ["々〆", "〆〇"]),
    ],
)
def test_text_of_any_script_is_cut_into_its_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected
    assert token_stream(text) == " ".join(expected)
