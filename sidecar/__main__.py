"""`python -m sidecar` is the `sidecar` command."""

import sys

from sidecar.cli import run

if __name__ == "__main__":
    sys.exit(run())
