"""Writes docs/reference/*.md from the code (commands, settings, routes, errors, promises) and docs/how-to/connect/*.md
from the clients' entries. `--check` only compares.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import click
from connect_pages import connect_pages
from reliability import reliability_page

from sidecar import errors
from sidecar.api.app import routes
from sidecar.api.guard import OPEN_PATHS
from sidecar.cli.program import sidecar
from sidecar.config import Config

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs"
NOTICE = "<!-- Written by scripts/docs from the code. Do not edit. -->"
EXIT_CODES = """\
Exit codes: 0 done; 1 something you can fix, with a message and a hint; 2 wrong usage; 3 another Sidecar runs on the
same data folder; 70 a bug; 130 interrupted."""
SETTINGS = """\
# Settings

Later ones win: defaults, the settings file, environment variables, flags. The settings file is `config.toml` in the
platform's configuration folder, or the one that `--config` or `SIDECAR_CONFIG` names; its keys are the names below.
Lists in variables are separated by commas, `SIDECAR_VAULTS` by the system's path separator (`:`, on Windows `;`).
`sidecar config show` prints what is in force.
"""
HTTP = """\
# HTTP

Every route wants the key, as `Authorization: Bearer KEY`, `x-api-key: KEY` or `api-key: KEY`, except those marked open.
Paths under `/v1` answer without it and with it twice as well. Errors are JSON in OpenAI's shape, see
[errors](errors.md).
"""
ERRORS = """\
# Errors

Every error has a message that says what happened and, where there is something to do, a hint. The command line prints
both; the API puts both into `error.message`.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is out of date")
    check = parser.parse_args().check
    pages = {
        "reference/cli.md": cli_page,
        "reference/configuration.md": configuration_page,
        "reference/http.md": http_page,
        "reference/errors.md": errors_page,
        "reference/reliability.md": reliability_page,
        **connect_pages(),
    }
    stale = 0
    for name, page in pages.items():
        path, text = FOLDER / name, "\n".join([NOTICE, "", *page()]).rstrip() + "\n"
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        print(f"{path.relative_to(ROOT)}: {'out of date, run scripts/docs' if check else 'written'}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


def cli_page() -> Iterator[str]:
    yield from ("# Commands", "", _help_text(sidecar), "", EXIT_CODES)
    yield from _commands(sidecar, click.Context(sidecar, info_name="sidecar"))


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in sorted(group.commands):
        _, command, _ = group.resolve_command(context, [name])
        assert command is not None
        if command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        usage = " ".join([inner.command_path, *command.collect_usage_pieces(inner)])
        yield from ("", f"## `{inner.command_path}`", "", f"```text\n{usage}\n```", "", _help_text(command))
        # An argument has no text of its own: the usage line names it and the command's help explains it.
        records = [record for p in command.params if (record := p.get_help_record(inner)) is not None and record[1]]
        if records:
            yield from ("", *_table(("Option", "Meaning"), [(f"`{flag}`", text) for flag, text in records]))
        if command.epilog:
            # Its first lines are the heading and the mark that keeps the lines apart.
            yield from ("", "```sh", *(line.strip() for line in command.epilog.splitlines()[2:]), "```")
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


def _help_text(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "").replace("\b\n", "")


def configuration_page() -> Iterator[str]:
    yield SETTINGS
    rows = []
    for field in dataclasses.fields(Config):
        variable = f"`SIDECAR_{field.name.upper()}`" if field.metadata["env"] else "none"
        rows.append((f"`{field.name}`", variable, _default(field), field.metadata["doc"]))
    yield from _table(("Setting", "Variable", "Default", "Meaning"), rows)


def _default(field: dataclasses.Field[Any]) -> str:
    if field.name == "data_dir":
        return "the platform's data folder"
    if field.default is dataclasses.MISSING or field.default is None or field.default == ():
        return "none"
    if isinstance(field.default, tuple):
        return ", ".join(f"`{item}`" for item in field.default)
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


def http_page() -> Iterator[str]:
    yield HTTP
    rows = []
    # The routes hold on to the runtime; nothing is called here, so none is needed.
    for route in routes(cast("Any", None)):
        methods = ", ".join(sorted((route.methods or set()) - {"HEAD"}))
        path = route.path.replace(":path}", "}")
        open_mark = " (open)" if route.path in OPEN_PATHS else ""
        rows.append((methods, f"`{path}`{open_mark}", _summary(route.endpoint)))
    yield from _table(("Method", "Path", "Does"), rows)


def _summary(endpoint: Callable[..., Any]) -> str:
    function = endpoint.func if isinstance(endpoint, partial) else endpoint
    return inspect.cleandoc(function.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def errors_page() -> Iterator[str]:
    yield ERRORS
    yield f"```text\n{_tree(errors.__doc__ or '')}\n```"
    yield ""
    rows = []
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.SidecarError):
            rows.append((f"`{name}`", " ".join(inspect.cleandoc(kind.__doc__ or "").split())))
    yield from _table(("Error", "Meaning"), rows)


def _tree(docstring: str) -> str:
    return docstring.partition("\n\n")[2].strip("\n")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


if __name__ == "__main__":
    sys.exit(main())
