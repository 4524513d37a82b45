"""`sidecar models fit` and `sidecar models recommend`: what runs on this machine, and how well."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from sidecar.cli.options import json_option, read_settings, settings_options
from sidecar.cli.output import print_json, print_wrapped, printable, set_up_logging
from sidecar.cli.terminal import stderr, stdout
from sidecar.hardware.bandwidth import measure_bandwidth
from sidecar.hardware.machine import Machine, look
from sidecar.models.candidates import why_best
from sidecar.models.choice import Recommendation
from sidecar.models.fit import RAG_CONTEXT, READING_SPEED, Fit, gib
from sidecar.runtime.model_advice import FitAdvice, advise, advise_on_fit, header_of
from sidecar.runtime.model_facts import advice_facts, recommendation_facts

_VERDICTS: Mapping[str, str] = {
    "fits": "It fits.",
    "fits_with_q8_0_cache": 'It fits with a key-value cache of 8 bits (`kv_cache_type = "q8_0"`).',
    "does_not_fit": "It does not fit.",
}
_COMPONENTS: Mapping[str, str] = {"chat": "chat", "embedding": "embedding", "rerank": "reranking"}


@click.command("fit")
@click.argument("model")
@click.option(
    "--context",
    "context_length",
    type=click.IntRange(256, 1 << 24),
    default=RAG_CONTEXT,
    show_default=True,
    help="Tokens of one conversation, with the passages from the notes.",
)
@settings_options
@json_option
def fit(model: str, context_length: int, as_json: bool, **flags: Any) -> None:
    """Say whether MODEL runs on this machine, and how fast.

    What it needs of memory is set against what is there. MODEL is a name of the catalogue, the path of a GGUF file, or
    the name of a model that is here.
    """
    config = read_settings(flags)
    set_up_logging("error")
    called, header = header_of(model, config)
    advice = advise_on_fit(called, header, config=config, machine=_measured(), context_length=context_length)
    if as_json:
        print_json(advice_facts(advice.fit, advice.best, advice.notes))
    else:
        _show_fit(advice)


@click.command("recommend")
@click.option("--language", metavar="CODE", help="A language that the answers are in, such as `pt`.")
@settings_options
@json_option
def recommend(language: str | None, as_json: bool, **flags: Any) -> None:
    """Say which models to use on this machine.

    It is measured for two seconds; each model comes with the command that fetches it.
    """
    if language is not None and not (language.isascii() and language.isalpha() and 2 <= len(language) <= 3):
        raise click.BadParameter("use a code of two letters, such as `pt`", param_hint="--language")
    config = read_settings(flags)
    set_up_logging("error")
    machine = _measured()
    advice = asyncio.run(advise(config, machine=machine, language=language and language.lower()))
    if as_json:
        print_json(recommendation_facts(advice, machine))
        return
    _show_recommendation(advice, machine)


def _measured() -> Machine:
    """The machine with its bandwidth, which takes two seconds."""
    console = stderr()
    if not console.is_terminal:
        return _measure()
    with console.status("Measuring how fast memory is read …"):
        return _measure()


def _measure() -> Machine:
    machine = look()
    return replace(machine, bandwidth=measure_bandwidth(machine=machine))


def _show_fit(advice: FitAdvice) -> None:
    found = advice.fit
    click.echo(click.style(printable(found.name), bold=True))
    _print_table(("part", "memory", ""), _rows(found))
    click.echo("")
    for sentence in _verdict(found):
        print_wrapped(sentence, first="", rest="")
    if advice.best is not None and advice.best.name != found.name:
        print_wrapped(_better(advice.best), first="", rest="")
    elif advice.best is None and not found.fits and found.kind == "chat":
        print_wrapped("No chat model of the catalogue fits: answers are quotations from the notes.", first="", rest="")
    for note in advice.notes:
        print_wrapped(note, first="", rest="")


def _rows(found: Fit) -> Iterator[tuple[str, str, str]]:
    memory, machine = found.tuning.memory, found.machine
    tokens = f"{found.tuning.context_length:,} tokens, {found.tuning.kv_type}"
    yield "weights", gib(memory.weights), ""
    if memory.kv_cache:
        yield "key-value cache", gib(memory.kv_cache), tokens
    yield "compute buffers", gib(memory.compute), ""
    yield "process", gib(memory.process), ""
    if found.kind != "embedding":
        yield "embedding model", _or_none(found.beside.embedding), ""
    if found.kind != "rerank":
        yield "reranking model", _or_none(found.beside.rerank), ""
    yield "total", gib(found.total), f"{gib(memory.on_gpu)} of it on graphics" if memory.on_gpu else ""
    yield "in use now", gib(machine.total - machine.available), "by the system and other programs"
    yield "available", gib(machine.available), f"of {gib(machine.total)}, {gib(found.kept)} of it stay free"
    for gpu in machine.gpus:
        shared = "shared with the system" if gpu.unified else f"of {gib(gpu.total)}"
        yield gpu.name, gib(gpu.free), shared


def _or_none(size: int) -> str:
    return gib(size) if size else "none"


def _verdict(found: Fit) -> Iterator[str]:
    context = f"{found.tuning.context_length:,} of {found.wanted_context:,} tokens"
    if found.verdict == "fits_with_shorter_context":
        trained = "" if found.tuning.kv_type == "q8_0" else "; it was trained for no more"
        yield f"It fits with a shorter context: {context}{trained}."
    else:
        yield _VERDICTS[found.verdict]
    if found.fits and found.speed is not None:
        slow = "" if found.speed >= READING_SPEED else ", which is slower than people read"
        yield f"About {_speed(found.speed)} tokens a second{slow}. That is an estimate from how fast memory is read."


def _better(best: Fit) -> str:
    speed = f" and makes about {_speed(best.speed)} tokens a second" if best.speed is not None else ""
    why = why_best(best)
    q8 = " with a cache of 8 bits" if best.tuning.kv_type == "q8_0" else ""
    needs = f"it needs {gib(best.total)}{q8} for {best.tuning.context_length:,} tokens{speed}"
    return f"The best that fits is {best.name}, because it is {why[0].lower()}{why[1:]}: {needs}."


def _show_recommendation(advice: Recommendation, machine: Machine) -> None:
    rows = [
        (
            _COMPONENTS[choice.component],
            choice.name,
            choice.reason,
            gib(choice.memory) if choice.memory else "",
            _speed(choice.speed),
        )
        for choice in advice.choices
    ]
    print_wrapped(_told(machine), first="", rest="")
    click.echo("")
    _print_table(("component", "choice", "reason", "memory", "tokens/s"), rows)
    for note in advice.notes:
        click.echo("")
        print_wrapped(note, first="", rest="")
    click.echo("")
    for command in advice.commands:
        click.echo(f"  {printable(command)}")


def _told(machine: Machine) -> str:
    cores = f"{machine.cores} {'core' if machine.cores == 1 else 'cores'}"
    parts = [f"{gib(machine.total)} of memory, {gib(machine.available)} available", cores]
    if machine.bandwidth is not None:
        parts.append(f"memory read at {machine.bandwidth / 1e9:.0f} GB/s")
    parts += [f"{gpu.name} with {gib(gpu.total)}" for gpu in machine.gpus if gpu.total]
    return "This machine: " + "; ".join(parts) + "."


def _speed(speed: float | None) -> str:
    if speed is None:
        return ""
    return f"{speed:.1f}" if speed < 10 else f"{speed:.0f}"


def _print_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns on a terminal; in a pipe, lines with tabs."""
    console = stdout()
    if not console.is_terminal:
        for row in (heads, *rows):
            click.echo("\t".join(printable(cell) for cell in row).rstrip())
        return
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, justify="right" if head in {"memory", "tokens/s"} else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(printable(cell)) for cell in row))
    console.print(table, soft_wrap=False)
