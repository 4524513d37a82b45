"""Examples of every command, as its help ends with them: what is typed, and before it what that does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

EXAMPLES: Mapping[str, Sequence[tuple[str, str]]] = {
    "ask": (
        ("An answer from all notes", 'sidecar ask "What did I decide about the boiler?"'),
        ("One that rests on a note", 'sidecar ask "Sum up [[Boiler]]"'),
        ("In a script", 'sidecar ask --json "When was the boiler repaired?"'),
    ),
    "completion": (
        ("What to do, for the shell in use", "sidecar completion"),
        ("Write the script where bash looks for it", "sidecar completion bash --install"),
    ),
    "config path": (("Edit the settings", '$EDITOR "$(sidecar config path)"'),),
    "config show": (("The settings in force", "sidecar config show"),),
    "connect": (
        ("All clients, and which of them are installed", "sidecar connect"),
        ("One client's settings, with a test", "sidecar connect obsidian copilot"),
        ("The address into the clipboard", "sidecar connect open-webui --copy address"),
    ),
    "console": (("A link that signs a browser in", "sidecar console"),),
    "doctor": (
        ("Look at everything", "sidecar doctor"),
        ("At one vault", "sidecar doctor --vault ~/Notes"),
    ),
    "eval": (
        ("How well search finds, and where it fails", "sidecar eval questions.jsonl --failures"),
        ("What changed since the last time", "sidecar eval questions.jsonl --compare before.json"),
    ),
    "index": (
        ("Bring the index up to date", "sidecar index ~/Notes"),
        ("Begin anew", "sidecar index ~/Notes --rebuild"),
    ),
    "mcp": (("What a client is told to start", "sidecar mcp --vault ~/Notes"),),
    "models fit": (("Whether a file runs here", "sidecar models fit ~/models/model.gguf"),),
    "models list": (("What is here, of all programs", "sidecar models list"),),
    "models pull": (("See what would be fetched", "sidecar models pull qwen3-4b-q4 --dry-run"),),
    "models recommend": (("For answers in Portuguese", "sidecar models recommend --language pt"),),
    "models remove": (("Delete without a question", "sidecar models remove qwen3-4b-q4 --yes"),),
    "related": (("What belongs with a note", 'sidecar related "House/Boiler"'),),
    "search": (
        ("Words, in one folder", "sidecar search boiler path:House/"),
        ("A tag and a property, and why each was found", "sidecar search '#trip [year:2024]' --explain"),
    ),
    "serve": (
        ("The vaults of the settings, or Obsidian's own", "sidecar serve"),
        ("A vault with a model", "sidecar serve ~/Notes --model ~/models/model.gguf"),
        ("With the models of Ollama", "sidecar serve ~/Notes --upstream http://127.0.0.1:11434/v1"),
    ),
    "service install": (
        ("From now on", "sidecar service install ~/Notes"),
        ("See what would be done", "sidecar service install ~/Notes --print"),
    ),
    "service logs": (("Go on with what comes", "sidecar service logs --follow"),),
    "service restart": (("After a change of config.toml", "sidecar service restart"),),
    "service status": (("How it fares", "sidecar service status"),),
    "service uninstall": (("See what would be removed", "sidecar service uninstall --print"),),
    "setup": (
        ("Answer a few questions", "sidecar setup"),
        ("See what it would write", "sidecar setup --vault ~/Notes --print"),
        ("Without questions", "sidecar setup --vault ~/Notes --yes --service"),
    ),
    "status": (
        ("How it stands", "sidecar status"),
        ("Which files are left out, by rule", "sidecar status --excluded"),
    ),
    "token create": (("For a phone, read only", "sidecar token create phone --scope read"),),
    "token list": (("Who has a key", "sidecar token list"),),
    "token revoke": (("Take one back", "sidecar token revoke phone"),),
    "token rotate": (("A new key of the server's own", "sidecar token rotate"),),
    "token show": (("The key that clients send", "sidecar token show"),),
    "why": (
        ("Why a note is not indexed", "sidecar why Templates/Daily.md"),
        ("Why it was not found", 'sidecar why House/Boiler.md "heating repair"'),
    ),
}
"""By the words of the command, without `sidecar`."""


def show_examples(command: click.Command, *path: str) -> None:
    """Have the help of a command, and of the commands in it, end with their examples."""
    words = (*path, command.name or "")
    if (examples := EXAMPLES.get(" ".join(words))) is not None:
        command.epilog = _epilog(examples)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            show_examples(inner, *words)


def _epilog(examples: Sequence[tuple[str, str]]) -> str:
    # The sign keeps click from making a paragraph of the lines.
    lines = [line for does, typed in examples for line in (f"  # {does}", f"  {typed}")]
    return "\n".join(["\b", "Examples:" if len(examples) > 1 else "Example:", *lines])
