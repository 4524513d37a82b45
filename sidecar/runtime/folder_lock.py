"""The lock of the data folder: one Sidecar at a time uses it."""

from __future__ import annotations

from filelock import FileLock, Timeout

from sidecar.config import Config
from sidecar.errors import AlreadyRunningError, ConfigError
from sidecar.runtime.datafolder import read_runtime_file


def acquire(config: Config) -> FileLock:
    """Take the data folder for this process. Raises AlreadyRunningError naming the other one's address if known."""
    lock = FileLock(config.data_dir / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        other = read_runtime_file(config) or {}
        where = f" at {other['url']} (process {other['pid']})" if {"url", "pid"} <= other.keys() else ""
        raise AlreadyRunningError(
            f"Another Sidecar{where} uses the data folder {config.data_dir}.",
            hint="Stop it first, or use another --data-dir.",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"The data folder {config.data_dir} cannot be locked: {error.strerror or error}.",
            hint="`--data-dir` names another one.",
        ) from error
    return lock
