from __future__ import annotations

import codecs

import pytest
from ftfy.badness import BADNESS_RE, is_bad
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.notes.decoding import decode, looks_misread
from sidecar.notes.reading import read_note

_ARTICLE = """# 📝 Construindo uma Infraestrutura de IA

- **🎯 Recomendado para:** Desenvolvedores, Engenheiros
- ⭐ **Dificuldade:** ⭐⭐⭐☆☆ — é ≥ 3 e “fácil”
- ⚡️ **Eficácia:** ação, coração, avô, à noite
## 💡 Comentário do Autor
> _"Você está alimentando as IAs?"_ … até 5 €
### ❌ Antes
### ✅ Depois
Cenário 👨‍👩‍👧 🏳️‍🌈 🇧🇷
"""

_SOUND = [
    "Ça coûte 5 €, n’est-ce pas ? «École» – œuvre, naïve, ÀÉÎÕÜ",
    "São Paulo — ação, AÇÃO, coração, à noite, três, único",
    "¿Cómo estás? ¡Mañana! El Niño, pingüino",
    "Größe, Übermut, ß und ẞ, Ø 5 mm ±0,1 °C",
    "Příliš žluťoučký kůň úpěl ďábelské ódy",
    "Zażółć gęślą jaźń. Łódź, Świętość",
    "Çok güneşli bir gün, ışık ve İstanbul",
    "Đặng Việt, tiếng Việt có dấu",
    "Ελληνικά «κείμενο», Ω ≈ 10³",
    "Привет, «мир»! Ёлка — № 5",
    "你好，世界。「引用」《书名》",
    "これはテストです。日本語のノート",
    "안녕하세요 테스트 노트입니다",
    "ไทยภาษา ทดสอบ",
    "שלום עולם, מה שלומך",
    "العربية؟ نعم، جيد",
    "हिन्दी में लेख। ठीक है",
    "😀👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇧🇷 ⭐☆ ⚡️ ✅❌ ❤️",
    "√2 ≈ 1.41, ∞ ≠ 0, ∑ ∂ ∆ ¬p, x² ± y³, ½ ‰ † ‡ § ¶ ™ ® ©",
    "“quoted” ‘single’ … – — • ‹› ﬁ ﬂ Ａ ｂ",
    "e\u0301 (NFD) and é (NFC), \u00a0, \u200b, \u00ad, \ufeff inside",
    "│ ┌┐ └┘ ▀▄█ ░▒▓ box",
    "Ã is a letter, Â too; Å is a village, and à, â, ã",
]


@pytest.mark.parametrize("text", _SOUND)
@pytest.mark.parametrize("around", ["", "plain words\n"])
def test_sound_text_of_any_language_is_left_as_it_is(text: str, around: str) -> None:
    decoded = decode((around + text + "\n" + around).encode("utf-8"))
    assert decoded.text == around + text + "\n" + around
    assert decoded.problems == ()


def test_all_sound_texts_in_one_note_are_left_as_they_are() -> None:
    text = "\n".join(_SOUND)
    assert decode(text.encode("utf-8")).text == text


@pytest.mark.parametrize("misread_as", ["mac_roman", "latin-1", "cp437"])
def test_utf8_that_was_read_as_another_encoding_is_repaired(misread_as: str) -> None:
    decoded = decode(_ARTICLE.encode("utf-8").decode(misread_as).encode("utf-8"))
    assert decoded.text == _ARTICLE
    assert [problem.code for problem in decoded.problems] == ["encoding-repaired"]


@pytest.mark.parametrize(
    "sound",
    ["Já pronto: ação 🙂", "日本語の文も", "🙂", "Привет, «мир»", "plain words"],
    ids=["pt", "ja", "emoji", "ru", "ascii"],
)
def test_broken_lines_between_sound_ones_are_repaired(sound: str) -> None:
    broken = _ARTICLE.encode("utf-8").decode("mac_roman")
    mixed = f"{sound}\n{broken}{sound}\n"
    assert decode(mixed.encode("utf-8")).text == f"{sound}\n{_ARTICLE}{sound}\n"


def test_a_broken_word_in_a_sound_line_is_repaired_once_its_letters_are_known() -> None:
    broken = _ARTICLE.encode("utf-8").decode("mac_roman")
    decoded = decode(f"{broken}日本語 and Coment√°rio\n".encode())
    assert decoded.text == f"{_ARTICLE}日本語 and Comentário\n"


def test_a_single_broken_word_between_sound_characters_is_repaired() -> None:
    assert decode("cafÃ© 🙂 com açúcar".encode()).text == "café 🙂 com açúcar"


@pytest.mark.parametrize(
    "text",
    [
        "UTF-8 read as Latin-1 shows Ã© instead of é.",
        "日本語: `Ã©` is what é becomes.",
        "日本語\n```\nÃ©â€™\n```\n",
        "cosà¬ non è perché 🙂",
    ],
)
def test_text_about_broken_encodings_is_left_as_it_is(text: str) -> None:
    assert decode(text.encode("utf-8")).text == text


