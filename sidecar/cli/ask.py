"""`sidecar ask`: a streamed, cited answer in the terminal."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from sidecar.cli.citation_links import Citation, CitedText, can_link, linked
from sidecar.cli.options import as_typed, json_option, model_options, read_settings, settings_options
from sidecar.cli.output import print_json, print_wrapped, printable, set_up_logging
from sidecar.cli.session import RunningServer, error_message, lost_connections, running_server
from sidecar.config import Config, system_environment
from sidecar.errors import SidecarError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A piece of an answer, from the running server or made here; the rest comes with the last one."""

    content: str
    sources: list[dict[str, Any]] | None
    withheld: int = 0
    trimmed: int = 0
    still_reading: bool = False
    citations: tuple[Citation, ...] = ()


@click.command()
@click.argument("question", nargs=-1, required=True)
@click.option("--vault", "vaults", multiple=True, type=click.Path(path_type=Path), help="Answer from this folder.")
@model_options
@settings_options
@json_option
def ask(question: tuple[str, ...], vaults: tuple[Path, ...], as_json: bool, **flags: Any) -> None:
    """Answer a question from the notes, with the notes it rests on."""
    config = read_settings(flags, vaults=vaults)
    set_up_logging("error" if config.log_level == "info" else config.log_level)
    asyncio.run(_ask(config, as_typed(question), here=bool(vaults), as_json=as_json))


async def _ask(config: Config, question: str, *, here: bool, as_json: bool) -> None:
    async with running_server(config) as server:
        if server is not None:
            name = await server.vault_at(config.vaults) if here else None
            if name is not None or not here:
                await _show(_from_server(server, question, name), as_json=as_json)
                return
    await _show(_from_here(config, question), as_json=as_json)


async def _show(answer: AsyncGenerator[_Piece, None], *, as_json: bool) -> None:
    text: list[str] = []
    sources: list[dict[str, Any]] = []
    withheld = trimmed = 0
    still_reading = False
    links = can_link(sys.stdout, system_environment(), platform=sys.platform)
    shown = CitedText(links=links)
    async with aclosing(answer) as pieces:
        async for piece in pieces:
            text.append(piece.content)
            sources = sources if piece.sources is None else piece.sources
            withheld, trimmed = max(withheld, piece.withheld), max(trimmed, piece.trimmed)
            still_reading |= piece.still_reading
            if not as_json:
                click.echo(shown.feed(piece.content, piece.citations), nl=False)
    if as_json:
        told = {"sources": sources, "withheld": withheld, "trimmed": trimmed, "still_reading": still_reading}
        print_json({"answer": "".join(text), **told})
        return
    click.echo("")
    for source in sources:
        place = click.style(printable(f"{source['path']}:{_lines(source)}  {source['uri']}"), dim=True)
        click.echo(f"  {linked(place, source['uri']) if links else place}")
    for sentence in _left_out(withheld, trimmed, still_reading=still_reading):
        print_wrapped(sentence, first="  ", rest="  ")


def _left_out(withheld: int, trimmed: int, *, still_reading: bool) -> Iterator[str]:
    """What was found and the model was not given, and that there may be more to find."""
    if withheld:
        notes = "1 note stays" if withheld == 1 else f"{withheld} notes stay"
        yield f"{notes} on this machine, and this model is on another one: it was not given them."
    if trimmed:
        passages = "1 passage was" if trimmed == 1 else f"{trimmed} passages were"
        yield f"{passages} left out or cut, as the model's context window has no more room."
    if still_reading:
        yield "Not all notes had been read yet when this was asked. `sidecar status` says how far that is."


async def _from_server(server: RunningServer, question: str, vault: str | None) -> AsyncGenerator[_Piece, None]:
    body: dict[str, Any] = {"model": "vault", "stream": True, "messages": [{"role": "user", "content": question}]}
    if vault is not None:
        body["vault"] = {"name": vault}
    with lost_connections():
        async with server.client.stream("POST", "/v1/chat/completions", json=body) as response:
            if response.status_code >= 400:
                await response.aread()
                raise SidecarError(error_message(response))
            async for line in response.aiter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    for piece in _pieces(json.loads(line.removeprefix("data: "))):
                        yield piece


def _pieces(chunk: Mapping[str, Any]) -> Iterator[_Piece]:
    """What one event of the server tells. Raises SidecarError for an error of its."""
    if "error" in chunk:
        raise SidecarError(str(chunk["error"]["message"]))
    told = chunk.get("vault", {})
    found = told.get("sources")
    for choice in chunk["choices"]:
        delta = choice["delta"]
        cited = [each["url_citation"] for each in delta.get("annotations", ()) if each["type"] == "url_citation"]
        yield _Piece(
            content=delta.get("content") or "",
            sources=None if found is None else [_source(each) for each in found],
            withheld=told.get("withheld", 0),
            trimmed=told.get("trimmed", 0),
            still_reading=told.get("still_reading", False),
            citations=tuple(Citation(start=c["start_index"], end=c["end_index"], uri=c["url"]) for c in cited),
        )


async def _from_here(config: Config, question: str) -> AsyncGenerator[_Piece, None]:
    # Only now: what a running server answers does without all that indexes.
    from sidecar.cli.alone import answered

    async with aclosing(answered(config, question)) as answer:
        async for delta in answer:
            sources = None if delta.sources is None else [_source(asdict(each)) for each in delta.sources]
            yield _Piece(
                content=delta.content,
                sources=sources,
                withheld=delta.withheld,
                trimmed=delta.trimmed,
                still_reading=delta.still_reading,
                citations=tuple(Citation(start=a.start_index, end=a.end_index, uri=a.url) for a in delta.annotations),
            )


def _source(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: told[key] for key in ("path", "uri", "heading_path", "start_line", "end_line", "quote")}


def _lines(source: Mapping[str, Any]) -> str:
    first, last = source["start_line"], source["end_line"]
    return str(first) if first == last else f"{first}-{last}"
