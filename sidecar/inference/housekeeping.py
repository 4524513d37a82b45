"""Whether a request is a client's own housekeeping: a title for the chat, follow-up suggestions, a ping.

Told by the messages alone. Knows no notes.

Clients word these requests in their own way, users reword and translate them, so no wording is looked for. What they
have in common is their build: a task under a heading, the JSON that is wanted, the conversation quoted; or words for a
title, for a conversation, for how long it may be and for nothing else. Users' requests for a title of a note have some
of these, never all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sidecar.inference.model import Message
from sidecar.inference.quoted_turns import quoted_turns
from sidecar.inference.tokens import message_text
from sidecar.language.small_talk import small_talk_in

HousekeepingKind: TypeAlias = Literal[
    "title", "tags", "follow_ups", "queries", "autocomplete", "emoji", "ping", "other"
]

_BY_KEY: Mapping[str, HousekeepingKind] = {
    "title": "title",
    "tags": "tags",
    "follow_ups": "follow_ups",
    "followups": "follow_ups",
    "queries": "queries",
    "text": "autocomplete",
    "emoji": "emoji",
}
# Instructions stand before and behind what they quote, and are short.
_END = 800
_LONGEST_SYSTEM = 2_500
_MOST_PING_WORDS = 14
# An answer this short tells nothing but that there is one.
_PING_TOKENS = 16
_MOST_EMOJI_TASK = 900
_MOST_READ = 200_000

_HEADING = re.compile(r"\s*#{1,6}[ \t]*\S[^\n]{0,60}\n")
_WANTED_KEY = re.compile(r"\{\s*\"([A-Za-z_]{2,30})\"\s*:\s*[\[\"]")
_HISTORY = re.compile(r"<chat_history>|<conversation>|<messages>", re.IGNORECASE)
_AUTOCOMPLETE = re.compile(r"<type>[^<\n]{0,60}</type>\s*<text>")
_EMOJI = re.compile("[\U0001f600-\U0001f64f]")

# Only the beginnings of words: languages decline them. Not compiled here, since that takes longer than all the rest of
# the module: `re` keeps what it has compiled.
_TITLE = (
    r"\btitle|\btopic|\bheader\b|\bheadline|\bname (?:for|this|the)\b|conversation a name|\bt[ií]tul|\btitol|\btitre"
    r"|\btitel|\büberschrift|\bтитул|\bзаголов|\bназван|\bназв|\btytuł|\bbaşlı|标题|主题|題名|標題|主題|タイトル|件名|제목"
    r"|عنوان|शीर्षक|ชื่อเรื่อง|หัวข้อ"
)
_SUMMARY = r"\bsummari|\bresum|\brésum|\briassum|zusammenf|\bсуммир|总结|總結|概括|要約|요약|لخص|สรุป"
_CONVERSATION = (
    r"conversa|\bconvers|\bchat\b|\bchats\b|\bdialog|\bthread\b|\bdiscussion|\bquery\b|\bmessage\b|\brequest\b|generator"
    r"|\bconvo\b|\bmensa|\bmessag|\bgespräch|\bunterhaltung|\bnachricht|\bgesprek|\bразговор|\bбесед|\bдиалог|\bчат"
    r"|\bсообщен|\bрозмов|\brozmow|\bwiadomo|\bsohbet|\bkonuşma|\bmesaj|generador|gerador|generatore|générateur"
    r"|对话|會話|会话|聊天|这句话|對話|消息|会話|メッセージ|대화|메시지|محادث|رسال|बातचीत|संदेश|สนทนา|ข้อความ"
)
_NUMBER = (
    r"(?:\d{1,3}|two|three|four|five|six|seven|eight|ten|dois|três|cinco|cuatro|seis|tre|quattro|cinque|trois|quatre"
    r"|cinq|drei|vier|fünf|sechs|трёх|трех|четыр\w*|пят\w*|[一二三四五六七八九十]{1,2})"
)
_UNIT = (
    r"(?:words?|characters?|chars?|palavras?|palabras?|parole|mots|wört\w*|worte\w*|zeichen|woorden|слов\w*|символ\w*"
    r"|słów|słowa|kelime\w*|caracteres|caratteri|caractères|[个個]?字|词|文字|語|단어|자|글자|كلمات|शब्द\w*|คำ)"
)
_LIMIT = rf"{_NUMBER}[\s-]{{0,3}}(?:or[ -]less|max|maximum)?[\s-]{{0,2}}{_UNIT}"
_NOTHING_ELSE = (
    r"\bonly\b|\bjust (?:the|provide|give|return)|nothing else|no (?:additional|extra|other) |no quot|no punct|omitting"
    r"|without any|without punct|no explan|strictly|exclusively|no preamble|avoid quot|\bs[oó]lo\b|\bsolamente\b"
    r"|\bapenas\b|somente|\bsolo\b|soltanto|uniquement|seulement|\bnur\b|ohne|\balleen\b|только|без|лише|тільки|tylko"
    r"|\bbez\b|\bsadece\b|yalnızca|sin comillas|sem aspas|senza|sans guillemets|不要|不需要|只|仅|直接|のみ|だけ|만 "
    r"|فقط|केवल|เท่านั้น"
)
_COMPACTED = r"future context|as a prompt|上下文提示|contexto futuro"
_PING = (
    r"(?:ping|test|testing|test message|connection test|hello world|1 ?\+ ?1(?: ?=)?(?: ?\?)?|[\W_]*"
    r"(?:this is (?:a|just a|only a) (?:connection )?test[.!,;: -]*)?"
    r"(?:please |just )?(?:say|reply|respond|answer|return|output|echo|write)(?: back)?(?: to this)?(?: only| just)?"
    r"(?: with| in)?(?: only| just| exactly| the| a| single| one| word| words| text| message| string){0,6}[\s:]*"
    r"[\"'`“”‘’]?(?:ok|okay|hi|hello|hey|test|pong|ping|yes|ready|success|connected|working|1|hello world)"
    r"[\"'`“”‘’]?(?: and nothing else| only| please)?|this is (?:a|just a|only a) (?:connection )?test)[\s.!?]*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Housekeeping:
    """What a client wants for itself. `key` is the JSON object's key that it wants the answer under, `None` for plain
    text; `about` is what of the conversation is quoted in the request, user's turns only, oldest first.
    """

    kind: HousekeepingKind
    key: str | None = None
    about: tuple[str, ...] = ()


def housekeeping_of(messages: Sequence[Message], *, most_tokens: int | None = None) -> Housekeeping | None:
    """Tell what a client wants for itself; `None` for a request that comes from the user.

    `most_tokens` is how long the answer may be: greetings that ask for a few tokens test the connection.
    """
    said = [(str(message.get("role")), message_text(message)[:_MOST_READ].strip()) for message in messages]
    asked = next((text for role, text in reversed(said) if role == "user"), "")
    if not asked:
        return None
    if _is_ping(asked, most_tokens):
        return Housekeeping(kind="ping")
    kind, key = _template(asked) or _emoji_task(asked) or _short_task(said) or (None, None)
    if kind is None:
        return None
    return Housekeeping(kind=kind, key=key, about=quoted_turns(said, instructs=_instructs))


def _is_ping(asked: str, most_tokens: int | None) -> bool:
    if len(asked) > 120 or len(asked.split()) > _MOST_PING_WORDS:
        return False
    short = most_tokens is not None and 0 < most_tokens <= _PING_TOKENS
    return re.fullmatch(_PING, asked.lower()) is not None or (short and small_talk_in(asked) is not None)


def _template(asked: str) -> tuple[HousekeepingKind, str | None] | None:
    """A task under headings, as Open WebUI builds it: it quotes the conversation in tags, and shows JSON or not."""
    if not _HEADING.match(asked):
        return None
    ends = _ends(asked)
    history = _HISTORY.search(asked) is not None
    if _AUTOCOMPLETE.search(ends):
        return "autocomplete", "text"
    keys: list[str] = _WANTED_KEY.findall(asked[: 4 * _END])
    if keys and (history or _has_turns(asked)):
        return _BY_KEY.get(keys[-1], "other"), keys[-1]
    if not history:
        return None
    return ("title" if re.search(_TITLE, ends.lower()) else "other"), None


def _emoji_task(asked: str) -> tuple[HousekeepingKind, None] | None:
    """One face is wanted for a message in a fence: the instruction shows some."""
    instruction, fence, quoted = asked.partition("```")
    faces = len(instruction) < _MOST_EMOJI_TASK and len(_EMOJI.findall(instruction)) > 2
    return ("emoji", None) if fence and faces and quoted.rstrip().endswith("```") else None


def _short_task(said: Sequence[tuple[str, str]]) -> tuple[HousekeepingKind, None] | None:
    """A title, or a shorter form of the conversation, asked for in plain words by the system text or by the last
    message.
    """
    for role, text in _instructions(said):
        ends = _ends(text).lower()
        about = re.search(_CONVERSATION, ends) is not None
        short, alone = re.search(_LIMIT, ends) is not None, re.search(_NOTHING_ELSE, ends) is not None
        titled = re.search(_TITLE, ends) is not None or (role == "system" and re.search(_SUMMARY, ends) is not None)
        bound = (short or alone) if role == "system" or _has_turns(text) else (short and alone)
        if titled and about and bound:
            return "title", None
        if about and short and re.search(_COMPACTED, ends):
            return "other", None
    return None


def _instructions(said: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    first, last = said[0], said[-1]
    if first[0] in {"system", "developer"} and len(first[1]) <= _LONGEST_SYSTEM:
        yield "system", first[1]
    # Asked behind a conversation, by whichever role.
    if last[0] in {"system", "user"}:
        yield "user", last[1]


def _instructs(text: str) -> bool:
    """Whether a paragraph is part of the task, not of what is quoted."""
    text = _ends(text).lower()
    found = (_TITLE, _LIMIT, _NOTHING_ELSE, _CONVERSATION)
    return sum(re.search(pattern, text) is not None for pattern in found) > 1 or text.rstrip(":").endswith("title")


def _has_turns(text: str) -> bool:
    return bool(quoted_turns([("user", text)], labelled_only=True))


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _END else f"{text[:_END]}\n{text[-_END:]}"
