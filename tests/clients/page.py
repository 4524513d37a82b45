"""Writes docs/reference/clients.md: which clients were run, in which version, which calls they made, and the result."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from tests.clients import naive
from tests.clients.catalogue import CLIENTS, ROOT, Client
from tests.clients.running import OUTCOMES, Outcome, read_results

PAGE = ROOT / "docs" / "reference" / "clients.md"
NOTICE = "<!-- Written by scripts/clients --docs from a run. Do not edit. -->"
INTRODUCTION = """\
# Clients

These clients are run against a real server, over a socket, by `./scripts/clients`, which `.ci/run` calls too. The
server has the demonstration vault, the model that answers in quotations, a generated GGUF model of 1 MB, and the
built-in embedding. Versions are those of the lock files. Nothing about a client is changed but its base URL, its key
and the model's name. OpenAI's Python client checks every answer against its strict types."""
PARSERS = {
    "BMO Chatbot": naive.bmo,
    "Text Generator, custom provider": naive.text_generator,
    "Smart Connections": naive.smart_connections,
    "Copilot, over requestUrl": naive.copilot_buffered,
    "Obsidian Web Clipper": naive.web_clipper,
}


def main() -> int:
    """Write the page; 1 when some client was not run or some call failed, for the page says what is proven."""
    outcomes = read_results(OUTCOMES)
    results = {client.name: result(client, outcomes.get(client.name)) for client in CLIENTS}
    PAGE.write_text(render(results), encoding="utf-8")
    unproven = [f"{name}: {text}" for name, text in results.items() if not text.startswith("all")]
    sys.stderr.write("\n".join([f"{PAGE.relative_to(ROOT)}: written", *unproven, ""]))
    return 1 if unproven else 0


def result(client: Client, outcome: Outcome | None) -> str:
    """What the page says of a client."""
    if outcome is None:
        return "not run"
    bad = [call for call in client.calls if outcome.problems.get(call, "not made") is not None]
    return f"all {len(client.calls)} pass" if not bad else f"fails: {'; '.join(bad)}"


def render(results: Mapping[str, str]) -> str:
    """The page's text."""
    return "\n".join([NOTICE, "", *_lines(results)]) + "\n"


def _lines(results: Mapping[str, str]) -> Iterator[str]:
    yield from (INTRODUCTION, "", "| Client | Version | Calls | Result |", "|---|---|---|---|")
    for client in CLIENTS:
        yield f"| {client.name} | {client.version} | {len(client.calls)} | {results[client.name]} |"
    yield from ("", "## Calls")
    for client in CLIENTS:
        yield from ("", f"### {client.name}", "", *(f"* {call}" for call in client.calls))
    yield from ("", "## Parsers of plugins", "")
    yield "Re-enacted over a raw socket, read by read, with the assumptions that their plugins make:"
    yield from ("", "| Plugin | What it assumes |", "|---|---|")
    for plugin, parse in PARSERS.items():
        yield f"| {plugin} | {(parse.__doc__ or '').partition(': ')[2].splitlines()[0]} |"


if __name__ == "__main__":
    sys.exit(main())
