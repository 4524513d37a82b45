"""Accounts, commands and stand-ins for the service managers that this machine does not have."""

from __future__ import annotations

from pathlib import Path

from sidecar.clients.program import Platform
from sidecar.service.commands import Outcome
from sidecar.service.plan import Account, Launch

HOMES: dict[Platform, str] = {"linux": "/home/ana", "macos": "/Users/ana", "windows": "/C:/Users/ana"}
LAUNCH = Launch(
    words=(
        "/home/ana/.local/share/uv/tools/obsidian-sidecar/bin/sidecar",
        "serve",
        "--port",
        "8585",
        "--data-dir",
        "/home/ana/Índice 100% $HOME",
        "--",
        '/home/ana/Notas "velhas" & <novas>',
        "/home/ana/ノート\\メモ's;",
    ),
    writable=(Path("/home/ana/Índice 100% $HOME"),),
    paths=(Path("/home/ana/ノート\\メモ's;"),),
)


def account(platform: Platform, home: Path | None = None, **environ: str) -> Account:
    name = "HAUS\\ana" if platform == "windows" else "ana"
    return Account(platform=platform, home=home or Path(HOMES[platform]), environ=environ, uid=501, name=name)


class Manager:
    """A service manager that answers by the beginning of what it is told, 0 to all else, and remembers it all."""

    def __init__(self, **answers: Outcome) -> None:
        self.told: list[tuple[str, ...]] = []
        self.answers = {name.replace("_", "-"): outcome for name, outcome in answers.items()}

    def __call__(self, words: tuple[str, ...]) -> Outcome:
        self.told.append(words)
        verb = next((word for word in words[1:] if word != "--user"), "")
        return self.answers.get(verb.lstrip("/").lower(), Outcome(code=0))

    @property
    def verbs(self) -> list[str]:
        return [next((word for word in words[1:] if word != "--user"), "") for words in self.told]
