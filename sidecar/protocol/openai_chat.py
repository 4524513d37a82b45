"""`POST /v1/chat/completions`: the request body, the response, and the chunks of a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from sidecar.errors import RequestError
from sidecar.protocol.fields import Body, OutputLimit, SamplingBody, Whole

FINGERPRINT = "fp_sidecar"
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})
_OTHER_PARTS = frozenset({"refusal", "image_url", "input_audio", "file"})
_TOOL_CHOICES = frozenset({"none", "auto", "required"})
_FORMATS = frozenset({"text", "json_object", "json_schema"})
_NOT_OPTIONS = frozenset({"model", "messages", "stream", "stream_options", "n", "max_completion_tokens", "vault"})


def _messages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not messages:
        raise RequestError("'messages' is empty: send at least one message.", param="messages", code="invalid_value")
    return [_message(message, at=f"messages[{number}]") for number, message in enumerate(messages)]


def _message(message: dict[str, Any], *, at: str) -> dict[str, Any]:
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise RequestError(
            f"Invalid '{at}.role': use one of {', '.join(sorted(_ROLES))}.", param=f"{at}.role", code="invalid_value"
        )
    kept = dict(message)
    # Chat templates know no `developer`; it is OpenAI's newer name of `system` (mudler/LocalAI#4608).
    kept["role"] = "system" if role == "developer" else role
    kept["content"] = _content(message.get("content"), at=f"{at}.content")
    calls = message.get("tool_calls")
    if calls is None:
        kept.pop("tool_calls", None)
    elif not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise _wrong_type(f"{at}.tool_calls", "a list of objects")
    return kept


def _content(content: Any, *, at: str) -> Any:
    """A list of text parts becomes one string, joined by line ends; a list with other parts stays a list."""
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise _wrong_type(at, "a string, a list of parts or null")
    for number, part in enumerate(content):
        _check_part(part, at=f"{at}[{number}]")
    if all(part["type"] in _TEXT_PARTS for part in content):
        return "\n".join(part["text"] for part in content)
    return content


def _check_part(part: Any, *, at: str) -> None:
    if not isinstance(part, dict):
        raise _wrong_type(at, "an object")
    kind = part.get("type")
    if not isinstance(kind, str) or kind not in _TEXT_PARTS | _OTHER_PARTS:
        raise RequestError(
            f"Invalid '{at}.type': use text, image_url, input_audio or file.", param=f"{at}.type", code="invalid_value"
        )
    if kind in _TEXT_PARTS and not isinstance(part.get("text"), str):
        raise _wrong_type(f"{at}.text", "a string")


def _tools(tools: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Only functions: clients also list tools that run at OpenAI and expect them to be ignored (openai/codex#10635)."""
    functions = [(number, tool) for number, tool in enumerate(tools) if tool.get("type", "function") == "function"]
    for number, tool in functions:
        function = tool.get("function")
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise _wrong_type(f"tools[{number}].function", "an object with a name")
    return [tool for _, tool in functions] or None


def _tool_choice(choice: Any) -> Any:
    if isinstance(choice, str):
        if choice not in _TOOL_CHOICES:
            raise RequestError("Invalid 'tool_choice': use none, auto or required.", param="tool_choice")
        return choice
    if not isinstance(choice, dict):
        raise _wrong_type("tool_choice", "a string or an object")
    if choice.get("type") != "function":
        return None
    function = choice.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise _wrong_type("tool_choice.function", "an object with a name")
    return choice


def _response_format(wanted: dict[str, Any]) -> dict[str, Any]:
    kind = wanted.get("type")
    if not isinstance(kind, str) or kind not in _FORMATS:
        raise RequestError(
            "Invalid 'response_format.type': use text, json_object or json_schema.",
            param="response_format.type",
            code="invalid_value",
        )
    if kind == "json_schema":
        described = wanted.get("json_schema")
        if not isinstance(described, dict) or not isinstance(described.get("schema"), dict):
            raise _wrong_type("response_format.json_schema.schema", "an object")
    return wanted


def _wrong_type(param: str, wanted: str) -> RequestError:
    return RequestError(f"Invalid '{param}': it must be {wanted}.", param=param, code="invalid_type")


class VaultOptions(Body):
    """The `vault` field, for clients that can send more than OpenAI's own fields.

    `elsewhere` says that the client gives the answer to a model on another machine. `question` is what the user asks,
    for a client that puts more into the last message: the notes are searched for it alone, operators and all.
    """

    limit: Whole | None = Field(default=None, ge=1, le=50)
    filters: dict[str, Any] | None = None
    mode: Literal["auto", "always", "never"] = "auto"
    name: str | None = None
    citations: Literal["wikilinks", "footnotes"] | None = None
    elsewhere: bool = False
    question: str | None = Field(default=None, min_length=1, max_length=10_000)


