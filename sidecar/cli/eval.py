"""`sidecar eval`: how good search is on the user's own questions, and what a change of settings did to it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sidecar.cli.eval_tables import show_comparison, show_report
from sidecar.cli.options import choose_vaults, json_option, model_options, read_settings, settings_options
from sidecar.cli.output import print_json, set_up_logging, stderr, with_progress
from sidecar.cli.session import running_server
from sidecar.config import Config, with_vaults
from sidecar.errors import ConfigError
from sidecar.evaluation.comparison import compare, read_results
from sidecar.evaluation.questions import Question, read_questions
from sidecar.evaluation.report import Report, evaluate, searches_of, shown
from sidecar.evaluation.snapshot import copy_indexes
from sidecar.evaluation.targets import take_aim
from sidecar.runtime import Runtime, open_runtime
from sidecar.runtime.opening import index_folder

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("eval")
@click.argument("file", type=_FILE)
@click.option("--vault", "vaults", multiple=True, type=click.Path(path_type=Path), help="Ask this folder.")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 100), help="Measure the first N notes.")
@click.option("--ablation", is_flag=True, help="Ask again without each part of the search, to see what it adds.")
@click.option("--failures", is_flag=True, help="List the questions that failed, and where the expected note came.")
@click.option("--save", type=_FILE, help="Keep the results in this file.")
@click.option("--compare", "before", type=_FILE, help="Say what has changed since the results in this file.")
@model_options
@settings_options
@json_option
def evaluate_command(
    file: Path,
    vaults: tuple[Path, ...],
    limit: int,
    ablation: bool,
    failures: bool,
    save: Path | None,
    before: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Ask the questions of FILE and measure how well search finds the notes that they expect.

    A line of FILE is a JSON object, such as {"question": "What is the gate code?", "expected": ["Cabin"]}. Measured are
    nDCG, recall, MRR (each 100 at best) and the time of a search, over all questions, by language and by tag.
    """
    config = read_settings(flags, vaults=vaults)
    set_up_logging("warning" if config.log_level == "info" else config.log_level)
    questions = read_questions(file)
    kept = None if before is None else read_results(before, limit=limit)
    ask = partial(_ask, questions=questions, file=file, limit=limit, ablation=ablation, explained=failures)
    facts, report = asyncio.run(_evaluate(config, ask, here=bool(vaults)))
    found = facts | shown(report)
    comparison = None if kept is None else compare(kept, found["results"])
    if save is not None:
        _save(save, found)
    if as_json:
        print_json(found if comparison is None else found | {"comparison": asdict(comparison)})
        return
    show_report(report, vault=facts["vault"], embedding=facts["embedding"])
    if comparison is not None:
        show_comparison(comparison)


async def _evaluate(config: Config, ask: Callable[[Runtime], Any], *, here: bool) -> tuple[dict[str, Any], Report]:
    async with _opened(config, here=here) as runtime:
        found: tuple[dict[str, Any], Report] = await ask(runtime)
        return found


async def _ask(
    runtime: Runtime, *, questions: list[Question], file: Path, limit: int, ablation: bool, explained: bool
) -> tuple[dict[str, Any], Report]:
    vault = runtime.vault(None)
    await with_progress([vault], vault.index(accept_removals=False))
    aims = await vault.read(lambda connection: take_aim(questions, connection, file=file))
    embedding = (await vault.status())["embedding"]["model"]
    vectors = embedding is not None
    with _counted(searches_of(len(aims), vectors=vectors, ablation=ablation)) as count:
        report = await evaluate(
            aims,
            vault.retriever,
            limit=limit,
            vectors=vectors,
            ablation=ablation,
            explained=explained,
            on_asked=count,
        )
    return {"vault": vault.name, "embedding": embedding}, report


@asynccontextmanager
async def _opened(config: Config, *, here: bool) -> AsyncIterator[Runtime]:
    """The vault opened here; where a server holds the data folder, a copy of its index, which then is thrown away."""
    async with running_server(config) as server:
        served = (await server.json("GET", "/vault/status"))["vaults"] if server is not None else None
    if served is None:
        async with open_runtime(choose_vaults(config)) as runtime:
            yield runtime
        return
    if not here and served:
        config = with_vaults(config, (Path(served[0]["path"]),))
    config = choose_vaults(config)
    with tempfile.TemporaryDirectory(prefix="sidecar-eval-") as folder:
        for vault in (path.resolve() for path in config.vaults[:1]):
            copied = index_folder(Path(folder), vault)
            await asyncio.to_thread(copy_indexes, index_folder(config.data_dir, vault), copied)
        async with open_runtime(replace(config, data_dir=Path(folder))) as runtime:
            yield runtime


@contextmanager
def _counted(total: int) -> Iterator[Callable[[], None]]:
    """A bar of how many searches are done, when standard error is a terminal."""
    console = stderr()
    if not console.is_terminal:
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("asking", total=total)
        yield lambda: progress.advance(bar)


def _save(path: Path, found: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The results cannot be kept in {path}: {error.strerror or error}.", hint="Name another file with --save."
        ) from error
