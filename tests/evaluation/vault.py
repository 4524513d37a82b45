"""A small vault, indexed, of which questions are asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sidecar.config import Config
from sidecar.runtime.runtime import open_runtime
from sidecar.runtime.vaults import OpenVault

NOTES = {
    "Home/Boiler.md": "---\naliases: [Heizung]\n---\n# Pressure\n\nKeep the pressure at 1.4 bar.\n\n"
    + "The rest of it says nothing. " * 200
    + "\n\n# Repair\n\nThe repair cost 386 euros. ^cost\n",
    "Work/Boiler.md": "The boiler at work has a timer.",
    "Garden.md": "# Beans\n\nBeans want poles.\n\n## Watering\n\nIn the evening.\n\n## Sun ##\n\nAll day.\n\n"
    "# Peas\n\nPeas climb.",
    "Tea.md": "Green tea wants 80 degrees. Beans of cocoa are not tea.",
    "Secret.md": "---\nprivate: true\n---\nBeans!",
}


def make_vault(folder: Path) -> Path:
    """Write the notes."""
    for path, text in NOTES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[OpenVault]:
    """The vault in `folder` with its index, searched by words alone."""
    config = Config(vaults=(folder / "vault",), data_dir=folder / "data", embedding_model="none")
    async with open_runtime(config) as runtime:
        vault = runtime.vault(None)
        await vault.index(accept_removals=False)
        yield vault
