"""The settings file on disk: what is in it now, and a new one in its place, whole or not at all."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.config import Config, load_config
from sidecar.errors import ConfigError
from sidecar.runtime import datafolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings before a set-up. `table` is that of the file, `None` when there is no file."""

    file: Path
    config: Config
    table: Mapping[str, Any] | None

    @property
    def decided(self) -> frozenset[str]:
        """Names of the settings that the file sets."""
        return frozenset(self.table or ())


def read_before(file: Path) -> Settings:
    """Read the settings file, which need not be there. Raises ConfigError for one that is broken: what it excludes or
    keeps private must not be lost by writing another.
    """
    if not os.path.lexists(file):
        return Settings(file=file, config=load_config({}, config_file=Path(os.devnull), environ={}), table=None)
    if not file.exists():
        raise ConfigError(
            f"{file} is a link to {os.path.realpath(file)}, which is not there.",
            hint="It may lie on a drive that is away; else remove the link and run this again.",
        )
    if not file.is_file():
        raise ConfigError(f"{file} is no ordinary file, so no settings can be written there.", hint="See --config.")
    try:
        config = load_config({}, config_file=file, environ={})
    except ConfigError as error:
        hint = f"{error.hint} " if error.hint else ""
        raise ConfigError(error.message, hint=f"{hint}Mend {file}, or move it away and run this again.") from error
    return Settings(file=file, config=config, table=tomllib.loads(file.read_text(encoding="utf-8")))


def checked(text: str, file: Path) -> Config:
    """The settings that a text will make as `file`, which is left as it is. Raises ConfigError."""
    with tempfile.TemporaryDirectory() as folder:
        beside = Path(folder) / file.name
        beside.write_text(text, encoding="utf-8", newline="\n")
        config = load_config({}, config_file=beside, environ={})
    datafolder.refuse_inside(config.data_dir, config.vaults)
    return config


def write(file: Path, text: str) -> Path | None:
    """Put the text in place of what is there and give the copy that is kept of that; `None` where there was nothing
    else. Raises ConfigError.

    What the file links to is written, so that a link stays one. Readable by its owner alone: it may come to hold a key.
    """
    real = Path(os.path.realpath(file))
    if holds(real, text):
        return None
    with _beside(real, text) as beside:
        try:
            backup = _keep(real) if real.exists() else None
            beside.replace(real)
        except OSError as error:
            raise _unwritable(real, error) from error
    return backup


def holds(file: Path, text: str) -> bool:
    """Whether a file is this text already."""
    with contextlib.suppress(OSError):
        return file.read_bytes() == text.encode("utf-8")
    return False


def _keep(file: Path) -> Path:
    """Copy a file to the first name that is free: an older copy may be the one that is wanted."""
    data = file.read_bytes()
    for number in itertools.count(1):
        backup = file.with_name(f"{file.name}.bak{'' if number == 1 else number}")
        with contextlib.suppress(FileExistsError):
            _create(backup, data)
            return backup
    raise AssertionError("numbers do not end")


@contextlib.contextmanager
def _beside(file: Path, text: str) -> Iterator[Path]:
    """The text in a file beside, gone when the block ends, however it ends."""
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            _create(beside, text.encode("utf-8"))
        except OSError as error:
            raise _unwritable(file, error) from error
        yield beside
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _create(file: Path, data: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _unwritable(file: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{file} cannot be written: {error.strerror or error}.",
        hint="Is the disk full, or the folder another account's? --config names another file.",
    )
