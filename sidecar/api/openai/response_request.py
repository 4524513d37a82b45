"""A request for a response is understood: which model and vaults, which conversation, which tools."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sidecar.api.errors import RefusedError
from sidecar.api.openai.answers import target_of
from sidecar.chat import ChatRequest, Mode
from sidecar.errors import RequestError
from sidecar.protocol.openai_chat import VaultOptions
from sidecar.protocol.openai_response_items import chat_messages, input_items, new_id, references
from sidecar.protocol.openai_response_objects import ResponseHead
from sidecar.protocol.openai_response_tools import FileSearchTool, ResponseTools, chosen_tools
from sidecar.protocol.openai_responses import RESULTS, ResponsesBody
from sidecar.retrieval.where import read_where
from sidecar.runtime.models import ChatTarget
from sidecar.runtime.runtime import Runtime
from sidecar.runtime.vaults import OpenVault
from sidecar.runtime.vector_store import store_id, vault_of_store


class MissingError(RefusedError):
    """Something that an id names is not there (404)."""

    def __init__(self, message: str, *, code: str, param: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, status=404, code=code, hint=hint)
        self.param = param


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search of `file_search` that is to be done: where, and by which tool."""

    vaults: Sequence[OpenVault]
    tool: FileSearchTool
    show_results: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that can be answered. `input` are its own items, as they are kept."""

    body: ResponsesBody
    head: ResponseHead
    target: ChatTarget
    question: ChatRequest
    input: Sequence[Mapping[str, Any]]
    search: Search | None

    @property
    def truncates(self) -> bool:
        """Whether a conversation that is too long is answered without its beginning."""
        return self.body.truncation == "auto"


async def understand(runtime: Runtime, body: ResponsesBody) -> Asked:
    """Settle everything that can be settled before work begins. Raises RequestError, MissingError."""
    body.check()
    tools = chosen_tools(body.tools, body.tool_choice)
    target = target_of(runtime, body.model, body.vault)
    search = _search(runtime, body, tools, target)
    own, messages = await _conversation(runtime, body)
    head = ResponseHead(id=new_id("resp"), created_at=int(time.time()), model=target.id, echoed=body.echoed())
    return Asked(
        body=body,
        head=head,
        target=target if search is None else replace(target, vault=search.vaults[0]),
        question=_question(body, messages, tools, search),
        input=own,
        search=search,
    )


def _search(runtime: Runtime, body: ResponsesBody, tools: ResponseTools, target: ChatTarget) -> Search | None:
    """The search, if the client lists the tool and does not rule it out.

    The model is not asked whether to search: small ones ask badly, and a search takes milliseconds. With
    `tool_choice: auto` it is done for every question, and what is not relevant is left out of the answer; insisting
    (`file_search`, or `required` without functions) keeps whatever is found. `none`, the choice of a function, and
    `vault.mode: never` rule it out.
    """
    tool = tools.file_search
    if tool is None or (_mode(body) == "never" and not tools.search_forced):
        return None
    if tool.filters:
        read_where(tool.filters, param="tools.filters")
    vaults = {vault.name: vault for vault in (_store(runtime, wanted) for wanted in tool.vector_store_ids)}
    found = list(vaults.values()) or [target.vault or runtime.vault(None)]
    return Search(vaults=found, tool=tool, show_results=RESULTS in body.include)


def _store(runtime: Runtime, wanted: str) -> OpenVault:
    vault = vault_of_store(wanted, runtime.vaults)
    if vault is None:
        raise MissingError(
            f"There is no vector store '{wanted[:80]}'.",
            code="vector_store_not_found",
            param="tools.vector_store_ids",
            hint=f"Vector stores: {', '.join(map(store_id, runtime.vaults)) or 'none'}.",
        )
    return vault


async def _conversation(runtime: Runtime, body: ResponsesBody) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The request's own items, references resolved, and the whole conversation as chat messages."""
    own = await _resolved(runtime, input_items(body.input))
    earlier: Sequence[Mapping[str, Any]] = ()
    if body.previous_response_id is not None:
        found = await runtime.stored_responses.conversation(body.previous_response_id)
        if found is None:
            raise MissingError(
                f"Previous response with id '{body.previous_response_id[:80]}' not found.",
                code="previous_response_not_found",
                param="previous_response_id",
            )
        earlier = found
    messages = chat_messages([*earlier, *own])
    if not messages:
        raise RequestError("'input' holds nothing to answer.", param="input", code="invalid_value")
    if body.instructions:
        messages.insert(0, {"role": "system", "content": body.instructions})
    return own, messages


async def _resolved(runtime: Runtime, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    wanted = references(items)
    if not wanted:
        return items
    found = await runtime.stored_responses.items(wanted)
    for number, item in enumerate(items):
        if item["type"] == "item_reference" and item["id"] not in found:
            raise MissingError(
                f"Item with id '{item['id'][:80]}' not found.", code="item_not_found", param=f"input[{number}]"
            )
    return [dict(found[item["id"]]) if item["type"] == "item_reference" else item for item in items]


def _question(
    body: ResponsesBody, messages: list[dict[str, Any]], tools: ResponseTools, search: Search | None
) -> ChatRequest:
    wanted = body.vault or VaultOptions()
    tool = FileSearchTool() if search is None else search.tool
    return ChatRequest(
        messages=messages,
        options=body.options(tools),
        mode="always" if search is not None and tools.search_forced else _mode(body),
        limit=tool.max_num_results or wanted.limit,
        filters=_both_filters(wanted.filters, tool.filters or None),
        citations=wanted.citations,
        question=wanted.question,
    )


def _mode(body: ResponsesBody) -> Mode:
    return "auto" if body.vault is None else body.vault.mode


def _both_filters(own: Mapping[str, Any] | None, tree: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if tree is None:
        return own
    first = (own or {}).get("where")
    return {**(own or {}), "where": tree if first is None else {"type": "and", "filters": [first, tree]}}
