"""Writes the contract anew from a server that runs for it: `python -m tests.contract`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.contract.examples import contract_server, examples

FOLDER = Path(__file__).parent


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, contract_server(Path(folder).resolve()) as server:
        found = examples(server)
    for name, example in found.items():
        text = json.dumps(example, ensure_ascii=False, indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
