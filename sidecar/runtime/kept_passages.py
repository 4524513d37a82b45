"""What a kept response tells of notes: where the passages stand, never their text.

The text is read from the index whenever the response is shown. A note that was deleted since, or has become private, is
thereby in no file of ours and in no answer; one that was edited is shown as it is now.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from sidecar.index.records import ChunkRecord
from sidecar.runtime.attributes import attributes_of
from sidecar.runtime.stores import Stores
from sidecar.runtime.vector_store import parse_file_id

Object: TypeAlias = Mapping[str, Any]

_PLACE = ("path", "lines")
_OF_QUOTE = ("quote_length", "quote_sum")
_MOST_SEARCHED = 20_000


def emptied(response: Object) -> dict[str, Any]:
    """A response without the text of notes, its answer excepted."""
    kept = {**response, "output": [_emptied_item(item) for item in response["output"]]}
    if "vault" in response:
        sources = [_emptied_source(source) for source in response["vault"]["sources"]]
        kept["vault"] = {**response["vault"], "sources": sources}
    return kept


def emptied_event(event: Object) -> Object:
    """An event without the text of notes."""
    if "response" in event:
        return {**event, "response": emptied(event["response"])}
    return {**event, "item": _emptied_item(event["item"])} if "item" in event else event


async def filled(response: Object, stores: Stores) -> dict[str, Any]:
    """A kept response with the passages as they stand in the vaults now. A result whose piece is gone is left out."""
    shown = {**response, "output": [await _filled_item(item, stores) for item in response["output"]]}
    if "vault" in response:
        sources = [await _filled_source(source, stores) for source in response["vault"]["sources"]]
        shown["vault"] = {**response["vault"], "sources": sources}
    return shown


async def filled_event(event: Object, stores: Stores) -> Object:
    """A kept event with the passages as they stand in the vaults now."""
    if "response" in event:
        return {**event, "response": await filled(event["response"], stores)}
    return {**event, "item": await _filled_item(event["item"], stores)} if "item" in event else event


def _emptied_source(source: Object) -> Object:
    return {**source, "quote": "", "quote_length": len(source["quote"]), "quote_sum": _sum(source["quote"])}


def _emptied_item(item: Object) -> Object:
    if item["type"] != "file_search_call" or item["results"] is None:
        return item
    return {**item, "results": [_emptied_result(result) for result in item["results"]]}


def _emptied_result(result: Object) -> Object:
    place = {key: result["attributes"][key] for key in _PLACE if key in result["attributes"]}
    return {**result, "text": "", "attributes": place}


async def _filled_item(item: Object, stores: Stores) -> Object:
    if item["type"] != "file_search_call" or item["results"] is None:
        return item
    found = [await _filled_result(result, stores) for result in item["results"]]
    return {**item, "results": [result for result in found if result is not None]}


async def _filled_result(result: Object, stores: Stores) -> Object | None:
    mark = parse_file_id(result["file_id"])
    vault = None if mark is None else stores.vault_of_mark(mark[0])
    place = result["attributes"]
    piece = None if vault is None else await _piece(stores, vault, place["path"], lines=place["lines"])
    if vault is None or piece is None:
        return None
    attributes = attributes_of(piece.note, vault=vault, chunk=piece, file=result["filename"])
    return {**result, "text": piece.text, "attributes": attributes}


async def _filled_source(source: Object, stores: Stores) -> Object:
    vault = parse_qs(urlsplit(source["uri"]).query).get("vault", [""])[0]
    pieces = await stores.pieces(vault, source["path"])
    shown = {key: value for key, value in source.items() if key not in _OF_QUOTE}
    return {**shown, "quote": _quote(source, pieces)}


def _quote(source: Object, pieces: Sequence[ChunkRecord]) -> str:
    """The words that stood where a source was; those of the whole lines where they are there no longer."""
    first, last = source["start_line"], source["end_line"]
    near = [piece for piece in pieces if piece.start_line <= last and piece.end_line >= first]
    # Where a long line was cut into pieces, a column tells nothing: the words are known by their sum.
    for text in [piece.text for piece in near] + [_joined(one, other) for one, other in pairwise(near)]:
        if (words := _with_sum(text[:_MOST_SEARCHED], source)) is not None:
            return words
    return "\n".join(
        line
        for piece in near
        for number, line in enumerate(piece.text.split("\n"), piece.start_line)
        if first <= number <= last
    ).strip()


def _with_sum(text: str, source: Object) -> str | None:
    length = source.get("quote_length", 0)
    stretches = (text[start : start + length] for start in range(len(text) - length + 1)) if length else ()
    return next((words for words in stretches if _sum(words) == source.get("quote_sum")), None)


def _joined(one: ChunkRecord, other: ChunkRecord) -> str:
    return one.text + "\n" * (other.start_line - one.end_line) + other.text


def _sum(words: str) -> int:
    """A number of 32 bits: it tells a stretch from the others of a note, and the words to nobody."""
    return zlib.crc32(words.encode("utf-8", "surrogatepass"))


async def _piece(stores: Stores, vault: str, path: str, *, lines: str) -> ChunkRecord | None:
    pieces = await stores.pieces(vault, path)
    return next((piece for piece in pieces if f"{piece.start_line}-{piece.end_line}" == lines), None)
