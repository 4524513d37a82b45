"""The commands of `sidecar`: where each one is, and the sentence that lists it. A command is added by its line here."""

from __future__ import annotations

from collections.abc import Mapping

COMMANDS: Mapping[str, tuple[str, str]] = {
    "ask": ("sidecar.cli.ask:ask", "Answer a question from the notes, with the notes it rests on."),
    "config": ("sidecar.cli.settings:config_command", "The settings in force."),
    "connect": (
        "sidecar.cli.connect:connect",
        "Print what CLIENT has to be told to use this server, then ask the server as that client would.",
    ),
    "console": ("sidecar.cli.sign_in:console", "Print a link to the console, the page of the running server."),
    "doctor": (
        "sidecar.cli.doctor:doctor",
        (
            "Look at the data folder, what keeps the notes private, the machine, the models, the upstream servers and"
            " the vaults, and say what is wrong and what to do."
        ),
    ),
    "eval": (
        "sidecar.cli.eval:evaluate_command",
        "Ask the questions of FILE and measure how well search finds the notes that they expect.",
    ),
    "index": ("sidecar.cli.index:index", "Build or update the index of the vault(s), then leave."),
    "models": (
        "sidecar.cli.models:models",
        "Model files (GGUF) on this machine: list, fetch and remove them, and see which fit.",
    ),
    "related": (
        "sidecar.cli.related:related",
        "Notes that belong with NOTE: near it in words and meaning, linked with it, or sharing links and tags with it.",
    ),
    "search": ("sidecar.cli.search:search", "Search the notes."),
    "serve": (
        "sidecar.cli.serve:serve",
        "Index and watch the vault(s) and serve them at http://127.0.0.1:8484/v1.",
    ),
    "service": (
        "sidecar.cli.service:service",
        "Run Sidecar at login: systemd on Linux, launchd on macOS, the Task Scheduler on Windows.",
    ),
    "setup": (
        "sidecar.cli.setup:setup",
        "Look at this machine, propose a set-up in one table, and write the settings file.",
    ),
    "status": ("sidecar.cli.status:status", "What is indexed, what not, and what is wrong."),
    "token": ("sidecar.cli.token:token", "The keys that clients send."),
    "why": ("sidecar.cli.status:why", "Why a note is indexed or not, and with QUERY why it was found or not."),
}
"""By name: `module:attribute`, and the beginning of the command's own help, as `sidecar --help` shows it."""
