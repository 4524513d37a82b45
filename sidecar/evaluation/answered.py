"""What one answer is worth: its citations against the notes expected, its sentences against those it cites, whether it
abstains, whether it says what it should. Knows no model and no index.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sidecar.evaluation.containment import contains
from sidecar.evaluation.grounds import Citations, given_grounds
from sidecar.evaluation.reply import Reply
from sidecar.evaluation.sentences import Sentence, citations_outside, reading_text, sentences
from sidecar.evaluation.support import Ground, Judged, Support, judge
from sidecar.evaluation.targets import Aim
from sidecar.language.identification import identify
from sidecar.language.recognition import language_of
from sidecar.language.terms import fold

_LINK = re.compile(r"\[\[([^\[\]|\n]{1,400})")
_QUOTATION = re.compile(r"[“„«「『]([^“”„«»「」『』\n]{3,400})[”“»」』]|\"([^\"\n]{3,400})\"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A question, its answer, and what was found out about it. `None`: not asked for, or not known."""

    aim: Aim
    reply: Reply
    cited: tuple[str, ...]
    """Notes and targets cited, by name."""
    precision: float | None
    recall: float | None
    judged: Judged
    """By the passages that it cites."""
    judged_by_given: Judged | None
    """By all passages that the model was given."""
    abstains: bool
    hedges: bool
    """Whether it says that the notes do not hold the answer, and cites them or says what they hold all the same."""
    contains: bool | None = None
    first_contains: bool | None = None
    """Whether its first sentence does."""
    altered: int | None = None
    """Citations and quotations that were dropped or mended by the checking."""

    @property
    def language(self) -> str:
        """The language of the question: what the file says, else the one recognised."""
        return self.aim.question.language or language_of(self.aim.question.text)

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with it, in words; nothing for a good answer."""
        return tuple(_faults(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A question to which no answer came, and why."""

    aim: Aim
    problem: str
    hint: str | None = None


def measure(aim: Aim, reply: Reply, citations: Citations) -> Answered:
    """Find out what an answer is worth."""
    found = sentences(reply.text)
    given = None if reply.given is None else given_grounds(reply.given)
    abstains = abstaining(reply.text, found, [*citations.grounds, *(given or ())])
    expected = {name for name, grade in aim.grades.items() if grade > 0}
    answers, text = aim.question.answers, reading_text(reply.text)
    language = identify(text)
    return Answered(
        aim=aim,
        reply=reply,
        cited=citations.names,
        precision=citation_precision(citations.names, expected) if expected else None,
        recall=citation_recall(citations.names, expected) if expected else None,
        judged=judge(found, citations.grounds, readable=given or ()),
        judged_by_given=None if given is None else judge(found, given),
        abstains=abstains,
        hedges=not abstains and any(sentence.admits for sentence in found),
        contains=contains(text, answers, language=language) if answers else None,
        first_contains=bool(found) and contains(found[0].read, answers, language=language) if answers else None,
        altered=None if reply.written is None else altered(reply.written, reply.text),
    )


def citation_precision(cited: Sequence[str], expected: Collection[str]) -> float:
    """Share of the notes cited that are expected; 0 when nothing is cited."""
    return sum(name in expected for name in set(cited)) / len(set(cited)) if cited else 0.0


def citation_recall(cited: Sequence[str], expected: Collection[str]) -> float:
    """Share of the notes expected that are cited; 0 when none is expected."""
    return sum(name in cited for name in set(expected)) / len(set(expected)) if expected else 0.0


def abstaining(text: str, found: Sequence[Sentence], grounds: Sequence[Ground]) -> bool:
    """Whether an answer says that the notes do not hold what was asked, and nothing more than that.

    A sentence that stands in a passage word for word is a quotation and admits nothing. Where the answer begins with
    the admission, it may say more that cites nothing; else all that it says besides must be unsupported.
    """
    language = identify(text)
    support = Support(grounds, language=language)
    own = [sentence for sentence in found if not (sentence.admits and support.quoted(sentence.text))]
    rest = [sentence for sentence in own if not sentence.admits]
    if len(rest) == len(own) or citations_outside(text, list(own)):
        return False
    return own[0].admits or not any(support.of(sentence) for sentence in rest)


def altered(written: str, shown: str) -> int:
    """How many citations and quotations of a model's text are not in the text that was shown."""
    return sum((_marks(written) - _marks(shown)).values())


def _marks(text: str) -> Counter[str]:
    links = (f"[[{fold(target).strip()}" for target in _LINK.findall(text))
    quotations = (f'"{" ".join(fold(one or other).split())}' for one, other in _QUOTATION.findall(text))
    return Counter([*links, *quotations])


def _faults(answered: Answered) -> Iterator[str]:
    if not answered.aim.grades:
        if not answered.abstains:
            yield "does not say that the notes hold no answer"
    elif answered.abstains:
        yield "says that the notes hold no answer"
    elif not answered.recall:
        yield "cites none of the notes expected"
    elif missing := _missing(answered.aim.grades, answered.cited):
        yield f"does not cite {', '.join(missing)}"
    if answered.judged.unsupported:
        yield f"sentences not in what it cites: {len(answered.judged.unsupported)} of {answered.judged.sentences}"
    if answered.contains is False:
        yield f"does not say {' or '.join(map(repr, answered.aim.question.answers[:3]))}"
    if answered.altered:
        yield f"citations or quotations that did not check out: {answered.altered}"
    if answered.reply.cut:
        yield "was cut short"


def _missing(grades: Mapping[str, int], cited: Sequence[str]) -> list[str]:
    return [name for name, grade in grades.items() if grade > 0 and name not in cited]
