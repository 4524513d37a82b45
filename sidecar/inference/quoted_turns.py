"""What the user said in a conversation that a client quotes: by roles, in tags, in fences, as JSON, or as it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

_MOST_TURNS = 20
_MOST_CHARACTERS = 2_000
_MOST_JSON = 100_000

_TAGS = ("chat_history", "conversation", "messages")
_ROLE = re.compile(
    r"^[ \t]*(?:(?P<user>user|human|you|me|usu[aá]rio|usuario|utilizador|utente|utilisateur|benutzer|nutzer|gebruiker"
    r"|пользователь|користувач|użytkownik|kullanıcı|用户|用戶|ユーザー|사용자|المستخدم|उपयोगकर्ता|ผู้ใช้)"
    r"|ai|assistant|bot|model|system|assistente|asistente|assistent|ассистент|помощник|асистент|asystent|asistan|助手|助理"
    r"|アシスタント|어시스턴트|المساعد|सहायक|ผู้ช่วย)[ \t]*[:：]",
    re.IGNORECASE | re.MULTILINE,
)
_FENCE_LABEL = re.compile(r"[a-z]{0,20}\n")
_RULE = re.compile(r"^[ \t]*-{3,}[ \t]*$", re.MULTILINE)
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_LABEL = re.compile(r"\A[^\n:：]{0,80}[:：]\s*\n")


def quoted_turns(
    said: Sequence[tuple[str, str]],
    *,
    instructs: Callable[[str], bool] = lambda _: False,
    labelled_only: bool = False,
) -> tuple[str, ...]:
    """The user's turns that a client's request is about, oldest first, shortened; `said` is its messages as roles and
    texts, `instructs` tells a paragraph of the task itself. With `labelled_only`, only turns that a label or a tag
    marks.
    """
    asked = next((text for role, text in reversed(said) if role == "user"), "")
    found = _marked(asked)
    if not found and not labelled_only:
        earlier = [text for role, text in said if role == "user" and not instructs(text)]
        found = (earlier if len(said) > 1 and not instructs(asked) else []) or _loose(asked, instructs) or earlier
    return tuple(text.strip()[:_MOST_CHARACTERS] for text in found if text.strip())[-_MOST_TURNS:]


def _marked(text: str) -> list[str]:
    typed = _inside(text, "<text>", "</text>")
    if typed is not None and "<type>" in text:
        return [typed]
    inside = next((found for tag in _TAGS if (found := _inside(text, f"<{tag}>", f"</{tag}>")) is not None), text)
    return _by_role(inside) or _in_json(text)


def _inside(text: str, opening: str, closing: str) -> str | None:
    """What stands in the last such pair of marks."""
    end = text.rfind(closing)
    start = text.rfind(opening, 0, max(0, end))
    return None if end < 0 or start < 0 else text[start + len(opening) : end]


def _by_role(text: str) -> list[str]:
    labels = list(_ROLE.finditer(text))
    ends = [*(label.start() for label in labels[1:]), len(text)]
    if all(label["user"] is None for label in labels):
        return []
    # What follows the last turn behind an empty line is the task again.
    turns = [text[label.end() : end] for label, end in zip(labels, ends, strict=True) if label["user"] is not None]
    last = labels[-1]["user"] is not None
    return [*turns[:-1], _EMPTY_LINE.split(turns[-1].strip())[0] if last else turns[-1]]


def _in_json(text: str) -> list[str]:
    if not text.startswith("[") or len(text) > _MOST_JSON:
        return []
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [
        value
        for item in items
        if isinstance(item, dict) and item.get("role") == "user"
        for key in ("mainText", "content", "text")
        if isinstance(value := item.get(key), str)
    ]


def _loose(text: str, instructs: Callable[[str], bool]) -> list[str]:
    """Without any marks: what stands in a fence, else the paragraphs that are no part of the task."""
    fenced = _inside(text, "```", "```")
    if fenced:
        label = _FENCE_LABEL.match(fenced)
        return [_RULE.split(fenced[label.end() :] if label else fenced)[0]]
    paragraphs = [part for part in _EMPTY_LINE.split(_RULE.sub("\n", text)) if part.strip()]
    kept = [told for part in paragraphs if not instructs(part) and (told := _LABEL.sub("", f"{part}\n").strip())]
    if kept:
        return kept[:1]
    # All in one paragraph: what stands behind the last colon.
    return list(_behind_colon(text))


def _behind_colon(text: str) -> Iterator[str]:
    for before, after in pairwise([0, text.rfind(": ")]):
        if after > before:
            yield text[after + 2 :].strip().strip("\"'`“”")
