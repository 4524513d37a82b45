"""Whether a prompt fits an upstream's window, decided before it is sent, and noticing afterwards that it was cut.

Where the estimate says that it fits, it does: the estimate is never too low. Where it does not, the server's own
tokenizer decides (llama-server, vLLM), else the server itself where it refuses what is too long, else the estimate:
nobody could trust the answer to a prompt that might have been cut silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sidecar.errors import ContextLengthError, UpstreamError
from sidecar.inference.model import Completion
from sidecar.inference.tokens import estimate_prompt, least_prompt_tokens
from sidecar.upstream.server import Upstream

# A tokenizer may join more than the low count allows for, and servers count what they add to a prompt differently.
_SURELY_CUT = 0.7
_LEAST_TO_JUDGE = 200
_WORDS_FOR_LONG = (
    "context length",
    "context size",
    "context window",
    "exceeds the available context",
    "exceed_context_size",
    "context_length_exceeded",
    "greater than the context",
    "maximum context",
    "context the overflows",
    "context overflows",
)


async def fitted(completion: Completion, *, upstream: Upstream, model: str, window: int | None) -> Completion:
    """Give the request, its `max_tokens` lowered to what is left where the prompt was counted exactly.

    Raises ContextLengthError, UpstreamError.
    """
    if window is None:
        return completion
    tools, limit = completion.options.get("tools"), completion.options.get("max_tokens")
    needed = estimate_prompt(completion.messages, tools)
    if needed + (limit if isinstance(limit, int) else 0) < window:
        return completion
    exact = await upstream.count_prompt(model, {"messages": completion.messages, "tools": tools})
    if exact is None:
        sure = not await upstream.refuses_long() or least_prompt_tokens(completion.messages) >= window
        if needed >= window and sure:
            raise ContextLengthError(needed=needed, available=window)
        return completion
    if exact >= window:
        raise ContextLengthError(needed=exact, available=window)
    if isinstance(limit, int) and limit > window - exact:
        # vLLM refuses a prompt and an answer that do not fit together, though shorter answers would do.
        return replace(completion, options={**completion.options, "max_tokens": window - exact})
    return completion


def too_long(refusal: UpstreamError) -> bool:
    """Whether a server refused a prompt for its length."""
    message = f"{refusal.code or ''} {refusal.message}".lower()
    return refusal.status in (None, 200, 400, 413, 422, 500) and any(words in message for words in _WORDS_FOR_LONG)


def length_error(refusal: UpstreamError, completion: Completion, *, window: int | None) -> Exception:
    """The refusal as clients know it; as it is when the window is not known."""
    if window is None or not too_long(refusal):
        return refusal
    needed = estimate_prompt(completion.messages, completion.options.get("tools"))
    return ContextLengthError(needed=max(needed, window + 1), available=window)


def was_cut(messages: Sequence[Mapping[str, Any]], *, evaluated: int | None) -> bool:
    """Whether the server read far less than it was sent; `evaluated` is its own count of the prompt's tokens."""
    if not evaluated:
        return False
    least = least_prompt_tokens(messages)
    return least >= _LEAST_TO_JUDGE and evaluated < _SURELY_CUT * least
