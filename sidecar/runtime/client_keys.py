"""Keys for single clients, each with a name and a scope, and the file they are kept in.

The file holds of a key its SHA-256 alone: a key has 256 random bits, so nobody finds it from there, and no slower hash
would keep it better.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sidecar.errors import ConfigError
from sidecar.runtime.datafolder import write_private
from sidecar.runtime.small_file import read_small

FILE = "keys.json"
MOST = 64
"""Keys that there may be: each request with one of them is compared with all."""
_LONGEST_FILE = 256 * 1024
"""Bytes: several times what the most keys take, and too few to hold up a server that reads them."""
_LONGEST_NAME = 64
_DIGEST = re.compile("[0-9a-f]{64}")


class Scope(IntEnum):
    """What a key is good for; each includes those before it."""

    OPEN = 0
    """What needs no key."""
    READ = 1
    """Search, notes, status, models, embeddings, vector stores."""
    CHAT = 2
    """Whatever writes an answer."""
    WRITE = 3
    """What changes something."""
    OWNER = 4
    """The token's alone, and a console's that is signed in: what gives keys away."""

    @property
    def title(self) -> str:
        """As it is written in commands and answers."""
        return self.name.lower()


GRANTED = (Scope.READ, Scope.CHAT, Scope.WRITE)
"""The scopes that a client's key can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """A key without the key. Times in seconds since the epoch."""

    name: str
    scope: Scope
    sha256: str
    made: float
    expires: float | None = None

    def is_expired(self, now: float) -> bool:
        """Whether it opens nothing any more."""
        return self.expires is not None and now >= self.expires


def digest_of(key: bytes) -> str:
    """What is kept of a key: the SHA-256, in hexadecimal digits."""
    return hashlib.sha256(key).hexdigest()


def read_scope(text: str) -> Scope:
    """The scope that a list such as `read,chat` comes to: its widest. Raises ConfigError for what is none."""
    names = {scope.title: scope for scope in GRANTED}
    said = [part.strip().lower() for part in text.split(",")]
    if unknown := [part for part in said if part not in names]:
        raise ConfigError(f"There is no scope {unknown[0]!r}.", hint=f"Use {', '.join(names)}.")
    return max(names[part] for part in said)


def load(folder: Path) -> tuple[ClientKey, ...]:
    """All keys, expired ones included; none where there is no file. Raises ConfigError for one that cannot be read."""
    path = folder / FILE
    try:
        facts = json.loads(read_small(path, longest=_LONGEST_FILE))
        return tuple(_read(each) for each in facts["keys"])
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ConfigError(
            f"{path} holds no list of keys: no client's key opens anything.",
            hint="Delete it and make the keys anew with `sidecar token create`.",
        ) from error


def create(folder: Path, *, name: str, scope: Scope, now: float, seconds: float | None = None) -> str:
    """Make a key for a client and return it; it is known nowhere afterwards. `seconds` is how long it lasts.

    Raises ConfigError when the name is none or taken, or the file cannot be written.
    """
    name = _checked_name(name)
    key = f"sk-sidecar-{secrets.token_urlsafe(32)}"
    made = ClientKey(
        name=name,
        scope=scope,
        sha256=digest_of(key.encode("ascii")),
        made=now,
        expires=None if seconds is None else now + seconds,
    )
    with _changing(folder) as keys:
        if any(_folded(each.name) == _folded(name) for each in keys):
            raise ConfigError(f"There is a key named {name!r}.", hint="Choose another name, or revoke that one first.")
        if len(keys) >= MOST:
            raise ConfigError(f"There are {MOST} keys already.", hint="`sidecar token revoke NAME` removes one.")
        _save(folder, [*keys, made])
    return key


def revoke(folder: Path, name: str) -> ClientKey:
    """Remove a key by its name and return what it was. Raises ConfigError where there is none."""
    # The lock would make a folder that is not there.
    if not folder.is_dir():
        raise _no_key(name)
    with _changing(folder) as keys:
        gone = [key for key in keys if _folded(key.name) == _folded(name)]
        if not gone:
            raise _no_key(name)
        _save(folder, [key for key in keys if key not in gone])
    return gone[0]


def _no_key(name: str) -> ConfigError:
    return ConfigError(f"There is no key named {name!r}.", hint="`sidecar token list` shows them.")


@contextmanager
def _changing(folder: Path) -> Iterator[Sequence[ClientKey]]:
    """The keys, while no other command changes them."""
    lock = FileLock(folder / f".{FILE}.lock", mode=0o600)
    try:
        lock.acquire(timeout=10)
    except (Timeout, OSError) as error:
        raise ConfigError(f"The keys in {folder} cannot be changed now: {error}.", hint="Try again.") from error
    try:
        yield load(folder)
    finally:
        lock.release()


def _save(folder: Path, keys: Sequence[ClientKey]) -> None:
    facts = [{**asdict(key), "scope": key.scope.title} for key in keys]
    write_private(folder / FILE, json.dumps({"keys": facts}, ensure_ascii=False, indent=1) + "\n")


def _read(facts: Mapping[str, Any]) -> ClientKey:
    name, digest, made, expires = (facts[field] for field in ("name", "sha256", "made", "expires"))
    times = (made, 0 if expires is None else expires)
    if not isinstance(name, str) or not _DIGEST.fullmatch(digest) or not all(map(math.isfinite, times)):
        raise ValueError("no key")
    granted = {scope.title: scope for scope in GRANTED}
    return ClientKey(name=name, scope=granted[facts["scope"]], sha256=digest, made=made, expires=expires)


def _checked_name(name: str) -> str:
    name = unicodedata.normalize("NFC", name.strip())
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise ConfigError(
            "This cannot be the name of a key.", hint=f"Use up to {_LONGEST_NAME} letters, such as `phone`."
        )
    return name


def _folded(name: str) -> str:
    """Names that look alike are one: whoever revokes a key should not pick the wrong one."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()
