"""The patterns in which people exclude paths: Obsidian's filters and globs, compiled to regular expressions.

A vault that was shared or downloaded brings its own filters, and Python's regular expressions cannot be given a time
limit. So a filter is priced before it is compiled: what could take time beyond the cube of a path's length is refused.
"""

from __future__ import annotations

import re
import unicodedata

MAX_PATTERN = 256
"""Characters in one pattern."""
MAX_SUBJECT = 512
"""Characters of a path that a filter is run on. At `_MAX_COST` the worst filter takes 0.4 s on such a path."""
_MAX_COST = 3
_MAX_STARS = 8

# One JavaScript regular expression token: escape, class, group opening, group end, bar, repeat, counted repeat, other.
_TOKEN = re.compile(
    r"\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<\w+>))?|\)|\||[*+?]\??|\{\d+(?:,\d*)?\}\??|.", re.DOTALL
)
_EXACT_COUNT = re.compile(r"\{\d+\}\??")
_BACKREFERENCE = re.compile(r"\\[1-9k]")


def compile_filter(text: str) -> re.Pattern[str]:
    """Compile one entry of Obsidian's "Excluded files" to be used with `search` on a path, in NFC.

    An entry in slashes is a JavaScript regular expression, any other the beginning of a path; both ignore case, as in
    Obsidian. Raises ValueError with the reason for what cannot be used.
    """
    text = unicodedata.normalize("NFC", text)
    if len(text) > MAX_PATTERN:
        raise ValueError(f"it is longer than {MAX_PATTERN} characters")
    source = _from_javascript(text[1:-1]) if is_expression(text) else r"\A" + re.escape(text)
    try:
        return re.compile(source, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"it is not a valid regular expression ({error})") from error


def is_expression(text: str) -> bool:
    """Whether Obsidian reads this filter as a regular expression."""
    return len(text) > 1 and text.startswith("/") and text.endswith("/")


def compile_glob(glob: str) -> re.Pattern[str]:
    """Compile a glob to be used with `search` on a path that ends in `/`, in NFC.

    `*` and `?` stay within one name, `**` crosses folders, `[a-z]` is a class; a glob without `/` is met in any folder;
    a glob that meets a folder covers everything below it; case is ignored. Raises ValueError with the reason.
    """
    text = unicodedata.normalize("NFC", glob.strip()).replace("\\", "/").removeprefix("./")
    if text.startswith("!"):
        raise ValueError("exceptions with `!` are not supported")
    if len(text) > MAX_PATTERN or text.count("*") > _MAX_STARS:
        raise ValueError(f"it is longer than {MAX_PATTERN} characters or has more than {_MAX_STARS} stars")
    anchored = "/" in text.rstrip("/")
    text = text.strip("/")
    if not text:
        raise ValueError("it is empty")
    start = r"\A" if anchored else r"\A(?:.*/)?"
    try:
        return re.compile(f"{start}{_glob_body(text)}(?:/.*)?\\Z", re.IGNORECASE | re.DOTALL)
    except re.error as error:
        raise ValueError(f"it is not a valid glob ({error})") from error


def _glob_body(text: str) -> str:
    parts = re.findall(r"\*\*/|\*\*+|\*|\?|\[!?\]?[^\]/]*\]|.", text, re.DOTALL)
    return "".join(_GLOB_PARTS.get(part) or _glob_literal(part) for part in parts)


_GLOB_PARTS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _glob_literal(part: str) -> str:
    if part.startswith("**"):
        return ".*"
    if len(part) == 1:
        return re.escape(part)
    negated = part.startswith("[!")
    members = part[2 if negated else 1 : -1].replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")
    return f"[{'^' if negated else ''}{members.removeprefix('^')}]"


def _from_javascript(source: str) -> str:
    return _Pricing(_TOKEN.findall(source)).translate()


class _Group:
    """An open group: whether something in it repeats, and whether it has alternatives."""

    def __init__(self) -> None:
        self.repeats = False
        self.alternatives = False


class _Pricing:
    """Goes over the parts once, writing Python's form and adding up what each branch can cost.

    The cost is the exponent of the worst time: one for not being anchored, one for each repeat, one for each group with
    alternatives. A repeated group that repeats or branches inside is exponential and refused at any price.
    """

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._out: list[str] = []
        self._open: list[_Group] = []
        self._closed: _Group | None = None
        self._cost = self._base(0)

    def translate(self) -> str:
        """Give Python's form of the expression. Raises ValueError when it costs too much."""
        skip = -1
        for place, part in enumerate(self._tokens):
            if place <= skip:
                continue
            if self._free(place):
                # `.*` at either end of a branch changes nothing in a search but would cost its square.
                skip = place + 1
                continue
            self._take(place, part)
            if self._cost > _MAX_COST:
                raise ValueError("it could take too long: use fewer repeats, or start it with `^`")
        return "".join(self._out)

    def _base(self, place: int) -> int:
        return 0 if place < len(self._tokens) and self._tokens[place] == "^" else 1

    def _free(self, place: int) -> bool:
        if self._open or self._tokens[place : place + 2] not in ([".", "*"], [".", "*?"]):
            return False
        before = self._tokens[place - 1] if place else "|"
        after = self._tokens[place + 2] if place + 2 < len(self._tokens) else "|"
        return before == "|" or after == "|"

    def _take(self, place: int, part: str) -> None:
        closed, self._closed = self._closed, None
        if part.startswith("("):
            self._open.append(_Group())
            part = re.sub(r"^\(\?<(?=\w)", "(?P<", part)
        elif part == ")" and self._open:
            self._close(self._open.pop())
        elif part == "|":
            self._branch(place)
        elif part[0] in "*+?" or (len(part) > 1 and part[0] == "{"):
            self._repeat(part, closed)
        elif _BACKREFERENCE.match(part):
            raise ValueError("back-references are not supported")
        elif len(part) > 1 and part[0] == "[":
            part = f"[{_class_members(part[1:-1])}]"
        self._out.append(part)

    def _close(self, group: _Group) -> None:
        self._closed = group
        self._cost += group.alternatives
        if self._open:
            self._open[-1].repeats |= group.repeats
            self._open[-1].alternatives |= group.alternatives

    def _branch(self, place: int) -> None:
        if self._open:
            self._open[-1].alternatives = True
        else:
            # Alternatives of the whole expression are tried one after another: their costs do not multiply.
            self._cost = self._base(place + 1)

    def _repeat(self, part: str, closed: _Group | None) -> None:
        if closed is not None and (closed.repeats or closed.alternatives):
            raise ValueError("a repeated group must not repeat or branch inside: it could take for ever")
        if not _EXACT_COUNT.fullmatch(part):
            self._cost += 1
            if self._open:
                self._open[-1].repeats = True


def _class_members(members: str) -> str:
    # In Python these stand for (future) set operations, in JavaScript for themselves.
    return re.sub(r"(?<!\\)(\[|--|&&|\|\||~~)", lambda found: "".join(f"\\{c}" for c in found[0]), members)
