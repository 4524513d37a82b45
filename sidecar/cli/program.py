"""The command group, and what becomes of errors: a message, a hint and an exit code."""

from __future__ import annotations

import sys
from typing import TextIO

import click

from sidecar import __version__
from sidecar.cli.lazy import LazyGroup, NamedCommand
from sidecar.cli.output import complain, escape_what_cannot_be_written
from sidecar.cli.registry import COMMANDS, HEADINGS
from sidecar.errors import AlreadyRunningError, SidecarError
from sidecar.logs.crashes import leave_no_cores
from sidecar.logs.describing import described
from sidecar.offline.lock import OutgoingLock

EXIT_USER = 1
EXIT_ALREADY_RUNNING = 3
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


@click.group(
    cls=LazyGroup,
    headings=HEADINGS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sidecar")
@click.pass_context
def sidecar(context: click.Context) -> None:
    """Answers from your Obsidian vault, on your own machine, through OpenAI-compatible endpoints.

    `sidecar` alone guides through the first run. Then start it with `sidecar serve`, and ask: `sidecar ask "What did I
    decide about the boiler?"`
    """
    if context.invoked_subcommand is None:
        _without_command(context)


def _without_command(context: click.Context) -> None:
    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stdout)):
        click.echo(context.get_help(), err=True)
        context.exit(2)
    # Only here: other commands do without it.
    from sidecar.cli.home import start

    start(context)


def _is_terminal(stream: TextIO | None) -> bool:
    # Without a window, as under pythonw, there are no streams.
    return stream is not None and stream.isatty()


for name, (source, listed) in COMMANDS.items():
    sidecar.add_command(NamedCommand(name, source=source, help=listed))


def run() -> int:
    """Run the command line as a process of its own, which reaches no other machine than the user names."""
    escape_what_cannot_be_written()
    lock = OutgoingLock()
    lock.install()
    leave_no_cores()
    return main(lock=lock)


def main(arguments: list[str] | None = None, *, lock: OutgoingLock | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 the user can fix it, 2 usage, 3 another instance runs,
    70 a bug. `lock` is the process's; the commands widen it.
    """
    try:
        result = sidecar.main(args=arguments, prog_name="sidecar", standalone_mode=False, obj=lock)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt, _cancelled()):
        return EXIT_INTERRUPTED
    except AlreadyRunningError as error:
        complain(error)
        return EXIT_ALREADY_RUNNING
    except SidecarError as error:
        complain(error)
        return EXIT_USER
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has seen enough.
        sys.stderr.close()
        return 0
    except Exception as error:  # the top of the program: the only place that may catch everything
        click.echo("This is a bug in Sidecar. Please report it with the lines below, which quote no note.", err=True)
        click.echo("\n".join(described(error)), err=True)
        return EXIT_BUG
    return result if isinstance(result, int) else 0


def _cancelled() -> type[BaseException]:
    """What a cancelled command raises. Importing asyncio takes as long as all the rest: no command has, no need to."""
    found = sys.modules.get("asyncio")
    return KeyboardInterrupt if found is None else found.CancelledError
