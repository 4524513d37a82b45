"""`POST /v1/completions`, OpenAI's legacy endpoint: the request body, the response, and the chunks of a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from sidecar.errors import RequestError
from sidecar.protocol.fields import HereBody, SamplingBody, Whole
from sidecar.protocol.openai_chat import FINGERPRINT, Head

_NOT_OPTIONS = frozenset(
    {"model", "prompt", "suffix", "echo", "best_of", "stream", "stream_options", "n", "logprobs", "vault"}
    # Unknown to this endpoint, though chat would follow them: its answers have no place for a call.
    | {"tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "top_logprobs"}
)
_MAX_PROMPTS = 128


def _prompts(prompt: Any) -> list[str]:
    if isinstance(prompt, str):
        return [prompt]
    if not isinstance(prompt, list) or not prompt or len(prompt) > _MAX_PROMPTS:
        raise RequestError(f"Invalid 'prompt': send a string or a list of 1 to {_MAX_PROMPTS} strings.", param="prompt")
    if not all(isinstance(item, str) for item in prompt):
        raise RequestError(
            "Invalid 'prompt': token ids are not understood here, because every model has its own tokens; send text.",
            param="prompt",
        )
    return list(prompt)


class CompletionBody(HereBody, SamplingBody):
    """The request body; `prompt` is a list of prompts whatever form it came in."""

    prompt: Annotated[Any, AfterValidator(_prompts)]
    suffix: str | None = None
    echo: bool = False
    best_of: Whole | None = Field(default=None, ge=1, le=128)
    logprobs: Whole | None = Field(default=None, ge=0, le=20)

    def options(self) -> dict[str, Any]:
        """The fields for the model, in the words of chat. Raises RequestError for what chat has no words for."""
        if self.suffix:
            raise RequestError("'suffix' is not supported: models here answer, they do not fill in.", param="suffix")
        if self.best_of is not None and self.best_of > self.n:
            raise RequestError("'best_of' above 'n' is not supported.", param="best_of")
        if self.n * len(self.prompt) > _MAX_PROMPTS:
            raise RequestError(f"'n' times the prompts is more than {_MAX_PROMPTS}.", param="n")
        options = self.sent(without=_NOT_OPTIONS)
        if self.logprobs is not None:
            options["logprobs"] = True
            options["top_logprobs"] = self.logprobs
        return options


def completion_choice(
    *, index: int, text: str, finish_reason: str | None, logprobs: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Build one of `choices`, of a response and of a chunk alike."""
    return {"text": text, "index": index, "logprobs": logprobs, "finish_reason": finish_reason}


def completion(
    head: Head, *, choices: Sequence[Mapping[str, Any]], usage: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Build the response; without `usage` it is a chunk of a stream."""
    response: dict[str, Any] = {
        "id": head.id,
        "object": "text_completion",
        "created": head.created,
        "model": head.model,
        "system_fingerprint": FINGERPRINT,
        "choices": list(choices),
    }
    if usage is not None:
        response["usage"] = usage
    return response


def legacy_logprobs(content: Sequence[Mapping[str, Any]], *, offset: int = 0) -> dict[str, Any]:
    """Turn chat's list of token logprobs into the legacy columns; `offset` is the characters before the first token."""
    tokens = [str(entry.get("token", "")) for entry in content]
    offsets = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token)
    return {
        "tokens": tokens,
        "token_logprobs": [entry.get("logprob") for entry in content],
        "top_logprobs": [
            {str(top.get("token", "")): top.get("logprob") for top in entry.get("top_logprobs") or ()}
            for entry in content
        ],
        "text_offset": offsets,
    }
