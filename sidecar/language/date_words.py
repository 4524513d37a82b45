"""The words that dates are made of, by language, with the part that each plays in a date. Knows no grammar.

Words of one entry are joined by `_`; what stands behind `=` is a word's number, or for days told from today the form
that dateparser knows. Further languages have their single days and last, this and next week, month and year.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sidecar.language.calendar import month_names, short_month_names, weekday_names
from sidecar.language.terms import fold

LANGUAGES = ("en", "pt", "es", "it", "fr", "de")

# One letter for each part, because the grammar is a pattern over letters:
# c number word, a indefinite article, f few, o first to fourth, D V E Z H J units, L last, X next, T this, l following
# "this", g ago behind and h before the number, F in and k from now, R a day told from today and r one with another
# meaning, d part of the day, n night, s season, C calendar week, p of, t article, j every, x an auxiliary
# verb before what is then no season, z a name with such a word in it.
_PARTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "c": """one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12
            couple=2 couple_of=2""",
        "a": "a=1 an=1",
        "f": "few several",
        "o": "first=1 second=2 third=3 fourth=4",
        "D": "day days",
        "V": "week weeks",
        "E": "weekend",
        "Z": "month months",
        "H": "quarter quarters",
        "J": "year years",
        "L": "last past previous",
        "X": "next coming following",
        "T": "this current",
        "g": "ago",
        "k": "from_now",
        "R": "yesterday today tomorrow tonight=today day_before_yesterday day_after_tomorrow",
        "d": "morning afternoon evening",
        "n": "night",
        "s": "spring=3 summer=6 autumn=9 fall=9 winter=12",
        "p": "of",
        "t": "the",
        "z": "may_day",
        "j": "every each good",
    },
    "pt": {
        "c": "duas=2 dois=2 três=3 quatro=4 cinco=5 seis=6 sete=7 oito=8 nove=9 dez=10 onze=11 doze=12",
        "a": "um=1 uma=1",
        "f": "alguns algumas uns umas poucos poucas",
        "o": "primeiro=1 segundo=2 terceiro=3 quarto=4",
        "D": "dia dias",
        "V": "semana semanas",
        "E": "fim_de_semana",
        "Z": "mês meses",
        "H": "trimestre trimestres",
        "J": "ano anos",
        "L": "passado passada passados passadas último última últimos últimas anterior anteriores",
        "X": "próximo próxima próximos próximas que_vem seguinte",
        "T": "este esta neste nesta deste desta",
        "l": "corrente atual",
        "g": "atrás",
        "h": "há faz",
        "F": "daqui_a dentro_de",
        "R": """ontem hoje amanhã anteontem antes_de_ontem=anteontem trasanteontem=há_3_dias
            depois_de_amanhã=em_2_dias""",
        "d": "manhã tarde madrugada",
        "n": "noite",
        "s": "primavera=3 verão=6 outono=9 inverno=12",
        "p": "de do da à",
        "t": "o a os as",
        "z": "rio_de_janeiro",
        "j": "toda todo todas todos cada",
    },
    "es": {
        "c": "dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 once=11 doce=12",
        "a": "un=1 una=1 uno=1",
        "f": "unos unas algunos algunas pocos pocas",
        "o": "primero=1 primer=1 segundo=2 tercer=3 cuarto=4",
        "D": "día días",
        "V": "semana semanas",
        "E": "fin_de_semana",
        "Z": "mes meses",
        "H": "trimestre trimestres",
        "J": "año años",
        "L": "pasado pasada pasados pasadas último última últimos últimas anterior anteriores",
        "X": "próximo próxima próximos próximas que_viene siguiente",
        "T": "este esta",
        "l": "actual",
        "g": "atrás",
        "h": "hace",
        "F": "dentro_de",
        "R": """ayer hoy anteayer antier=anteayer antes_de_ayer=anteayer anoche=ayer pasado_mañana=en_2_días
            trasanteayer=hace_3_días""",
        "r": "mañana",
        "d": "tarde madrugada",
        "n": "noche",
        "s": "primavera=3 verano=6 otoño=9 invierno=12",
        "p": "de del",
        "t": "el la los las",
        "z": "plaza_de_mayo",
        "j": "cada todo todos",
    },
    "it": {
        "c": "due=2 tre=3 quattro=4 cinque=5 sei=6 sette=7 otto=8 nove=9 dieci=10 undici=11 dodici=12",
        "a": "un=1 uno=1 una=1",
        "f": "alcuni alcune qualche pochi poche",
        "o": "primo=1 secondo=2 terzo=3 quarto=4",
        "D": "giorno giorni",
        "V": "settimana settimane",
        "E": "weekend fine_settimana",
        "Z": "mese mesi",
        "H": "trimestre trimestri",
        "J": "anno anni",
        "L": "scorso scorsa scorsi scorse passato passata passati passate ultimo ultima ultimi ultime",
        "X": "prossimo prossima prossimi prossime",
        "T": "questo questa quest",
        "l": "corrente in_corso",
        "g": "fa",
        "F": "tra fra",
        "R": """ieri oggi domani l_altro_ieri=altro_ieri altro_ieri ieri_l_altro=altro_ieri avantieri=altro_ieri
            dopodomani=tra_2_giorni stamattina=oggi stamane=oggi stasera=oggi stanotte=oggi""",
        "d": "mattina mattino pomeriggio sera",
        "n": "notte",
        "s": "primavera=3 estate=6 autunno=9 inverno=12",
        "p": "di del dello dell della d",
        "t": "il lo la l i gli le",
        "z": "real_estate",
        "j": "ogni",
    },
    "fr": {
        "c": "deux=2 trois=3 quatre=4 cinq=5 six=6 sept=7 huit=8 neuf=9 dix=10 onze=11 douze=12",
        "a": "un=1 une=1",
        "f": "quelques",
        "o": "premier=1 deuxième=2 second=2 troisième=3 quatrième=4",
        "D": "jour jours",
        "V": "semaine semaines",
        "E": "week_end weekend",
        "Z": "mois",
        "H": "trimestre trimestres",
        "J": "an ans année années",
        "L": "dernier dernière derniers dernières passé passée précédent précédente",
        "X": "prochain prochaine prochains prochaines suivant suivante",
        "T": "ce cet cette",
        "g": "plus_tôt",
        "h": "il_y_a",
        "F": "dans d_ici",
        "R": "hier aujourd_hui=aujourd'hui demain avant_hier=avant-hier après_demain=après-demain",
        "d": "matin après_midi soir",
        "n": "nuit",
        "s": "printemps=3 été=6 automne=9 hiver=12",
        "p": "de du d",
        "t": "le la l les",
        "j": "chaque tous",
        "x": "a ont ai as avait avons avez",
    },
    "de": {
        "c": "zwei=2 drei=3 vier=4 fünf=5 sechs=6 sieben=7 acht=8 neun=9 zehn=10 elf=11 zwölf=12",
        "a": "ein=1 eine=1 einem=1 einer=1 einen=1",
        "f": "ein_paar einigen einige paar wenigen",
        "o": """ersten=1 erster=1 erstes=1 erste=1 zweiten=2 zweites=2 zweite=2 dritten=3 drittes=3 dritte=3
            vierten=4 viertes=4 vierte=4""",
        "D": "tag tage tagen",
        "V": "woche wochen",
        "E": "wochenende",
        "Z": "monat monate monaten monats",
        "H": "quartal quartals",
        "J": "jahr jahre jahren jahres",
        "L": """letzter letzte letztes letzten letztem vergangener vergangene vergangenes vergangenen voriger vorige
            voriges vorigen vorletzte=-2 vorletzter=-2 vorletzten=-2 vorletztes=-2""",
        "X": "nächster nächste nächstes nächsten kommende kommendes kommenden übernächste=2 übernächsten=2",
        "T": "dieser diese dieses diesen diesem",
        "g": "her",
        "h": "vor",
        "F": "in",
        "R": "gestern heute vorgestern übermorgen vorvorgestern=vor_3_tagen",
        "r": "morgen",
        "d": "früh vormittag mittag nachmittag abend",
        "n": "nacht",
        "s": "frühling=3 frühjahr=3 sommer=6 herbst=9 winter=12",
        "C": "kw kalenderwoche",
        "p": "von",
        "t": "der die das den dem des am im vom zum beim",
        "j": "jeden jeder jede jedes guten",
    },
}

# What stands in front of a date and says how it is meant.
_ROLES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "in": "in on during early mid late",
        "of": "of",
        "for": "for about",
        "since": "since",
        "before": "before prior_to",
        "after": "after",
        "until": "until till by up_to",
        "from": "from",
        "to": "to through until till",
        "between": "between",
        "and": "and",
    },
    "pt": {
        "in": "em no na nos nas durante",
        "of": "de do da",
        "for": "para",
        "since": "desde a_partir_de",
        "before": "antes_de antes_do antes_da",
        "after": "depois_de depois_do depois_da após",
        "until": "até",
        "from": "de do da desde",
        "to": "a à ao até",
        "between": "entre",
        "and": "e",
    },
    "es": {
        "in": "en durante",
        "of": "de del",
        "for": "para",
        "since": "desde a_partir_de",
        "before": "antes_de antes_del",
        "after": "después_de después_del tras",
        "until": "hasta",
        "from": "de del desde",
        "to": "a al hasta",
        "between": "entre",
        "and": "y",
    },
    "it": {
        "in": "in nel nell a ad durante inizio metà fine",
        "of": "di del dell",
        "for": "per",
        "since": "dal dalla dall da a_partire_da",
        "before": "prima_di prima_del prima_della prima_dell prima_dello",
        "after": "dopo",
        "until": "fino_a fino_al fino_alla entro",
        "from": "da dal dalla dall",
        "to": "a al alla all fino_a",
        "between": "tra fra",
        "and": "e",
    },
    "fr": {
        "in": "en au pendant durant début mi fin mois_de",
        "of": "de du d",
        "for": "pour",
        "since": "depuis dès à_partir_de",
        "before": "avant",
        "after": "après",
        "until": "jusqu_à jusqu_au jusqu_en",
        "from": "de du d depuis",
        "to": "à au jusqu_à jusqu_au jusqu_en",
        "between": "entre",
        "and": "et",
    },
    "de": {
        "in": "im in am an während anfang mitte ende",
        "of": "vom von",
        "for": "für",
        "since": "seit ab",
        "before": "vor",
        "after": "nach",
        "until": "bis bis_zum",
        "from": "vom von ab",
        "to": "bis bis_zum",
        "between": "zwischen",
        "and": "und",
    },
}

# Days and periods told from today in languages whose grammar is not known here, in dateparser's own words.
_FURTHER: Mapping[str, str] = {
    "nl": """vandaag gisteren eergisteren overmorgen vorige_week vorige_maand vorig_jaar deze_week deze_maand dit_jaar
        volgende_week volgende_maand volgend_jaar""",
    "sv": "igår idag imorgon förra_veckan förra_månaden förra_året denna_vecka denna_månad nästa_vecka nästa_månad",
    "da": "i_går sidste_uge sidste_måned sidste_år denne_uge denne_måned næste_uge næste_måned",
    "pl": """wczoraj dzisiaj jutro w_zeszłym_tygodniu w_zeszłym_miesiącu w_zeszłym_roku w_tym_tygodniu w_tym_miesiącu
        w_tym_roku""",
    "cs": "včera dnes zítra předevčírem minulý_týden minulý_měsíc minulý_rok tento_týden tento_měsíc",
    "ru": """вчера сегодня завтра позавчера послезавтра на_прошлой_неделе в_прошлом_месяце в_прошлом_году на_этой_неделе
        в_этом_месяце в_этом_году на_следующей_неделе""",
    "uk": "вчора учора сьогодні позавчора минулого_тижня минулого_місяця минулого_року цього_тижня цього_місяця",
    "tr": "bugün yarın geçen_hafta geçen_ay geçen_yıl bu_hafta bu_ay bu_yıl gelecek_hafta gelecek_ay",
    "el": "χθες σήμερα αύριο",
    "ko": "어제 오늘 내일 지난주 지난달 작년 올해",
    "ar": "أمس الأسبوع_الماضي الشهر_الماضي",
    "he": "אתמול השבוע_שעבר החודש_שעבר השנה_שעברה",
    "vi": "hôm_nay hôm_qua tuần_trước tháng_trước",
}
SPACELESS: Mapping[str, str] = {
    "zh": "昨天 前天 今天 明天 上周 上个月 去年 本周 本月 今年 下周 下个月",
    "ja": "昨日 一昨日 今日 明日 先週 先月 昨年 今週 今月 来週 来月",
    "th": "เมื่อวาน วันนี้ พรุ่งนี้ สัปดาห์ที่แล้ว เดือนที่แล้ว ปีที่แล้ว สัปดาห์นี้ เดือนนี้",
}
"""Words told from today in scripts without spaces, where they are looked for inside longer runs."""

# A month or weekday that is another word as well, and so is a date only beside a word that says so.
_SHY: Mapping[str, str] = {
    "en": "april may march june august",
    "pt": "segunda terça quarta quinta sexta",
    "es": "",
    "it": "",
    "fr": "mars mai",
    "de": "april mai august",
}
PLURAL_UNITS = frozenset(
    fold(
        "weeks weekends months quarters years semanas meses trimestres anos años settimane mesi trimestri anni semaines"
        " ans années wochen monate monaten jahre jahren"
    ).split()
)
"""Weeks, months and years that only a number makes a date, folded."""
# Only words that hardly any question has for another reason are worth a look at its grammar.
_TELLING = frozenset("MmWwRrsCHEVZJDdn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The folded words of one language, several words joined by spaces."""

    parts: Mapping[str, tuple[str, str]]
    """The part's letter, and the word's number or known form."""
    roles: Mapping[str, frozenset[str]]


