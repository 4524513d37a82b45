"""What `sidecar serve` says of itself: where it is and what it offers, then how the first indexing goes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from sidecar.api.console.sessions import Sessions
from sidecar.api.console.sign_in import link_path
from sidecar.cli.output import printable
from sidecar.cli.progress import with_progress
from sidecar.cli.terminal import stderr
from sidecar.config import Config
from sidecar.runtime.reach import remote_notices
from sidecar.runtime.runtime import Runtime
from sidecar.runtime.status_words import CLOSED, counted
from sidecar.runtime.vaults import OpenVault
from sidecar.upstream.local import find_local


def wants_model(config: Config) -> bool:
    """Whether no chat model is set, so that model servers on this machine are looked for and named."""
    return config.upstream is None and config.model is None


async def announce(runtime: Runtime, url: str, sessions: Sessions) -> None:
    """Say where the server is and what it offers, then how the first indexing goes."""
    console = stderr()
    rows = [("Base URL", f"[bold]{url}/v1[/bold]"), ("API key", _key(runtime))]
    rows += [("Console", _console(runtime, url, sessions))]
    rows += [
        ("Vault", f"{_text(vault.name)}  [dim]{_text(str(vault.path))}[/dim]") for vault in runtime.vaults.values()
    ]
    rows += [("[red]Closed[/red]", _text(problem)) for problem in runtime.closed_vaults]
    rows += [("Models", _text(", ".join(entry.id for entry in runtime.model_entries())))]
    notices = (*runtime.notices, *remote_notices(runtime.config))
    rows += [("[yellow]Note[/yellow]", _text(notice)) for notice in notices]
    console.print(f"\n[bold]Sidecar {runtime.version}[/bold]")
    for label, text in rows:
        console.print(f"  {label}{' ' * (10 - cell_len(Text.from_markup(label).plain))}{text}")
    await _offer_local(runtime, console)
    console.print("  Stop with Ctrl-C.\n")
    await with_progress(list(runtime.vaults.values()), _first_pass(runtime))
    for status in (await runtime.status())["vaults"]:
        if status["phase"] == CLOSED:
            continue
        console.print(
            f"  {_text(status['name'])}: {counted(status['indexed'], 'note')} in {counted(status['chunks'], 'piece')},"
            f" searchable ({status['excluded']} excluded, {status['failed']} failed)."
        )
        _print_problems(status["problems"], console)


def _print_problems(problems: Sequence[str], console: Console) -> None:
    """Name the problems to a person; the log of a login service is only told how many: they may quote notes."""
    if console.is_terminal:
        for problem in problems:
            console.print(f"  [yellow]{_text(problem)}[/yellow]")
    elif problems:
        console.print(f"  {counted(len(problems), 'problem')}: `sidecar status` names them.")


async def _first_pass(runtime: Runtime) -> None:
    for name, vault in list(runtime.vaults.items()):
        # One whose index turns out to be damaged is closed, and another one takes its place.
        while runtime.vaults.get(name) is vault and vault.problem is None and not _has_read_all(vault):
            await vault.wait_changed()


def _has_read_all(vault: OpenVault) -> bool:
    return vault.indexer.progress.passes > 0 and vault.indexer.progress.phase == "idle"


def _is_terminal() -> bool:
    # Without a window, as under pythonw, there is no standard error.
    return sys.stderr is not None and sys.stderr.isatty()


def _key(runtime: Runtime) -> str:
    if runtime.token is None:
        return "[yellow]none is asked for: every program on this machine can read the notes[/yellow]"
    # Shown to a person at a terminal; the log of a login service must not hold it.
    return runtime.token if _is_terminal() else f"in {_text(str(runtime.config.token_file))}"


def _console(runtime: Runtime, url: str, sessions: Sessions) -> str:
    """Where the page is; to a person with a link that signs in once, which no log may hold."""
    if runtime.token is None:
        return f"{url}/"
    return f"{url}{link_path(sessions.new_code())}" if _is_terminal() else "`sidecar console` prints a link to it"


async def _offer_local(runtime: Runtime, console: Console) -> None:
    """Name the model servers found on this machine, when no chat model is configured."""
    if not wants_model(runtime.config):
        return
    console.print("  Answers   quotations from your notes: no language model is configured")
    for server in await find_local():
        models = ", ".join(model.id for model in server.models[:5]) or "no models yet"
        console.print(f"  Found     {server.name} ({_text(models)}). To use it: --upstream {server.base_url}")


def _text(text: str) -> str:
    """What others named, as it is: it neither steers the terminal nor counts as markup."""
    return escape(printable(text))
