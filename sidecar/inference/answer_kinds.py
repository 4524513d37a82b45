"""Which sort of answer a question asks for, and whether a sentence holds one: a time, an amount, a name, a place.

Told by the question word, of which the first counts: "what happened when" asks for no time. Languages that have capital
letters show their names; in others a name cannot be told from another word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal, TypeAlias

from sidecar.language.calendar import month_number
from sidecar.language.terms import MARKS, fold

AnswerKind: TypeAlias = Literal["time", "amount", "name", "place"]

_OTHER = "other"
# Phrases are parted by commas; `*` stands for any ending. "other" are question words that ask for none of these.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "time": "when, what year, which year, what date, what day, what month, what century, what decade, what time",
        "amount": "how many, how much, how long, how old, how far, how large, how big, how high, how tall, how often, "
        "what percent, what percentage, what number",
        "name": "who, whom, whose, what is the name, what was the name",
        "place": "where, what city, what country, which country, which city, what state, what place",
        "other": "what, which, why, how",
    },
    "pt": {
        "time": "quando, que ano, que dia, que data, que mes, que seculo, qual ano, qual data, qual dia",
        "amount": "quanto, quantos, quanta, quantas, que percentagem, que porcentagem, qual a idade",
        "name": "quem, qual o nome, qual e o nome",
        "place": "onde, aonde, que pais, que cidade, qual pais, qual cidade",
        "other": "que, qual, quais, como, por que, porque",
    },
    "es": {
        "time": "cuando, que ano, que dia, que fecha, que mes, que siglo",
        "amount": "cuanto, cuantos, cuanta, cuantas, que porcentaje, que cantidad",
        "name": "quien, quienes, como se llama, cual es el nombre",
        "place": "donde, adonde, que pais, que ciudad",
        "other": "que, cual, cuales, como, por que",
    },
    "it": {
        "time": "quando, che anno, quale anno, che giorno, che data, quale data, che secolo, quale secolo, che mese",
        "amount": "quanto, quanti, quanta, quante, quant, che percentuale, quale percentuale",
        "name": "chi, come si chiama, qual e il nome",
        "place": "dove, dov, che paese, quale paese, che citta, quale citta",
        "other": "che, cosa, quale, quali, qual, come, perche",
    },
    "fr": {
        "time": "quand, quelle annee, quel jour, quelle date, quel mois, quel siecle",
        "amount": "combien, quel pourcentage, quel nombre, quel age",
        "name": "qui, comment s appelle, quel est le nom",
        "place": "ou, quel pays, quelle ville",
        "other": "que, quoi, quel, quelle, quels, quelles, comment, pourquoi",
    },
    "de": {
        "time": "wann, welchem jahr, welches jahr, welchem tag, welcher tag, welchem monat, welches datum",
        "amount": "wie viel, wie viele, wieviel, wieviele, wie lange, wie oft, wie hoch, wie alt, wie gross, wie weit",
        "name": "wer, wem, wen, wessen, wie heisst, wie heissen",
        "place": "wo, wohin, woher, welchem land, welcher stadt",
        "other": "was, welche, welcher, welches, welchen, wie, warum, wieso, weshalb",
    },
    "nl": {
        "time": "wanneer, welk jaar, welke dag, welke datum, hoe laat",
        "amount": "hoeveel, hoe lang, hoe oud, hoe vaak, hoe ver, hoe groot, hoe hoog",
        "name": "wie, wiens, hoe heet, hoe heten",
        "place": "waar, welk land, welke stad",
        "other": "wat, welke, welk, hoe, waarom",
    },
    "ru": {
        "time": "когда, каком году, какой год, какого числа, каком веке, каком месяце, какая дата",
        "amount": "сколько, какой процент, какое количество, как долго, как часто",
        "name": "кто, кого, кому, кем, чей, чья, как зовут, как звали, как называ*",
        "place": "где, куда, откуда, какой стране, каком городе",
        "other": "что, чего, какой, какая, какое, какие, как, почему, зачем",
    },
    "uk": {
        "time": "коли, якому роцi, якому році, який рік, якого числа, якому столітті",
        "amount": "скільки, який відсоток, яка кількість",
        "name": "хто, кого, кому, ким, чий, як звати",
        "place": "де, куди, звідки, якій країні, якому місті",
        "other": "що, чого, який, яка, яке, які, як, чому",
    },
    "pl": {
        "time": "kiedy, ktorym roku, jaki rok, jaka data, jakiego dnia, o ktorej",
        "amount": "ile, ilu, jak dlugo, jak czesto, jaki procent",
        "name": "kto, kogo, komu, kim, jak nazywa sie, jak sie nazywa",
        "place": "gdzie, dokad, skad, jakim kraju, jakim miescie",
        "other": "co, czego, jaki, jaka, jakie, ktory, ktora, ktore, jak, dlaczego",
    },
    "tr": {
        "time": "ne zaman, hangi yil, hangi yıl*, hangi gun, hangi tarih*",
        "amount": "kac, ne kadar, yuzde kac",
        "name": "kim, kimin, kimi, kime, adi nedir, adı nedir",
        "place": "nerede, nereye, nereden, hangi ulke*, hangi sehir*",
        "other": "ne, nedir, hangi, nasil, nasıl, neden, nicin",
    },
    "ar": {
        "time": "متى, اي عام, أي عام, في اي سنة, أي سنة, أي يوم",
        "amount": "كم, ما عدد, ما نسبة",
        "name": "من هو, من هي, من الذي, لمن",
        "place": "اين, أين, أي بلد, أي مدينة",
        "other": "ما, ماذا, كيف, لماذا, أي",
    },
    "hi": {
        "time": "कब, किस वर्ष, किस साल, किस दिन, किस तारीख",
        "amount": "कितना, कितने, कितनी",
        "name": "कौन, किसने, किसका, किसकी, किसके, किसे",
        "place": "कहाँ, कहां, किस देश, किस शहर",
        "other": "क्या, कैसे, क्यों",
    },
    "zh": {
        "time": "什么时候, 何时, 哪一年, 哪年, 几月, 哪天, 什么时间, 哪个世纪",
        "amount": "多少, 几个, 几次, 几年, 多长, 多大, 多高, 多久, 多远, 百分之几",
        "name": "谁, 哪位, 叫什么",
        "place": "哪里, 在哪, 何处, 哪个国家, 哪个城市, 什么地方, 哪儿",
    },
    "ja": {
        "time": "いつ, 何年, 何月, 何日, 何時, 何世紀",
        "amount": "いくつ, いくら, 何人, 何個, 何回, どのくらい, どれくらい, 何パーセント",
        "name": "誰, だれ, どなた",
        "place": "どこ, 何処, どの国, どの都市",
    },
    "ko": {
        "time": "언제, 몇 년, 몇년, 며칠, 몇 월, 몇 시",
        "amount": "얼마, 몇, 얼마나",
        "name": "누구, 누가, 이름은",
        "place": "어디, 어느 나라, 어느 도시",
    },
    "th": {
        "time": "เมื่อไ, เมื่อใด, ปีใด, ปีไหน, ปีอะไร, วันที่เท่า, วันไหน",
        "amount": "เท่าไ, เท่าใด, กี่",
        "name": "ใคร, ผู้ใด, ชื่ออะไร",
        "place": "ที่ไหน, ที่ใด, ประเทศใด, ประเทศไหน, เมืองใด, เมืองไหน",
    },
}
_UNSPACED = frozenset({"zh", "ja", "ko", "th"})
_NOT_WORD = re.compile(rf"(?:[^\w{MARKS}]|_)+")
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")
_HAN_NUMBER = re.compile("[一二三四五六七八九十百千万亿两半]")
_MOST_READ = 600


def asked_kind(question: str, *, language: str) -> AnswerKind | None:
    """Say which sort of answer a question in a language (ISO 639-1) asks for, if it is one of these."""
    pattern = _pattern(language)
    text = f" {_NOT_WORD.sub(' ', fold(question[:_MOST_READ]))} "
    found = pattern.search(text if language not in _UNSPACED else fold(question[:_MOST_READ])) if pattern else None
    kind = found.lastgroup if found else None
    return None if kind == _OTHER else kind  # type: ignore[return-value]  # the groups are named after the kinds


def holds(kind: AnswerKind, sentence: str, *, question: str) -> bool | None:
    """Say whether a sentence has an answer of this sort that is not in the question; `None` where it cannot be told."""
    if kind in ("time", "amount"):
        if not numbers(sentence) <= numbers(question):
            return True
        return bool(_HAN_NUMBER.search(sentence)) or (kind == "time" and _names_month(sentence))
    names = [found for found in _WORD.finditer(sentence) if found.start() and found[0][0].isupper()]
    if not names and not any(char.isupper() for char in sentence[:1]):
        return None if sentence.lower() == sentence.upper() else False
    asked = set(_WORD.findall(fold(question)))
    return any(fold(found[0]) not in asked for found in names)


def numbers(text: str) -> frozenset[str]:
    """The runs of digits in a text."""
    return frozenset(_NUMBER.findall(text))


def _names_month(sentence: str) -> bool:
    # A month is no shorter; "mar" and "set" are words.
    return any(len(word) > 3 and month_number(word) is not None for word in _WORD.findall(sentence))


@cache
def _pattern(language: str) -> re.Pattern[str] | None:
    words = _WORDS.get(language)
    if words is None:
        return None
    spaced = language not in _UNSPACED
    # The first that fits is taken at each place: phrases of more words stand before the words they begin with.
    groups = (
        f"(?P<{kind}>{'|'.join(_alternative(each) for each in listed.split(', '))})" for kind, listed in words.items()
    )
    return re.compile(f" (?:{'|'.join(groups)}) " if spaced else "|".join(groups))


def _alternative(phrase: str) -> str:
    folded = re.escape(fold(phrase.removesuffix("*")))
    return folded + (r"\w*" if phrase.endswith("*") else "")
