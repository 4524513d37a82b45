"""What `sidecar models list` prints: a table on terminals, lines with tabs in pipes, everything as JSON."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from sidecar.cli.output import print_check, print_wrapped, printable
from sidecar.cli.terminal import stdout
from sidecar.models.description import ModelDescription
from sidecar.models.disk import as_size
from sidecar.models.places import OWNER_NAMES, Place
from sidecar.models.removal import Leftover

_GAP = 2
_HEADS = ("name", "kind", "size", "weights", "quantised", "context", "licence")


def model_facts(
    described: Sequence[ModelDescription], left: Sequence[Leftover], searched: Sequence[Place]
) -> dict[str, Any]:
    """The list as JSON. Sizes in bytes, lengths in tokens, `null` for what a file does not say."""
    return {
        "places": [{"owner": place.owner, "folder": str(place.folder)} for place in searched],
        "models": [_facts(each) for each in described],
        "unfinished": [
            {"path": str(each.path), "kind": each.kind, "size": each.size, "pull": each.reference} for each in left
        ],
    }


def _facts(model: ModelDescription) -> dict[str, Any]:
    found, header = model.found, model.header
    return {
        "name": found.name,
        "names": list(found.names),
        "owner": found.owner,
        "path": str(found.path),
        "files": [str(part) for part in found.parts],
        "size": found.size,
        "usable": model.problem is None,
        "problem": model.problem,
        "notes": list(model.notes),
        "kind": header.kind if header and model.problem is None else None,
        "architecture": header.architecture if header else None,
        "title": header.name if header else None,
        "parameters": model.parameters or None,
        "quantisation": header.file_type if header else None,
        "context_length": header.context_length if header else None,
        "chat_template": header.chat_template is not None if header else None,
        "pooling": header.pooling if header else None,
        "licence": model.licence,
        "ollama_layers": sorted(found.ollama.layers) if found.ollama else None,
    }


def show_models(described: Sequence[ModelDescription], left: Sequence[Leftover], *, models_folder: Path) -> None:
    """The list for people: by place, and what cannot be used under what can."""
    if not stdout().is_terminal:
        for row in (("owner", *_HEADS, "path"), *(_line(each) for each in described)):
            click.echo("\t".join(printable(cell) for cell in row))
        return
    for (owner, folder), group in groupby(described, lambda each: (each.found.owner, each.found.folder)):
        _show_place(OWNER_NAMES[owner], folder, sorted(group, key=lambda each: each.found.name.lower()))
    if not described:
        click.echo("No models are on this machine.")
        text = "`sidecar models recommend` says which fit, `sidecar models pull` fetches one."
        print_wrapped(text, first="", rest="")
    _show_left(left, models_folder)


def _line(model: ModelDescription) -> tuple[str, ...]:
    cells = _cells(model) if model.problem is None else _useless_cells(model)
    return (model.found.owner, *cells, str(model.found.path))


def _show_place(owner: str, folder: Path, group: Sequence[ModelDescription]) -> None:
    click.echo(click.style(owner, bold=True) + f"  {printable(str(folder))}")
    usable = [each for each in group if each.problem is None]
    rows = [tuple(map(printable, _cells(each))) for each in usable]
    widths = [max(cell_len(row[column]) for row in (_HEADS, *rows)) for column in range(len(_HEADS))]
    if sum(widths) + _GAP * (len(widths) - 1) <= shutil.get_terminal_size().columns:
        _print_table(rows)
    else:
        # Names are there to be copied, so none is broken over lines.
        for name, kind, size, weights, quantised, context, licence in rows:
            click.echo(name)
            text = f"{kind}, {size}, {weights} weights, {quantised}, trained for {context} tokens, licence: {licence}"
            print_wrapped(text, first="    ", rest="    ")
    for each in usable:
        for note in each.notes:
            print_check("note", f"{each.found.name}: {note}", None)
    for each in group:
        if each.problem is not None:
            print_check("warning", f"{each.found.name} cannot be used: {each.problem}", None)
    click.echo("")


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    table = Table(box=None, pad_edge=False, padding=(0, _GAP // 2))
    for head in _HEADS:
        right = head in {"size", "weights", "context"}
        table.add_column(head, justify="right" if right else "left", no_wrap=True, header_style="dim")
    for row in rows:
        table.add_row(*map(escape, row))
    stdout().print(table)


def _cells(model: ModelDescription) -> tuple[str, ...]:
    header = model.header
    assert header is not None
    context = f"{header.context_length:,}" if header.context_length else "?"
    return (
        model.found.name,
        header.kind,
        as_size(model.found.size),
        _count(model.parameters),
        header.file_type or "?",
        context,
        model.licence or "?",
    )


def _useless_cells(model: ModelDescription) -> tuple[str, ...]:
    problem = " ".join((model.problem or "").split())
    return (model.found.name, f"unusable: {problem}", as_size(model.found.size), "", "", "", model.licence or "")


def _count(parameters: int) -> str:
    """Weights as people say them: `4.0 B`, `135 M`."""
    if parameters >= 999_500_000:
        return f"{parameters / 1e9:.1f} B"
    return f"{parameters / 1e6:.0f} M" if parameters >= 999_500 else f"{parameters / 1e3:.0f} K"


def _show_left(left: Sequence[Leftover], folder: Path) -> None:
    for each in left:
        name = each.path.relative_to(folder).as_posix()
        if each.kind == "unfinished":
            text = f"{name}: {as_size(each.size)} of a file whose fetching did not end"
            hint = f"`sidecar models pull {each.reference}` goes on"
        else:
            text = f"{name}: does not match its checksum"
            hint = f"`sidecar models remove {each.target.stem}` deletes it"
        print_check("warning", text, hint)
