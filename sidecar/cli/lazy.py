"""A command that is named before it is loaded, and the group of such commands: listing them imports none of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

import click

from sidecar.cli.examples import show_examples


class NamedCommand(click.Command):
    """A command's name and the sentence that lists it; the command itself is made by another module."""

    def __init__(self, name: str, *, source: str, help: str) -> None:  # noqa: A002  # click's own name for it
        """`source` is `module:attribute` of the command."""
        super().__init__(name, help=help)
        self._module, _, self._attribute = source.partition(":")

    def load(self) -> click.Command:
        """Import the command's module and give the command. Raises TypeError when it is none."""
        command = getattr(import_module(self._module), self._attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self._module}:{self._attribute} is no command")
        show_examples(command)
        return command


class LazyGroup(click.Group):
    """A group that loads a command when it is resolved: to run it, for its own help, or to complete its options. Its
    commands are listed under headings.
    """

    def __init__(self, *args: Any, headings: Mapping[str, Iterable[str]] | None = None, **options: Any) -> None:
        """`headings` give the names of commands under each; the rest come last, under none of them."""
        super().__init__(*args, **options)
        self._headings = headings or {}

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with the real command."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, NamedCommand) else command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click's, in sections that share their columns."""
        names = self.list_commands(ctx)
        placed = {name for each in self._headings.values() for name in each}
        sections = [*self._headings.items(), ("Other commands", [name for name in names if name not in placed])]
        width = max(map(len, names), default=0)
        for heading, wanted in sections:
            commands = [(name, self.get_command(ctx, name)) for name in wanted if name in names]
            rows = [
                (name.ljust(width), command.get_short_help_str(formatter.width - 6 - width))
                for name, command in commands
                if command is not None and not command.hidden
            ]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)
