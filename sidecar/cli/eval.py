"""`sidecar eval`: how good search and answers are on the user's own questions, and what a change of settings did."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from sidecar.cli.eval_answers import show_answer_comparison, show_answers
from sidecar.cli.eval_asking import answers_of, counted
from sidecar.cli.eval_opening import opened, server_answerer
from sidecar.cli.eval_tables import show_comparison, show_report
from sidecar.cli.options import json_option, model_options, read_settings, settings_options
from sidecar.cli.output import print_json, set_up_logging
from sidecar.cli.progress import with_progress
from sidecar.config import Config
from sidecar.errors import ConfigError
from sidecar.evaluation.answer_comparison import compare_answers, read_answers
from sidecar.evaluation.answer_report import AnswerReport, sample, shown_answers
from sidecar.evaluation.comparison import compare, read_results
from sidecar.evaluation.questions import Question, read_questions
from sidecar.evaluation.report import Report, evaluate, searches_of, shown
from sidecar.evaluation.targets import Aim, take_aim
from sidecar.runtime.runtime import Runtime

_FILE = click.Path(path_type=Path, dir_okay=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is to be measured. `flags` are those of the models as they were typed."""

    file: Path
    questions: list[Question]
    limit: int
    ablation: bool
    listed: bool
    answers: bool
    seed: int
    here: bool
    flags: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was measured: `answers` when it was asked for, `served` when a running server gave them."""

    vault: str
    embedding: str | None
    report: Report
    answers: AnswerReport | None = None
    served: bool = False


@click.command("eval")
@click.argument("file", type=_FILE)
@click.option("--vault", "vaults", multiple=True, type=click.Path(path_type=Path), help="Ask this folder.")
@click.option("--answers", is_flag=True, help="Have every question answered as well, and measure the answers.")
@click.option("--sample", "size", type=click.IntRange(1), metavar="N", help="Ask N of the questions.")
@click.option("--seed", default=0, show_default=True, help="Which N, and where a model begins that throws dice.")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 100), help="Measure the first N notes.")
@click.option("--ablation", is_flag=True, help="Ask again without each part of the search, to see what it adds.")
@click.option("--failures", is_flag=True, help="List what failed: where the expected note came, what was answered.")
@click.option("--save", type=_FILE, help="Keep the results in this file.")
@click.option("--compare", "before", type=_FILE, help="Say what has changed since the results in this file.")
@model_options
@settings_options
@json_option
def evaluate_command(
    file: Path,
    vaults: tuple[Path, ...],
    answers: bool,
    size: int | None,
    seed: int,
    limit: int,
    ablation: bool,
    failures: bool,
    save: Path | None,
    before: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Measure on questions of yours how well search finds notes.

    A line of FILE is a JSON object, such as {"question": "What is the gate code?", "expected": ["Cabin"]}. Measured are
    nDCG, recall, MRR (each 100 at best) and the time of a search, over all questions, by language and by tag.

    With --answers, the model answers each question, at temperature 0, and measured are the notes cited against those
    expected, the sentences against the notes cited, and whether a question that no note answers (`"expected": []`) is
    answered with that. Ctrl-C ends the answering; what was measured until then is told.
    """
    config = read_settings(flags, vaults=vaults)
    set_up_logging("warning" if config.log_level == "info" else config.log_level)
    wanted = _Wanted(
        file=file,
        questions=sample(read_questions(file), size, seed=seed),
        limit=limit,
        ablation=ablation,
        listed=failures,
        answers=answers,
        seed=seed,
        here=bool(vaults),
        flags=flags,
    )
    kept = None if before is None else read_results(before, limit=limit)
    kept_answers = None if before is None or not answers else read_answers(before)
    found = asyncio.run(_evaluate(config, wanted))
    facts = _facts(found, wanted)
    compared: dict[str, Any] = {} if kept is None else {"comparison": compare(kept, facts["results"])}
    if found.answers is not None and kept_answers is not None:
        compared["answer_comparison"] = compare_answers(kept_answers, facts["answers"]["results"])
    if save is not None:
        _save(save, facts)
    if as_json:
        print_json(facts | {name: asdict(each) for name, each in compared.items()})
    else:
        _show(found, compared, listed=failures)
    if found.answers is not None and not found.answers.complete:
        raise KeyboardInterrupt


async def _evaluate(config: Config, wanted: _Wanted) -> _Found:
    async with opened(config, here=wanted.here) as runtime:
        vault = runtime.vault(None)
        await with_progress([vault], vault.index(accept_removals=False))
        aims = await vault.read(lambda connection: take_aim(wanted.questions, connection, file=wanted.file))
        embedding = (await vault.status())["embedding"]["model"]
        report = await _searched(runtime, aims, wanted, vectors=embedding is not None)
        found = _Found(vault=vault.name, embedding=embedding, report=report)
        return await _answered(config, runtime, aims, wanted, found) if wanted.answers else found


async def _searched(runtime: Runtime, aims: list[Aim], wanted: _Wanted, *, vectors: bool) -> Report:
    with counted(searches_of(len(aims), vectors=vectors, ablation=wanted.ablation), "asking") as count:
        return await evaluate(
            aims,
            runtime.vault(None).retriever,
            limit=wanted.limit,
            vectors=vectors,
            ablation=wanted.ablation,
            explained=wanted.listed,
            on_asked=count,
        )


async def _answered(config: Config, runtime: Runtime, aims: list[Aim], wanted: _Wanted, found: _Found) -> _Found:
    options = {"temperature": 0, "seed": wanted.seed}
    async with server_answerer(config, here=wanted.here, flags=wanted.flags, options=options) as server:
        answers = await answers_of(aims, runtime, server, options=options)
    return replace(found, answers=answers, served=server is not None)


def _facts(found: _Found, wanted: _Wanted) -> dict[str, Any]:
    facts = {"vault": found.vault, "embedding": found.embedding} | shown(found.report)
    if found.answers is not None:
        facts["answers"] = {"served": found.served, "seed": wanted.seed} | shown_answers(found.answers)
    return facts


def _show(found: _Found, compared: Mapping[str, Any], *, listed: bool) -> None:
    show_report(found.report, vault=found.vault, embedding=found.embedding)
    if found.answers is not None:
        show_answers(found.answers, server=found.served, listed=listed)
    if "comparison" in compared:
        show_comparison(compared["comparison"])
        if found.answers is not None:
            show_answer_comparison(compared.get("answer_comparison"))


def _save(path: Path, facts: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The results cannot be kept in {path}: {error.strerror or error}.", hint="Name another file with --save."
        ) from error
