"""What the help says, of every command: whole sentences, examples that can be typed, and the contract's flags."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
import pytest

from sidecar.cli.examples import EXAMPLES
from sidecar.cli.program import sidecar
from sidecar.cli.registry import COMMANDS, HEADINGS

# What the contract of names promises, and what has come to it since.
PROMISED = {
    *("serve", "index", "search", "ask", "status", "why", "eval", "doctor", "connect", "mcp", "setup", "related"),
    *(f"models {name}" for name in ("list", "recommend", "fit", "pull", "remove")),
    *(f"service {name}" for name in ("install", "uninstall", "status", "logs", "restart")),
    *(f"token {name}" for name in ("show", "rotate", "create", "list", "revoke")),
    *("config show", "config path", "completion", "console"),
}
# They do something, run, or print one thing that is used as it is: a key, a link, a script, lines of a log.
WITHOUT_JSON = {
    *("serve", "mcp", "completion", "console", "service install", "service uninstall", "service restart"),
    *("service logs", "token show", "token rotate", "token create", "token revoke"),
}


def commands(group: click.Group = sidecar, *path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that is shown, groups too, by its words."""
    for name in sorted(group.commands):
        _, command, _ = group.resolve_command(click.Context(group), [name])
        assert command is not None
        if not command.hidden:
            yield " ".join((*path, name)), command
            if isinstance(command, click.Group):
                yield from commands(command, *path, name)


ALL = dict(commands())
LEAVES = {path: command for path, command in ALL.items() if not isinstance(command, click.Group)}
GROUPS = {"": sidecar, **{path: command for path, command in ALL.items() if isinstance(command, click.Group)}}


def help_of(command: click.Command, name: str) -> str:
    return click.Context(command, info_name=name, terminal_width=80, max_content_width=100, parent=None).get_help()


def test_every_command_that_was_promised_is_there_and_no_other() -> None:
    assert set(LEAVES) == PROMISED


@pytest.mark.parametrize("path", LEAVES)
def test_a_command_that_prints_facts_can_print_them_as_json(path: str) -> None:
    flags = {flag for parameter in LEAVES[path].params for flag in parameter.opts}
    assert ("--json" in flags) is (path not in WITHOUT_JSON)


@pytest.mark.parametrize("path", GROUPS)
def test_no_summary_is_cut_short_in_a_terminal_of_80_columns(path: str) -> None:
    assert "..." not in help_of(GROUPS[path], path).partition("Options:")[2]


def test_every_command_stands_under_one_heading() -> None:
    placed = [name for names in HEADINGS.values() for name in names]
    assert sorted(placed) == sorted(COMMANDS)
    text = help_of(sidecar, "sidecar")
    assert [heading for heading in HEADINGS if f"\n{heading}:\n" not in text] == []
    assert [name for name in COMMANDS if f"\n  {name} " not in text] == []
    assert "Other commands" not in text


@pytest.mark.parametrize("path", LEAVES)
def test_a_commands_help_ends_with_examples_in_lines_of_their_own(path: str) -> None:
    text = help_of(LEAVES[path], path)
    assert EXAMPLES[path]
    for does, typed in EXAMPLES[path]:
        assert f"\n    # {does}\n    {typed}" in text
        assert len(typed) < 76


@pytest.mark.parametrize(
    ("path", "typed"), [(path, typed) for path, examples in EXAMPLES.items() for _, typed in examples]
)
def test_an_example_can_be_typed_as_it_stands(path: str, typed: str) -> None:
    # What another program is given of it is in quotation marks.
    words = shlex.split(typed[typed.index("sidecar") :].rstrip(')"') if typed.startswith("$EDITOR") else typed)
    assert words[: len(path.split()) + 1] == ["sidecar", *path.split()]
    LEAVES[path].make_context(path, words[len(path.split()) + 1 :])
