"""The `sidecar` command: reads flags, opens what is needed, prints. No logic of its own."""

from sidecar.cli.program import main, run

__all__ = ["main", "run"]
