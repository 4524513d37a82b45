"""Which of a few languages a question is in, and which of its words say nothing about what is asked.

Recognised by function words, because a question is too short for anything statistical. A word counts the less, the more
of the languages have it. Everything unrecognised counts as English.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from sidecar.language.terms import fold

_MOST_READ = 1_000
_WORD = re.compile(r"[^\W\d_]+")
_STOP_WORDS: Mapping[str, str] = {
    "en": """hello hi hey thanks thank bye
        happen happened happens done doing made got
        a about again all am an and any are as at be been but by can could did do does for from had has have he
        her him his how i if in into is it its just may me might more most my no not now of off on or our out over
        should so some such than that the their them then there these they this those to too under until up us very
        was we were what when where which while who whom whose why will with would you your yours tell show give
        find explain note notes say says said wrote write written please know s""",
    "pt": """olá oi obrigado obrigada tchau
        fiz fez fizemos feito tinha tive tivemos escrevi escreveu aconteceu houve
        a à ao aos as às até com como da das de dela dele delas deles depois do dos e é ela elas ele eles em
        entre era essa essas esse esses esta está estão estas este estes eu foi for foram há isso isto já lhe mais
        mas me mesmo meu meus minha minhas muito na nas não nem no nos nós nossa nosso num numa o os ou para pela
        pelas pelo pelos por porque porquê posso qual quais quando quanto quantos que quê quem são se seja sem ser
        será seu seus só sobre sua suas também te tem tenho ter teu tu tua um uma você vocês onde fazer faço devo
        diz dizem minhas notas nota diga explique mostra mostre encontra quero""",
    "es": """hola gracias adiós
        hice hizo hicimos hecho tenía tuve tuvimos escribí escribió pasó ocurrió hubo
        a al algo ante como cómo con contra cuál cuáles cuando cuándo cuánto cuántos de del desde donde dónde
        dos e el él ella ellas ellos en entre era eres es esa esas ese eso esos esta está están estas este esto
        estos fue fueron ha hace hacer hago han hasta hay la las le les lo los más me mi mis mucho muy nada ni no
        nos nosotros nuestra nuestro o otra otro para pero por porque puede puedo qué que quién quien se sea según
        ser si sí sido sin sobre son soy su sus también tan te tengo tiene tienen todo tu tus un una unas uno unos y
        ya yo debo dice dicen notas nota diga explica muestra encuentra quiero""",
    "it": """ciao grazie
        fatto feci avevo avuto scritto scrissi successo successe
        a ad agli ai al alla alle allo anche c che chi ci ciò come con contro cosa cui d da dagli dai dal dalla
        dalle dallo degli dei del dell della delle dello devo di dove dopo e è ed era essere faccio fare fra gli ha
        hai hanno ho i il in io l la le lei li lo loro lui ma me mi mia mie miei mio molto ne negli nei nel nella
        nelle no noi non nostra nostro o ogni per perché perchè più poi posso può qual quale quali quando quanto
        quanti quella quelle quelli quello questa queste questi questo sa se sei senza si sia sono su sua sue sugli
        sui sul sulla suo suoi tra tu tua tutto un una uno vi voglio dice dicono note nota appunti spiega mostra
        trova""",
    "fr": """bonjour salut merci
        fais faites fit avais avait eu écrit écrivais passé arrivé
        à ai alors au aucun aussi aux avec avez avons c ça car ce cela ces cet cette ceux chez comme comment d
        dans de des dois donc dont du elle elles en encore entre es est et était être eux fait faire faut fois font
        il ils j je jusqu l la le les leur leurs lui m ma mais me même mes moi mon n ne ni nos notre nous on ont ou
        où par parce pas peut peux plus pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se
        ses si son sont sous suis sur t ta te tes toi ton tous tout toute très tu un une vos votre vous y dit disent
        notes note explique montre trouve veux sais""",
    "de": """hallo danke bitte
        gemacht getan tat hatten geschrieben schrieb passiert geschah gewesen stand machte
        ab aber alle allem allen alles als also am an andere auch auf aus bei bin bis bist da damit dann das
        dass dein deine dem den denn der des dich die dies diese diesem diesen dieser dir doch dort du durch ein
        eine einem einen einer eines er es etwas euch für gegen gibt hab habe haben hat hatte ich ihm ihn ihnen ihr
        ihre im in ins ist ja jede jeder jetzt kann kein keine können machen man mehr mein meine meinem meinen
        meiner mich mir mit muss nach nicht nichts noch nun nur ob oder ohne sehr sein seine sich sie sind so soll
        sollte über um und uns unser unter vom von vor wann war waren warum was weil welche welchem welchen welcher
        welches wenn wer werde werden wie wieder will wir wird wo woher wohin wurde zu zum zur zwischen sagt sagen
        steht notizen notiz erkläre zeige finde""",
}

_WRITTEN = {language: frozenset(words.split()) for language, words in _STOP_WORDS.items()}
_FOLDED = {language: frozenset(fold(words).split()) for language, words in _STOP_WORDS.items()}

_SIGNS: Mapping[str, str] = {
    "ã": "pt",
    "õ": "pt",
    "ñ": "es",
    "¿": "es",
    "¡": "es",
    "ß": "de",
    "œ": "fr",
    "ì": "it",
    "ò": "it",
}

STOP_WORDS = frozenset[str]().union(*_FOLDED.values())
"""Words without content in any of the known languages, folded."""


def language_of(text: str) -> str:
    """Name the language of a question (`en`, `pt`, `es`, `it`, `fr`, `de`); `en` if unsure."""
    scores = dict.fromkeys(_STOP_WORDS, 0.0)
    for written in _WORD.findall(unicodedata.normalize("NFC", text.lower())):
        owners = [language for language, table in _WRITTEN.items() if written in table]
        for language in owners:
            scores[language] += 1 / len(owners)
    for sign in set(text.lower()) & _SIGNS.keys():
        scores[_SIGNS[sign]] += 1
    return max(scores, key=lambda language: scores[language])


@lru_cache(maxsize=256)
def stop_words_of(text: str) -> frozenset[str]:
    """Function words of the language that a question is in, folded: "war" says nothing in German alone."""
    return stop_words(language_of(text[:_MOST_READ]))


def stop_words(language: str) -> frozenset[str]:
    """Function words that say nothing about what is asked, folded."""
    return _FOLDED[language]
