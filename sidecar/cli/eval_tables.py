"""What `sidecar eval` prints: figures as a table, questions that failed, what has changed."""

from __future__ import annotations

from collections.abc import Iterable

import click

from sidecar.cli.output import print_list, printable
from sidecar.cli.table import print_table
from sidecar.evaluation.comparison import Change, Comparison
from sidecar.evaluation.failures import DEPTH, Failure
from sidecar.evaluation.report import Report
from sidecar.evaluation.run import Figures, intruders
from sidecar.runtime.status_words import counted

_MOST_CHANGES = 20


def show_report(report: Report, *, vault: str, embedding: str | None) -> None:
    """Everything that was asked for."""
    overall, limit = report.overall, report.limit
    meaning = f"embedding: {embedding}" if embedding else "no embedding, words alone"
    click.echo(printable(f"{vault}: {counted(len(report.asked), 'question')}, {meaning}"))
    rows = [_row("all", overall)]
    if len(report.languages) > 1:
        rows += [_row(name, figures) for name, figures in report.languages.items()]
    rows += [_row(f"#{name}", figures) for name, figures in report.tags.items()]
    if overall.questions:
        print_table(_heads("", limit), rows)
    if overall.empty:
        click.echo(f"Should find nothing: {overall.abstained} of {overall.empty} would give chat nothing.")
    if overall.guarded:
        click.echo(
            f"Should not come: {overall.intruded} of {overall.guarded} have a note of `not` among the first {limit}."
        )
    if report.variants:
        _show_ablation(report)
    _show_failures(report)


def show_comparison(comparison: Comparison) -> None:
    """What has changed since the results that were kept."""
    change = 100 * (comparison.after - comparison.before)
    click.echo(
        f"\nSince then, over {counted(comparison.common, 'question')} asked both times: {_percent(comparison.before)}"
        f" → {_percent(comparison.after)} ({change:+.1f}); {len(comparison.better)} better,"
        f" {len(comparison.worse)} worse"
    )
    if comparison.new or comparison.gone:
        click.echo(f"{comparison.new} were not asked then, {comparison.gone} are no longer asked")
    for name, changes in (("Better", comparison.better), ("Worse", comparison.worse)):
        if changes:
            click.echo(f"{name}:")
            print_list([_told_change(each) for each in changes], most=_MOST_CHANGES, indent="  ")


def _show_ablation(report: Report) -> None:
    heads = ("", f"nDCG@{report.limit}", "change", f"Recall@{report.limit}", "p50 ms", "better", "worse")
    rows = [("all parts", *_short_row(report.overall, ""), "", "")]
    for each in report.variants:
        change = f"{100 * (each.figures.ndcg - report.overall.ndcg):+.1f}"
        rows.append((each.name, *_short_row(each.figures, change), str(each.better), str(each.worse)))
    click.echo("")
    print_table(heads, rows)


def _short_row(figures: Figures, change: str) -> tuple[str, ...]:
    return (_percent(figures.ndcg), change, _percent(figures.recall), f"{figures.p50_ms:.1f}")


def _show_failures(report: Report) -> None:
    if not report.failed:
        return
    more = ":" if report.failures else "; --failures lists them."
    click.echo(f"\n{counted(report.failed, 'question')} failed{more}")
    for failure in report.failures:
        question = failure.asked.aim.question
        click.echo(printable(f"  line {question.line}: {' '.join(question.text.split())}"))
        for line in _told_failure(failure, report.limit):
            click.echo(printable(f"    {line}"))


def _told_failure(failure: Failure, limit: int) -> Iterable[str]:
    expected = list(failure.asked.aim.grades)
    if unwanted := intruders(failure.asked, limit=limit):
        yield f"should not come: {', '.join(unwanted)}"
    found = ", ".join(failure.asked.ranked[:3]) or "nothing"
    if not expected:
        yield f"should find nothing; found: {found}"
        return
    yield f"expected: {', '.join(expected)}"
    place = f"not among the first {DEPTH} hits" if failure.rank is None else f"at rank {failure.rank}"
    lanes = (f"by {name} alone {'not found' if rank is None else rank}" for name, rank in failure.lanes.items())
    yield f"{place}; {', '.join(lanes)}; words matched: {', '.join(failure.matched) or 'none'}"
    yield f"found first: {found}"


def _told_change(change: Change) -> str:
    ranks = (str(rank) if rank is not None else "none" for rank in (change.rank_before, change.rank_after))
    scores = f"{_percent(change.before)} → {_percent(change.after)}"
    return f"{scores}, rank {' → '.join(ranks)}: {' '.join(change.question.split())}"


def _heads(first: str, limit: int) -> tuple[str, ...]:
    return (first, "questions", f"nDCG@{limit}", f"Recall@{limit}", f"MRR@{limit}", "Hit@1", "p50 ms", "p95 ms")


def _row(name: str, figures: Figures) -> tuple[str, ...]:
    shares = (figures.ndcg, figures.recall, figures.mrr, figures.hit)
    times = (figures.p50_ms, figures.p95_ms)
    return (name, str(figures.questions), *map(_percent, shares), *(f"{each:.1f}" for each in times))


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
