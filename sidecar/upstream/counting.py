"""How many tokens a whole prompt takes, from servers that lend out their tokenizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.upstream.kind import ServerKind
from sidecar.upstream.transport import Json, Transport


async def count_prompt(model: str, body: Mapping[str, Any], transport: Transport, *, kind: ServerKind) -> int | None:
    """Count messages and tools as the model's chat template puts them; `None` where that cannot be asked.

    vLLM's `/tokenize` renders by itself, llama-server has `/apply-template` before it. Never raises.
    """
    prompt: Json = {"model": model, "messages": list(body["messages"])}
    if body.get("tools"):
        prompt["tools"] = body["tools"]
    if kind == "vllm":
        return _count((await transport.peek("/tokenize", prompt) or {}).get("count"))
    if kind != "llama-server":
        return None
    rendered = (await transport.peek("/apply-template", prompt) or {}).get("prompt")
    if not isinstance(rendered, str):
        return None
    # A template that writes the beginning-of-text mark itself gets one more, which is one token of care.
    asked = {"model": model, "content": rendered, "add_special": True, "parse_special": True}
    tokens = (await transport.peek("/tokenize", asked) or {}).get("tokens")
    return len(tokens) if isinstance(tokens, Sequence) and not isinstance(tokens, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
