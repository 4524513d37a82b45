"""A running server as the one whose answers are measured: it is asked over HTTP, as any client asks it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sidecar.cli.session import RunningServer, error_message, lost_connections
from sidecar.errors import SidecarError
from sidecar.evaluation.questions import Question
from sidecar.evaluation.reply import Cited, Gathering, Reply, messages_of


class ServerAnswerer:
    """Asks a server. What its model was given and wrote before the checking of citations, it does not tell."""

    def __init__(self, server: RunningServer, *, vault: str, model: str, options: Mapping[str, Any]) -> None:
        """`model` is an id of the server's; `options` are fields of the request."""
        self._server = server
        self._body = {
            **options,
            "model": model,
            "vault": {"name": vault},
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        self.name = model.removeprefix(f"{vault}/")

    async def reply(self, question: Question) -> Reply:
        """Answer a question, with the conversation before it. Raises SidecarError."""
        body = {**self._body, "messages": messages_of(question)}
        gathered = Gathering()
        with lost_connections():
            async with self._server.client.stream("POST", "/v1/chat/completions", json=body) as response:
                if response.status_code >= 400:
                    await response.aread()
                    raise SidecarError(error_message(response))
                async for line in response.aiter_lines():
                    if line.startswith("data: ") and line != "data: [DONE]":
                        _feed(gathered, json.loads(line.removeprefix("data: ")))
        return gathered.whole()


def _feed(gathered: Gathering, chunk: Mapping[str, Any]) -> None:
    if "error" in chunk:
        raise SidecarError(str(chunk["error"]["message"]))
    for choice in chunk["choices"]:
        gathered.add_text(choice["delta"].get("content") or "")
        gathered.cut = gathered.cut or choice.get("finish_reason") == "length"
    if (usage := chunk.get("usage")) is not None:
        gathered.prompt_tokens, gathered.completion_tokens = usage["prompt_tokens"], usage["completion_tokens"]
    gathered.cited += tuple(_cited(source) for source in chunk.get("vault", {}).get("sources") or ())


def _cited(source: Mapping[str, Any]) -> Cited:
    return Cited(
        path=source["path"],
        link=source["link"],
        start_line=source["start_line"],
        end_line=source["end_line"],
        text=source["quote"],
    )
