"""What a server says of a vault, beside what the vault's folder says of itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tests.serving import Server


def notes_in(folder: Path) -> set[str]:
    """Vault-relative paths of the Markdown files that are really there; links are not followed."""
    return set(_walk(folder, ""))


def notes_known(server: Server) -> set[str]:
    """Paths of all files that the server can answer from."""
    known: set[str] = set()
    after: dict[str, str] = {}
    while True:
        page = server.client.get("/v1/files", params={"limit": "10000", "order": "asc", **after}).json()
        known |= {file["filename"] for file in page["data"] if file["status"] == "processed"}
        if not page["has_more"]:
            return known
        after = {"after": page["last_id"]}


def left_out(server: Server) -> dict[str, str]:
    """Why each file that is not answered from is not: its rule or what went wrong, by path."""
    (vault,) = server.client.get("/vault/status", params=[("list", "excluded"), ("list", "failed")]).json()["vaults"]
    excluded = {file["path"]: file["rule"] for file in vault["excluded_files"]}
    return excluded | {file["path"]: file["reason"] for file in vault["failed_files"]}


def resident_mib(server: Server) -> int:
    """Memory of the server's own process, in MiB; its parsers end by themselves."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) // 1024


def _walk(root: Path, inside: str) -> Iterator[str]:
    for entry in os.scandir(root / inside):
        path = f"{inside}/{entry.name}" if inside else entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root, path)
        elif entry.is_file(follow_symlinks=False) and entry.name.endswith(".md"):
            yield path
