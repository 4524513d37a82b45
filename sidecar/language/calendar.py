"""Names of the months in the languages that Sidecar's first users write in: English, Portuguese, Spanish, Italian,
French, German. Knows no dates.
"""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.language.terms import fold

# Full names and the short forms that moment.js and dictionaries give. The same word never means two months.
_NAMES = (
    "january jan janeiro jan enero ene gennaio gen janvier janv januar jän jänner",
    "february feb fevereiro fev febrero feb febbraio feb février févr fév februar",
    "march mar março mar marzo mar mars märz mrz mär",
    "april apr abril abr aprile avril avr",
    "may maio mai mayo maggio mag mai",
    "june jun junho junio giugno giu juin juni",
    "july jul julho julio luglio lug juillet juil juli",
    "august aug agosto ago août aoû",
    "september sep sept setembro set septiembre settembre septembre",
    "october oct outubro out octubre ottobre ott octobre oktober okt",
    "november nov novembro noviembre novembre",
    "december dec dezembro dez diciembre dic dicembre décembre déc dezember",
)


def _numbers() -> Mapping[str, int]:
    return {fold(name): number for number, names in enumerate(_NAMES, start=1) for name in names.split()}


_MONTHS = _numbers()


def month_number(name: str) -> int | None:
    """Number of the month of this name or short form, in any of the languages, case and accents aside."""
    return _MONTHS.get(fold(name.rstrip(".")))
