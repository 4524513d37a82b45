"""The commands of `sidecar`: where each one is, and the sentence that lists it. A command is added by its line here and
by its name under a heading.
"""

from __future__ import annotations

from collections.abc import Mapping

COMMANDS: Mapping[str, tuple[str, str]] = {
    "ask": ("sidecar.cli.ask:ask", "Answer a question from the notes, with the notes it rests on."),
    "completion": ("sidecar.cli.completion:completion", "Have the shell complete commands and names with Tab."),
    "config": ("sidecar.cli.settings:config_command", "Show the settings in force, or where their file is."),
    "connect": ("sidecar.cli.connect:connect", "Print a client's settings for this server, and test them."),
    "console": ("sidecar.cli.sign_in:console", "Print a link to the console, the page of the running server."),
    "doctor": ("sidecar.cli.doctor:doctor", "Look for what is wrong, and say what to do about it."),
    "eval": ("sidecar.cli.eval:evaluate_command", "Measure on questions of yours how well search finds notes."),
    "index": ("sidecar.cli.index:index", "Build or update the index of the vault(s), then leave."),
    "mcp": ("sidecar.cli.mcp:mcp", "Give the notes to an MCP client, such as Claude Desktop."),
    "models": ("sidecar.cli.models:models", "List, fetch and remove models (GGUF), and see which fit."),
    "related": ("sidecar.cli.related:related", "Show the notes that belong with NOTE."),
    "search": ("sidecar.cli.search:search", "Search the notes."),
    "serve": ("sidecar.cli.serve:serve", "Index and watch the vault(s), and serve them to clients."),
    "service": ("sidecar.cli.service:service", "Run Sidecar at login, as a service of the system."),
    "setup": ("sidecar.cli.setup:setup", "Propose a set-up for this machine and write the settings."),
    "status": ("sidecar.cli.status:status", "Show what is indexed, what not, and what is wrong."),
    "token": ("sidecar.cli.token:token", "Show, make and revoke the keys that clients send."),
    "why": ("sidecar.cli.status:why", "Say why a note is indexed or not, or found or not."),
}
"""By name: `module:attribute`, and the first sentence of the command's own help, as `sidecar --help` shows it."""

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "First steps": ("setup", "serve", "service", "completion"),
    "Ask and search": ("ask", "search", "related", "why"),
    "Models": ("models", "eval"),
    "Connect": ("connect", "console", "mcp", "token"),
    "Look after it": ("status", "doctor", "index", "config"),
}
"""Every command once, under the heading and in the order in which `sidecar --help` lists it."""
