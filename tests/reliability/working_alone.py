"""A whole morning's work with a server, for a network that has nothing but its loopback: `python -m
tests.reliability.working_alone FOLDER` writes what came of it as JSON.
"""

from __future__ import annotations

import errno
import json
import socket
import sys
from pathlib import Path
from typing import Any

from tests.serving import DEMO_VAULT, serve

_ELSEWHERE = ("203.0.113.7", 443)
"""An address for documentation, which nobody has (RFC 5737)."""


def work(folder: Path) -> dict[str, Any]:
    """Index, search, ask and embed with a real server. `folder` is for its data."""
    with serve(DEMO_VAULT, data_dir=folder / "data") as server:
        question = {"role": "user", "content": "What is the gate code for the cabin?"}
        answer = server.official.chat.completions.create(model="vault", messages=[question])  # type: ignore[list-item]
        vault = (answer.model_extra or {})["vault"]
        embedding = server.official.embeddings.create(model="text-embedding-3-small", input="gate code")
        return {
            "interfaces": [name for _, name in socket.if_nameindex()],
            "elsewhere": _reached_elsewhere(),
            "indexed": sum(found["indexed"] for found in server.status()["vaults"]),
            "answer": answer.choices[0].message.content,
            "sources": [source["path"] for source in vault["sources"]],
            "dimensions": len(embedding.data[0].embedding),
            "found": server.best("gate code"),
            "lock": server.status()["offline_lock"],
        }


def _reached_elsewhere() -> str:
    try:
        socket.create_connection(_ELSEWHERE, timeout=1).close()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    return "reached"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(work(Path(sys.argv[1]))))
