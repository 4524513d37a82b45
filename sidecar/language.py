"""Natural languages as far as a question needs it: words that carry no content, and which language a text is in.

Six languages are known, those of the first users. The words are folded as in `sidecar.index.terms`: no accents, lower case.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "pt", "es", "it", "fr", "de"]

_WORDS: MappingProxyType[Language, frozenset[str]] = MappingProxyType(
    {
        "en": frozenset(
            "a about after all also am an and any are as at be been but by can could did do does for from had has have he"
            " her him his how i if in into is it its just me my no not of on or our out over she should so some than that"
            " the their them then there these they this those to up us was we were what when where which who whom whose"
            " why will with would you your tell".split()
        ),
        "pt": frozenset(
            "a ao aos aquela aquele aquilo as ate com como da das de dela dele do dos e ela ele eles em entre era essa esse"
            " esta este eu foi foram ha isso isto ja la lhe mais mas me mesmo meu minha muito na nao nas nem no nos nossa"
            " nosso num numa o onde os ou para pela pelo por porque qual quais quando quanto quantos que quem se sem ser seu"
            " sua sao so sobre tambem te tem ter tinha um uma voce".split()
        ),
        "es": frozenset(
            "a al algo como con cual cuales cuando cuanto cuantos de del desde donde dos e el ella ellas ellos en entre era"
            " es esa ese eso esta este esto fue fueron ha hay hasta la las le les lo los mas me mi mis mucho muy nada ni no"
            " nos o os para pero por porque que quien quienes se sea ser si sin sobre son su sus tambien te tiene tu un una"
            " uno y ya yo".split()
        ),
        "it": frozenset(
            "a ad agli ai al alla alle anche c che chi ci come con cosa cui da dagli dal dalla dalle dei del della delle"
            " dello di dove e ed era fu gli ha hanno ho i il in io l la le lei li lo loro lui ma mi mia mio ne nei nel"
            " nella nelle no noi non o per perche piu qual quale quali quando quanto quanti quella quello questa questo se"
            " si sia sono su sua sugli sul sulla suo tra tu un una uno".split()
        ),
        "fr": frozenset(
            "a ai as au aux avec c ce ces cette combien comme comment d dans de des dont du elle elles en est et etait etre"
            " eu il ils j je l la le les leur leurs lui m ma mais me mes moi mon n ne nos notre nous on ou par pas plus pour"
            " pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se ses si son sont sur t ta te tes toi ton"
            " tu un une vos votre vous y".split()
        ),
        "de": frozenset(
            "aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dein dem den der des die dies"
            " diese dir doch du durch ein eine einem einen einer eines er es fur hat hatte habe haben ich ihm ihn ihr im in"
            " ist ja kann kein keine man mein mich mir mit nach nicht noch nur ob oder sehr sein seine sich sie sind so uber"
            " um und uns unter vom von vor war waren warum was welche welcher wenn wer wie wieviel wird wo wurde zu zum"
            " zur".split()
        ),
    }
)

STOP_WORDS: frozenset[str] = frozenset().union(*_WORDS.values())
"""Words without content in any of the known languages."""


def recognise(words: list[str], *, otherwise: Language = "en") -> Language:
    """The language whose small words a text has most of; `words` are folded terms, repeats kept."""
    scores = {language: sum(word in known for word in words) for language, known in _WORDS.items()}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] > scores[otherwise] else otherwise