def test_the_repair_changes_nothing_but_the_encoding() -> None:
    original = "# ‘Curly’ “quotes” ﬁne Ａ e\u0301 &amp; <b>é</b>\n"
    assert decode(original.encode("utf-8").decode("mac_roman").encode("utf-8")).text == original


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_names_the_encoding(bom: bytes, encoding: str) -> None:
    decoded = decode(bom + "# Héllo 你好 🙂\r\n".encode(encoding))
    assert decoded.text == "# Héllo 你好 🙂\n"
    assert decoded.problems == ()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_recognised(encoding: str) -> None:
    decoded = decode("# Some words\nand é\n".encode(encoding))
    assert decoded.text == "# Some words\nand é\n"
    assert [problem.code for problem in decoded.problems] == ["encoding-guessed"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("café déjà vu, où est la forêt ?", "cp1252"),
        ("naïve", "latin-1"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy", "cp1250"),
        ("Привет мир, как дела сегодня", "cp1251"),
        ("你好，世界。这是一个测试笔记", "gb18030"),
        ("これはテストです。日本語のノート", "shift_jis"),
        ("안녕하세요 테스트 노트입니다", "euc_kr"),
    ],
)
def test_legacy_encodings_are_guessed(text: str, encoding: str) -> None:
    decoded = decode(text.encode(encoding))
    assert decoded.text == text
    assert [problem.code for problem in decoded.problems] == ["encoding-guessed"]


def test_a_stray_byte_does_not_make_a_utf8_note_something_else() -> None:
    decoded = decode("Ação, coração, você, três, único\n".encode() + b"\xff\n")
    assert decoded.text == "Ação, coração, você, três, único\n\ufffd\n"
    assert [problem.code for problem in decoded.problems] == ["encoding-damaged"]


def test_a_cut_utf16_note_is_read_up_to_the_cut() -> None:
    decoded = decode(codecs.BOM_UTF16_LE + "abc".encode("utf-16-le") + b"x")
    assert decoded.text == "abc\ufffd"
    assert [problem.code for problem in decoded.problems] == ["encoding-damaged"]


def test_line_ends_become_newlines_and_nuls_become_visible() -> None:
    decoded = decode(b"a\r\nb\rc\n\0d\x0ce\xe2\x80\xa8f")
    assert decoded.text == "a\nb\nc\n\ufffdd\x0ce\u2028f"
    assert [problem.code for problem in decoded.problems] == ["encoding-nul"]


_SIGNS = sorted({character for character in BADNESS_RE.pattern if not character.isascii()})
_PIECES = [
    *_SIGNS,
    *_SOUND,
    *_SIGNS,
    "a",
    "Z",
    " ",
    "\n",
    "1",
    ".",
    "words and words",
    "你好",
    "🐤",
    "é".encode().decode("cp1252"),
]


def test_every_character_that_can_be_a_sign_of_misreading_is_looked_at() -> None:
    for sign in _SIGNS:
        assert not is_bad(sign) or looks_misread(sign)
        for other in _SIGNS:
            for text in (sign + other, f"word a{sign}{other} word", f"你好 {sign}{other}x"):
                assert looks_misread(text) == is_bad(text), text


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
@settings(max_examples=400)
@example("Â ")
@example("a\nÂ ")
@example("ГўВЂВ\U00010000a")
def test_text_looks_misread_when_ftfy_says_so(text: str) -> None:
    assert looks_misread(text) == is_bad(text)


@pytest.mark.parametrize("part", ["é", "é" + "a" * 16, "é" + "a" * 17, "“a", "a"])
def test_long_text_is_looked_through_in_time(part: str) -> None:
    looks_misread(part * (400_000 // len(part)))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    [
        "---\nprivate: true\n---\nСекретный дневник о моих болезнях и врачах\n",
        "---\nprivate: true\n---\n我的秘密日记，关于疾病和医生。\n",
        "---\nprivate: true\n---\nΤο μυστικό μου ημερολόγιο\n",
        "---\nprivate: true\n---\nMy secret diary\n",
    ],
)
def test_utf_16_without_a_mark_keeps_its_privacy_in_every_script(text: str, encoding: str) -> None:
    note = read_note("p.md", text.encode(encoding))
    assert (note.text, note.withheld) == (text, "private: true")


def test_a_stray_nul_does_not_make_a_note_utf_16() -> None:
    assert decode("Привет\0, мир. Как дела?".encode()).text.startswith("Привет")
    assert decode(b"An ordinary note\0 with one byte too many.").text.startswith("An ordinary note")


def test_finnish_in_an_older_encoding_is_not_taken_for_mac_roman() -> None:
    text = "# Päiväkirja\nTänään kävin kaupassa ja näin ystäväni. Sää oli hyvä, ja menimme järvelle.\n"
    assert decode(text.encode("latin-1")).text == text
