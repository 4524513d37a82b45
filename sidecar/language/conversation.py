"""Which language a conversation is in: the one that its user began it in, so that it stays the same to its end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sidecar.language.identification import identify
from sidecar.language.recognition import STOP_WORDS, language_of, stop_words
from sidecar.language.terms import fold

ENGLISH = "en"
_MOST_MESSAGES = 20
_MOST_READ = 600
_WORD = re.compile(r"[^\W\d_]+")
_NO_PROSE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]{1,200}`|\[\[[^\[\]\n]{0,400}\]\]|https?://\S+", re.DOTALL)
_KNOWN = ("en", "pt", "es", "it", "fr", "de")
# Questions are too short for what tells the language of a note. These are their commonest words, for the languages that
# search knows only those which say nothing of what is asked and yet are no stop words there.
_QUESTION_WORDS: Mapping[str, str] = {
    "en": "much many cost yesterday tomorrow did last",
    "pt": "quanta quantas custou ontem amanhã última último",
    "es": "cuánta cuántas costó cuesta ayer mañana última último",
    "it": "quante costato costa ieri domani ultima ultimo",
    "fr": "combien lequel laquelle lesquels coûté coûte hier demain dernier dernière",
    "de": "viel viele wieviel kostet gekostet gestern morgen letzte letzten",
    "nl": """wat welke welk hoe hoeveel waar wanneer waarom wie heb heeft had ik mijn mij wij ons het een van voor niet
        staat zijn naar bij uit geef zoek vind maak kun kan je jij dank hallo hoi bedankt notities""",
    "pl": """co jak ile kiedy gdzie dlaczego kto który która które jest czy mam miał mój moja moje moich nie się dla od
        przez którym jaki jaka jakie znajdź pokaż cześć dziękuję proszę notatki notatkach napisałem""",
    "ru": """что как сколько когда где почему кто какой какая какие какое есть ли мой моя мои моих мне меня не на для
        это привет спасибо пожалуйста заметки заметках найди покажи писал был была""",
    "uk": """що як скільки коли де чому хто який яка які яке є чи мій моя мої моїх мені мене не на для це привіт дякую
        нотатки нотатках знайди покажи писав був була""",
    "tr": """ne nasıl kaç nerede neden kim hangi var mı mu benim için ile ve bu bir kadar nedir zaman merhaba
        teşekkürler notlarım notlarımda bul göster yazdım""",
}
_OF_QUESTIONS = {language: frozenset(fold(words).split()) for language, words in _QUESTION_WORDS.items()}
_LETTERS: Mapping[str, re.Pattern[str]] = {
    "th": re.compile("[\u0e01-\u0e5b]"),
    "ja": re.compile("[\u3041-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7a3]"),
    "zh": re.compile("[\u3400-\u4dbf\u4e00-\u9fff]"),
    "hi": re.compile("[\u0904-\u0963]"),
    "uk": re.compile("[їєґі]"),
    "ru": re.compile("[а-яё]"),
    "ar": re.compile("[\u0621-\u064a]"),
    "pl": re.compile("[łąęśźżń]"),
    "tr": re.compile("[ğışİ]"),
}
"""Letters that settle it among the languages spoken here where no word is known, the telling ones first."""
_LEAST_LEAD = 1.3
_LEAST_HINTS = 2


def conversation_language(texts: Sequence[str]) -> str:
    """Name the language (ISO 639-1) of a conversation by its user's messages, oldest first: that of the first one that
    tells it, English while none does.
    """
    return next((language for text in texts[:_MOST_MESSAGES] if (language := _told(text[:_MOST_READ]))), ENGLISH)


def _told(text: str) -> str | None:
    # A note's name is in the language of the note.
    text = _NO_PROSE.sub(" ", text)
    return identify(text) or _by_words(text) or _by_letters(text) or _likely(text)


def _by_words(text: str) -> str | None:
    scores = dict.fromkeys(_OF_QUESTIONS, 0.0)
    words = {language: _words(language) for language in scores}
    for word in _WORD.findall(fold(text)):
        owners = [language for language in scores if word in words[language]]
        for language in owners:
            scores[language] += 1 / len(owners)
    best, second, *_ = sorted(scores, key=lambda language: -scores[language])
    return best if scores[best] >= 1 and scores[best] >= _LEAST_LEAD * scores[second] else None


def _words(language: str) -> frozenset[str]:
    return _OF_QUESTIONS[language] | stop_words(language) if language in _KNOWN else _OF_QUESTIONS[language]


def _likely(text: str) -> str | None:
    """The likelier of near relations, such as Portuguese and Spanish, where it is clear that it is one of them."""
    hints = sum(word in STOP_WORDS for word in _WORD.findall(fold(text))) >= _LEAST_HINTS or not text.isascii()
    likely = language_of(text) if hints else ENGLISH
    return None if likely == ENGLISH else likely


def _by_letters(text: str) -> str | None:
    return next((language for language, letters in _LETTERS.items() if letters.search(text.lower())), None)
