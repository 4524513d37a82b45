"""Names of the months and weekdays in the languages that Sidecar's first users write in: English, Portuguese, Spanish,
Italian, French, German. Knows no dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sidecar.language.terms import fold

# In order; a name, then other names and the short forms that moment.js and dictionaries give.
_MONTHS: Mapping[str, str] = {
    "en": """january,jan february,feb march,mar april,apr may june,jun july,jul august,aug september,sep,sept
        october,oct november,nov december,dec""",
    "pt": """janeiro,jan fevereiro,fev março,mar abril,abr maio,mai junho,jun julho,jul agosto,ago setembro,set
        outubro,out novembro,nov dezembro,dez""",
    "es": """enero,ene febrero,feb marzo,mar abril,abr mayo junio,jun julio,jul agosto,ago septiembre,setiembre,sept
        octubre,oct noviembre,nov diciembre,dic""",
    "it": """gennaio,gen febbraio,feb marzo,mar aprile,apr maggio,mag giugno,giu luglio,lug agosto,ago settembre,set
        ottobre,ott novembre,nov dicembre,dic""",
    "fr": """janvier,janv,jan février,févr,fév mars avril,avr mai juin juillet,juil août,aoû septembre,sept
        octobre,oct novembre,nov décembre,déc""",
    "de": """januar,jänner,jan,jän februar,feb märz,mrz,mär april,apr mai juni,jun juli,jul august,aug
        september,sep,sept oktober,okt november,nov dezember,dez""",
}
_WEEKDAYS: Mapping[str, str] = {
    "en": "monday tuesday,tue,tues wednesday thursday,thu,thurs friday,fri saturday sunday",
    "pt": """segunda_feira,segunda terça_feira,terça quarta_feira,quarta quinta_feira,quinta sexta_feira,sexta sábado
        domingo""",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "de": "montag dienstag mittwoch donnerstag freitag samstag,sonnabend sonntag",
}
_LONGEST_SHORT_FORM = 4


@cache
def month_names(language: str) -> Mapping[str, int]:
    """Number of a month by folded name or short form, in one language."""
    return {
        fold(name): number for number, names in enumerate(_MONTHS[language].split(), 1) for name in names.split(",")
    }


@cache
def short_month_names(language: str) -> frozenset[str]:
    """The folded short forms among the month names of a language."""
    others = [name for names in _MONTHS[language].split() for name in names.split(",")[1:]]
    return frozenset(fold(name) for name in others if len(name) <= _LONGEST_SHORT_FORM)


def weekday_names(language: str) -> Mapping[str, int]:
    """Number of a weekday by folded name in one language, Monday 0; the words of a name are joined by spaces."""
    days = enumerate(_WEEKDAYS[language].split())
    return {fold(name).replace("_", " "): number for number, names in days for name in names.split(",")}


def month_number(name: str) -> int | None:
    """Number of the month of this name or short form, in any of the languages, case and accents aside."""
    return _any_language().get(fold(name.rstrip(".")))


@cache
def _any_language() -> Mapping[str, int]:
    # The same word never means two months.
    return {name: number for language in _MONTHS for name, number in month_names(language).items()}
