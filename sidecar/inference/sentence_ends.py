"""Where a sentence ends, in prose of any language: at marks that end one or, in Thai, at blanks between clauses."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

LONGEST = 500
"""Characters of the longest quotation."""
# Thai, Lao and Khmer have no mark at the end of a sentence; a clause of this length says something by itself.
_LONGEST_UNMARKED = 220
_PROTECTED = re.compile(r"\[\[[^\[\]]*\]\]|`[^`]*`|\]\([^()]*\)")
# The look-behind keeps a long row of dots from being tried at each of them.
_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’»)\]*_=~]*\s+(?=[\"'“‘«(\[¿¡*_`=~]*[^\W_a-z])|[。！？；]+[」』”’）]*|[؟।]\s*"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[“\"])(?:[^\W\d_]|Mr|Mrs|Ms|Dr|Dra|Prof|Sr|Sra|Jr|St|Nr|No|Fig|Art|Abs|Bd|Abb|Hrsg|vs|cf|ca|bzw|vgl"
    r"|approx|pp|vol|Vol|ed|eds|cap|pág|págs|núm|e\.g|i\.e|z\.B|d\.h|u\.a|p\.ej|p\.ex|a\.C|d\.C|U\.S|Mme|Mlle|Sig|Dott"
    r"|Ing|Inc|Ltd|Co|Corp|Gen|Col|Capt|Lt|Rev|Gov|Sen|Mt|Jan|Feb|Aug|Sept|Oct|Nov|Dec|Ave|Blvd"
    r"|кв|гг|вв|др|пр|им|ул|тыс|млн|млрд|руб|см|рис|стр|напр|т\.е|т\.д|т\.п|н\.э|np|tzw|ul|m\.in|tj|bijv|dhr|mevr)"
    r"\.[\"'”’»)\]]*\s+$"
)
_UNMARKED = re.compile("[\u0e01-\u0eff\u1780-\u17ff]")
_CLAUSE = re.compile(r"[,;:，、]\s*|\s+")


def split_sentences(text: str) -> Iterator[str]:
    """Give the sentences of a paragraph, whose blanks are single; one that is too long to be quoted comes in pieces."""
    protected = [found.span() for found in _PROTECTED.finditer(text)]
    lefts = [left for left, _ in protected]
    start = 0
    for found in _END.finditer(text):
        end = found.end()
        before = bisect_right(lefts, found.start()) - 1
        inside = before >= 0 and found.start() < protected[before][1]
        if not inside and not _ABBREVIATION.search(text[max(start, end - 16) : end]):
            yield from _fitting(text[start:end])
            start = end
    yield from _fitting(text[start:])


def _fitting(sentence: str) -> Iterator[str]:
    """Cut what is too long to be a quotation at the last comma or blank that fits."""
    longest = _LONGEST_UNMARKED if _UNMARKED.search(sentence, 0, LONGEST) else LONGEST
    while len(sentence) > longest:
        cuts = [found.end() for found in _CLAUSE.finditer(sentence, longest // 2, longest)]
        cut = cuts[-1] if cuts else longest
        yield sentence[:cut]
        sentence = sentence[cut:]
    yield sentence