@cache
def vocabulary(language: str) -> Vocabulary:
    """The words of a language; those of `LANGUAGES` have a grammar, the others only days told from today."""
    if language in _FURTHER:
        return Vocabulary(parts=dict(_entries("R", _FURTHER[language])), roles={})
    if language not in _PARTS:
        return Vocabulary(parts={}, roles={})
    parts = {word: entry for letter, words in _PARTS[language].items() for word, entry in _entries(letter, words)}
    shy = {fold(word) for word in _SHY[language].split()} | short_month_names(language)
    for names, letters in ((month_names(language), "Mm"), (weekday_names(language), "Ww")):
        for word, number in names.items():
            parts.setdefault(word, (letters[word in shy], str(number)))
    if language == "de":
        for word, number in weekday_names(language).items():
            parts |= {word + part: ("W", str(number)) for part in [*_PARTS["de"]["d"].split(), "morgen", "nacht"]}
    return Vocabulary(parts=parts, roles=_roles(_ROLES[language]))


@cache
def telling_words() -> Mapping[str, frozenset[str]]:
    """The languages to try by the folded words, or longest words of several, that make a date likely."""
    found: dict[str, set[str]] = {}
    for language in (*LANGUAGES, *_FURTHER):
        for word, (letter, _) in vocabulary(language).parts.items():
            if letter in _TELLING:
                found.setdefault(max(word.split(), key=len), set()).add(language)
    return {word: frozenset(languages) for word, languages in found.items()}


def _entries(letter: str, words: str) -> list[tuple[str, tuple[str, str]]]:
    found = []
    for entry in words.split():
        word, _, value = entry.replace("_", " ").partition("=")
        found.append((fold(word), (letter, value or word)))
    return found


def _roles(table: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for role, words in table.items():
        for word, _ in _entries("", words):
            found.setdefault(word, set()).add(role)
    return {word: frozenset(roles) for word, roles in found.items()}