class ChatBody(SamplingBody):
    """The request body. Messages stay plain objects with every key they came with."""

    messages: Annotated[list[dict[str, Any]], AfterValidator(_messages)]
    max_completion_tokens: OutputLimit = None
    logprobs: bool | None = None
    top_logprobs: Whole | None = Field(default=None, ge=0, le=20)
    tools: Annotated[list[dict[str, Any]], AfterValidator(_tools)] | None = None
    tool_choice: Annotated[Any, AfterValidator(_tool_choice)] = None
    parallel_tool_calls: bool | None = None
    functions: list[dict[str, Any]] | None = None
    function_call: Any = None
    response_format: Annotated[dict[str, Any], AfterValidator(_response_format)] | None = None
    vault: VaultOptions | None = None

    @property
    def legacy_functions(self) -> bool:
        """Whether the client knows calls by their older name, and reads `function_call` alone."""
        return bool(self.functions) and not self.tools

    def options(self) -> dict[str, Any]:
        """The sampling and output fields for the model, unknown ones too. Raises RequestError when two contradict."""
        if self.top_logprobs is not None and not self.logprobs:
            raise RequestError("'top_logprobs' needs 'logprobs' to be true.", param="top_logprobs")
        options = self.sent(without=_NOT_OPTIONS)
        limit = self.max_completion_tokens or self.max_tokens
        if limit is not None:
            options["max_tokens"] = limit
        _translate_functions(options)
        if "tools" not in options:
            options.pop("tool_choice", None)
            options.pop("parallel_tool_calls", None)
        return options


def _translate_functions(options: dict[str, Any]) -> None:
    """Say OpenAI's older `functions` and `function_call` in the words of tools; beside tools they count for nothing."""
    functions, choice = options.pop("functions", None), options.pop("function_call", None)
    if not functions or "tools" in options:
        return
    options["tools"] = _tools([{"type": "function", "function": function} for function in functions])
    if choice is not None:
        options["tool_choice"] = _tool_choice(
            {"type": "function", "function": choice} if isinstance(choice, dict) else choice
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What every chunk of one answer repeats. `created` is in seconds since 1970."""

    id: str
    created: int
    model: str


def url_citation(*, url: str, title: str, start_index: int, end_index: int) -> dict[str, Any]:
    """Build an annotation; the indexes are characters of the message's content."""
    return {
        "type": "url_citation",
        "url_citation": {"start_index": start_index, "end_index": end_index, "url": url, "title": title},
    }


def assistant_message(
    *,
    content: str,
    reasoning: str = "",
    tool_calls: Sequence[Mapping[str, Any]] = (),
    annotations: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Build `message`. Content is null only beside tool calls."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": None if tool_calls and not content else content,
        "refusal": None,
        "annotations": list(annotations),
    }
    if reasoning:
        message["reasoning_content"] = reasoning
        message["reasoning"] = reasoning
    if tool_calls:
        message["tool_calls"] = list(tool_calls)
    return message


def called(call: Mapping[str, Any]) -> dict[str, Any]:
    """Build what an older client reads of a tool call, or of a piece of one."""
    return {"function_call": call["function"]}


def chat_choice(
    *, index: int, message: Mapping[str, Any], finish_reason: str, logprobs: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Build one of `choices`."""
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": finish_reason}


def chat_completion(
    head: Head,
    *,
    choices: Sequence[Mapping[str, Any]],
    usage: Mapping[str, Any],
    vault: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the response; `vault` is `None` for a model that looked into no vault."""
    response: dict[str, Any] = {
        "id": head.id,
        "object": "chat.completion",
        "created": head.created,
        "model": head.model,
        "choices": list(choices),
        "usage": usage,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }
    if vault is not None:
        response["vault"] = vault
    return response


def chunk_choice(
    *,
    index: int,
    delta: Mapping[str, Any],
    finish_reason: str | None = None,
    logprobs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Build the one choice of a chunk."""
    return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}


def chat_chunk(head: Head, *, choice: Mapping[str, Any], include_usage: bool = False) -> dict[str, Any]:
    """Build a chunk. `usage` is null in every chunk but the last when the client asked for usage, else absent."""
    chunk = _chunk(head)
    chunk["choices"] = [choice]
    if include_usage:
        chunk["usage"] = None
    return chunk


def usage_chunk(head: Head, *, usage: Mapping[str, Any]) -> dict[str, Any]:
    """Build the chunk that follows the last choice. Only for clients that asked: many read `choices[0]` unguarded."""
    return {**_chunk(head), "choices": [], "usage": usage}


def _chunk(head: Head) -> dict[str, Any]:
    return {
        "id": head.id,
        "object": "chat.completion.chunk",
        "created": head.created,
        "model": head.model,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }
