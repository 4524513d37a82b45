"""Carrying out a plan: files are written when they differ, commands are run, and what fails is told with its reason."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sidecar.errors import ConfigError, SidecarError
from sidecar.service.commands import Command, Runner
from sidecar.service.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What an uninstallation took away, and what it had to leave."""

    removed: tuple[Path, ...]
    kept: tuple[Path, ...]


def install(plan: Plan, *, run: Runner, sleep: Callable[[float], object] = time.sleep) -> bool:
    """Write the definition and start the service; one that runs is started anew only when the file changed, or when an
    earlier installation was interrupted, which is the answer. Raises ConfigError, or SidecarError with what the service
    manager said.
    """
    unfinished = _unfinished(plan)
    changed = unfinished.exists() or _read(plan.file) != plan.content
    try:
        for folder in (*plan.folders, plan.file.parent):
            folder.mkdir(parents=True, exist_ok=True)
        if changed:
            # The file says what was meant to run, not what the manager has taken from it: until it has, this one stays.
            _write(unfinished, b"")
            _write(plan.file, plan.content)
    except OSError as error:
        raise ConfigError(f"{plan.file} cannot be written: {error.strerror or error}.") from error
    carry_out(plan.begin if changed else plan.ensure, run=run, sleep=sleep)
    with contextlib.suppress(OSError):
        unfinished.unlink(missing_ok=True)
    return changed


def uninstall(plan: Plan, *, run: Runner) -> Removed:
    """Stop the service and take away all that was installed. Idempotent; what the manager refuses does not end it."""
    carry_out((*plan.end,), run=run)
    parts = (plan.file, _unfinished(plan), *plan.links, *plan.folders)
    there = [path for path in parts if path.exists() or path.is_symlink()]
    for path in there:
        with contextlib.suppress(OSError):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for folder in (*(link.parent for link in plan.links), plan.file.parent):
        # Folders that it was the last to lie in; the account's own ones hold other things.
        with contextlib.suppress(OSError):
            if folder.name.endswith(".wants"):
                folder.rmdir()
    carry_out((*plan.gone,), run=run)
    kept = tuple(path for path in there if path.exists() or path.is_symlink())
    return Removed(removed=tuple(path for path in there if path not in kept), kept=kept)


def carry_out(commands: Iterable[Command], *, run: Runner, sleep: Callable[[float], object] = time.sleep) -> None:
    """Run commands in turn. Raises SidecarError for the first that fails and must not."""
    for command in commands:
        outcome = run(command.words)
        for _ in range(command.tries - 1):
            if outcome.code == 0:
                break
            sleep(1)
            outcome = run(command.words)
        if outcome.code != 0 and not command.optional:
            told = " ".join((outcome.errors or outcome.output).split())[:500]
            raise SidecarError(
                f"`{shlex.join(command.words)}` failed with code {outcome.code}: {told or 'it said nothing'}",
                hint="`sidecar service logs` shows what the server said, `sidecar service status` how it fares.",
            )


def shown(plan: Plan) -> str:
    """The plan as text: the file's place and content, then the commands."""
    commands = [shlex.join(command.words) + ("  # may fail" if command.optional else "") for command in plan.begin]
    return "\n".join([f"# {plan.file}", plan.text().replace("\r\n", "\n").rstrip("\n"), "", "# Then:", *commands])


def purge(data_dir: Path, *, vaults: Iterable[Path]) -> None:
    """Delete the data folder: index, token, logs, fetched models. Raises ConfigError for a folder that is none, or that
    holds a vault or the home folder.
    """
    real = data_dir.resolve()
    inside = [path for path in (*vaults, Path.home()) if path.resolve().is_relative_to(real)]
    if inside or not (data_dir / "token").is_file():
        raise ConfigError(
            f"{data_dir} is not deleted: it {f'holds {inside[0]}' if inside else 'has no token of Sidecar in it'}.",
            hint="Delete by hand what you know to be Sidecar's.",
        )
    try:
        shutil.rmtree(data_dir)
    except OSError as error:
        raise ConfigError(f"{data_dir} cannot be deleted whole: {error.strerror or error}.") from error


def _unfinished(plan: Plan) -> Path:
    """Lies beside the definition from before it is written until the manager runs by it; no manager reads it."""
    return plan.file.with_name(f".{plan.file.name}.unfinished")


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all; for its owner alone, as the address of an upstream server may hold a password."""
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(content)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
