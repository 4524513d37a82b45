"""The data folder: the token, and `runtime.json`, by which clients find a running server."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sidecar.config import Config
from sidecar.errors import ConfigError

_TOKEN = re.compile(r"[!-~]{8,512}")


def refuse_inside(folder: Path, vaults: Sequence[Path]) -> None:
    """Raise ConfigError when the folder lies in a vault, as index and token would be synchronised with the notes, or
    where it lies cannot be found out.
    """
    try:
        real = folder.resolve()
    except (OSError, RuntimeError) as error:
        raise _unusable(folder, error) from error
    for vault in vaults:
        if real.is_relative_to(vault.resolve()):
            raise ConfigError(
                f"The data folder {folder} lies inside the vault {vault}.", hint="Choose one elsewhere with --data-dir."
            )


def prepare(folder: Path) -> None:
    """Make the folder, readable by its owner alone. Raises ConfigError when that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.name == "posix":
            folder.chmod(0o700)
    except OSError as error:
        raise _unusable(folder, error) from error


def _unusable(folder: Path, error: OSError | RuntimeError) -> ConfigError:
    reason = getattr(error, "strerror", None) or error
    return ConfigError(f"The data folder {folder} cannot be used: {reason}.", hint="`--data-dir` names another one.")


def read_token(config: Config) -> str | None:
    """The token, or `None` when none has been made yet or the file holds something that is none.

    Raises ConfigError when the file cannot be read.
    """
    try:
        token = config.token_file.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    except OSError as error:
        raise ConfigError(
            f"The token file {config.token_file} cannot be read: {error.strerror or error}.",
            hint="Give your user the right to read it, or delete it: a new one is then made.",
        ) from error
    return token if is_token(token) else None


def is_token(text: str) -> bool:
    """Whether a text can be the token: 8 to 512 visible ASCII characters."""
    return _TOKEN.fullmatch(text) is not None


def ensure_token(config: Config) -> str:
    """The token, made when there is none; its file is then readable by its owner alone."""
    token = read_token(config)
    if token is None:
        return rotate_token(config)
    if os.name == "posix" and config.token_file.stat().st_mode & 0o077:
        config.token_file.chmod(0o600)
    return token


def rotate_token(config: Config) -> str:
    """Make a new token in place of the old one. A running server takes it with its next request."""
    token = f"sk-sidecar-{secrets.token_urlsafe(32)}"
    write_private(config.token_file, token + "\n")
    return token


def write_private(path: Path, text: str) -> None:
    """Write a small file whole or not at all, readable by its owner alone. Raises ConfigError, as on a full disk."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ConfigError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Is the disk full? `--data-dir` names another folder.",
        ) from error


def write_runtime_file(config: Config, facts: Mapping[str, Any]) -> None:
    """Tell clients on this machine where the server is."""
    write_private(config.runtime_file, json.dumps(facts, ensure_ascii=False, indent=2) + "\n")


def read_runtime_file(config: Config) -> dict[str, Any] | None:
    """What the last server wrote about itself, `None` when there is nothing readable. It may have ended since."""
    try:
        facts = json.loads(config.runtime_file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return facts if isinstance(facts, dict) else None


def remove_runtime_file(config: Config) -> None:
    config.runtime_file.unlink(missing_ok=True)
