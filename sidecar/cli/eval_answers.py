"""What `sidecar eval --answers` prints: figures as a table, answers with something wrong, what has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import click

from sidecar.cli.output import print_list, printable
from sidecar.cli.table import print_table
from sidecar.evaluation.answer_comparison import AnswerChange, AnswerComparison
from sidecar.evaluation.answer_figures import AnswerFigures
from sidecar.evaluation.answer_report import AnswerReport
from sidecar.evaluation.answered import Answered
from sidecar.runtime.status_words import counted

_MOST_CHANGES = 20
_MOST_SENTENCES = 3
_SHOWN = 240
_HEADS = ("", "answers", "precision", "recall", "unsupported", "abstained", "falsely", "says it", "first s", "p50 s")
_NAMES = {
    "precision": "citation precision",
    "recall": "citation recall",
    "unsupported": "unsupported sentences",
    "abstained": "abstained without an answer in the vault",
    "falsely_abstained": "abstained with one",
    "contains": "says the answer",
}


def show_answers(report: AnswerReport, *, server: bool, listed: bool) -> None:
    """Everything that was found; with `listed`, the answers that have a fault."""
    place = ", asked of the running server" if server else ""
    click.echo("")
    click.echo(printable(f"Answers of {report.model}{place}: {counted(len(report.answered), 'question')}"))
    rows = [_row("all", report.overall)]
    if len(report.languages) > 1:
        rows += [_row(name, figures) for name, figures in report.languages.items()]
    rows += [_row(f"#{name}", figures) for name, figures in report.tags.items()]
    print_table(_HEADS, rows)
    for line in _told(report):
        click.echo(printable(line))
    if not report.complete:
        asked = len(report.answered) + len(report.unanswered)
        click.echo(f"Interrupted: {report.asked - asked} of {counted(report.asked, 'question')} were not asked.")
    _show_faulty(report, listed=listed)


def show_answer_comparison(comparison: AnswerComparison | None) -> None:
    """What has changed since the answers that were kept; `None` when those results hold none."""
    if comparison is None:
        click.echo("\nThe results that were kept hold no answers to compare with.")
        return
    click.echo(f"\nAnswers since then, over {counted(comparison.common, 'question')} answered both times:")
    for name, (before, after) in comparison.figures.items():
        if before is not None or after is not None:
            click.echo(f"  {_NAMES[name]} {_percent(before)} → {_percent(after)}")
    if comparison.new or comparison.gone:
        click.echo(f"  {comparison.new} were not answered then, {comparison.gone} are no longer")
    for title, changes in (("Now without a fault", comparison.mended), ("Now with a fault", comparison.broken)):
        if changes:
            click.echo(f"{title}:")
            print_list([_told_change(each) for each in changes], most=_MOST_CHANGES, indent="  ")


def _told(report: AnswerReport) -> Iterator[str]:
    overall = report.overall
    if overall.questions and overall.uncited:
        yield f"Citing nothing: {overall.uncited} of {overall.questions} answers that should."
    if overall.empty:
        hedged = f"; {overall.hedged} more say so and cite notes all the same" if overall.hedged else ""
        given = "" if overall.given_nothing is None else f"; the model was given nothing for {overall.given_nothing}"
        said = round((overall.abstained or 0) * overall.empty)
        yield f"No answer in the vault: {said} of {overall.empty} answers say so{hedged}{given}."
    if overall.sentences:
        given = ""
        if overall.unsupported_by_given is not None:
            given = f", {_percent(overall.unsupported_by_given)} % in nothing that the model was given"
        unjudged = f"; {overall.unjudged} more cannot be judged" if overall.unjudged else ""
        sentences = counted(overall.sentences, "sentence")
        yield f"Of {sentences}, {_percent(overall.unsupported)} % are not in what is cited{given}{unjudged}."
    if overall.first_contains is not None:
        yield f"Saying the answer in the first sentence: {_percent(overall.first_contains)} % of {overall.known}."
    if overall.altered:
        yield f"Citations and quotations dropped or mended: {overall.altered}."
    if overall.cut:
        yield f"Cut short: {counted(overall.cut, 'answer')}."
    if overall.completion_tokens is not None:
        yield f"Tokens: {overall.prompt_tokens or 0:.0f} read and {overall.completion_tokens:.0f} written per answer."
    for problem, count in Counter(each.problem for each in report.unanswered).most_common():
        yield f"Not answered: {counted(count, 'question')}. {problem}"


def _show_faulty(report: AnswerReport, *, listed: bool) -> None:
    if not report.faulty:
        return
    more = ":" if listed else "; --failures lists them."
    click.echo(f"\n{counted(len(report.faulty), 'answer')} with a fault{more}")
    for answered in report.faulty if listed else ():
        question = answered.aim.question
        click.echo(printable(f"  line {question.line}: {' '.join(question.text.split())}"))
        for line in _told_faulty(answered):
            click.echo(printable(f"    {line}"))


def _told_faulty(answered: Answered) -> Iterator[str]:
    yield "; ".join(answered.faults)
    if answered.aim.grades:
        yield f"expected: {', '.join(answered.aim.grades)}"
    yield f"cited: {', '.join(answered.cited) or 'nothing'}"
    for sentence in answered.judged.unsupported[:_MOST_SENTENCES]:
        yield f"not in what it cites: {_short(sentence)}"
    yield f"answer: {_short(answered.reply.text) or 'empty'}"


def _told_change(change: AnswerChange) -> str:
    return f"{_short(change.question)} ({'; '.join(change.faults)})"


def _row(name: str, figures: AnswerFigures) -> tuple[str, ...]:
    shares = (figures.precision, figures.recall, figures.unsupported)
    abstentions = (figures.abstained, figures.falsely_abstained, figures.contains)
    first = "-" if figures.first_p50 is None else f"{figures.first_p50:.2f}"
    answers = str(figures.questions + figures.empty)
    return (name, answers, *map(_percent, (*shares, *abstentions)), first, f"{figures.seconds_p50:.2f}")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _short(text: str) -> str:
    line = " ".join(text[: 4 * _SHOWN].split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
