"""The demonstration: a few notes that Sidecar brings, for those who have none to name yet."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from sidecar.errors import ConfigError
from sidecar.setup.counting import Count
from sidecar.setup.vaults import SeenVault

FOLDER = "Sidecar demonstration"
QUESTION = "What is the gate code of the cabin?"
"""One that the notes answer."""


def trial_vault(home: Path) -> SeenVault:
    """The demonstration as a vault, in a folder that need not be there yet."""
    sizes = [len(text.encode("utf-8")) for text in _notes().values()]
    count = Count(notes=len(sizes), size=sum(sizes))
    return SeenVault(path=home / FOLDER, origin="demonstration", kind="folder", count=count)


def write_trial(folder: Path) -> None:
    """Write the notes that are not in the folder yet; one that was changed stays so. Raises ConfigError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in _notes().items():
            if not (folder / name).exists():
                (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror or error}.") from error


def _notes() -> dict[str, str]:
    found = resources.files("sidecar.setup").joinpath("demonstration").iterdir()
    return {file.name: file.read_text(encoding="utf-8") for file in found if file.name.endswith(".md")}
