"""A command that is named before it is loaded, and the group of such commands: listing them imports none of them."""

from __future__ import annotations

from importlib import import_module

import click


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
        return command


class LazyGroup(click.Group):
    """A group that loads a command when it is resolved: to run it, for its own help, or to complete its options."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with the real command."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, NamedCommand) else command, rest
