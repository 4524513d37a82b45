"""What an installation consists of, as values: files, and commands before and after them. Nothing is done here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sidecar.clients.program import Platform
from sidecar.service.commands import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose service it is: the platform, the home folder, the environment, the number and the name of the account.
    `unit_folder` is where its systemd looks for units, when it was asked.
    """

    platform: Platform
    home: Path
    environ: Mapping[str, str]
    uid: int
    name: str
    unit_folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What the service runs. `writable` are the folders it writes to, the data folder first; `paths` all that it was
    given or reads.
    """

    words: tuple[str, ...]
    writable: tuple[Path, ...] = ()
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The definition of a service for one service manager, and the commands that go with it."""

    file: Path
    content: bytes
    begin: tuple[Command, ...]
    """After the file was written anew."""
    ensure: tuple[Command, ...]
    """When the file was there already, as it should be."""
    restart: tuple[Command, ...]
    end: tuple[Command, ...]
    """Before the file is removed."""
    gone: tuple[Command, ...] = ()
    """After it was."""
    folders: tuple[Path, ...] = ()
    """To be made for it, and removed with it."""
    links: tuple[Path, ...] = ()
    """What the service manager makes and should have removed by then."""

    def text(self) -> str:
        """The file's content as text."""
        return self.content.decode("utf-16" if self.content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
