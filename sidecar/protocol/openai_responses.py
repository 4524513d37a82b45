"""`POST /v1/responses`: the request body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from sidecar.errors import RequestError
from sidecar.protocol.fields import Body, HereBody, OutputLimit, Whole
from sidecar.protocol.openai_chat import VaultOptions
from sidecar.protocol.openai_response_tools import ResponseTools, check_tool_choice, read_tools

_FORMATS = frozenset({"text", "json_object", "json_schema"})
_PASSED_ON = ("seed", "stop", "top_k", "min_p", "logit_bias")
"""Chat's own fields that Responses do not have; models check them as they do in chat."""
_MOST_ITEMS = 10_000
"""Each is read, given an id and kept; the longest conversations of coding agents have some thousand."""
RESULTS = "file_search_call.results"
_LOGPROBS = "message.output_text.logprobs"


def _format(wanted: dict[str, Any]) -> dict[str, Any]:
    wanted = {key: value for key, value in wanted.items() if value is not None}
    kind = wanted.get("type", "text")
    if not isinstance(kind, str) or kind not in _FORMATS:
        raise RequestError(
            "Invalid 'text.format.type': use text, json_object or json_schema.",
            param="text.format.type",
            code="invalid_value",
        )
    if kind == "json_schema" and not isinstance(wanted.get("schema"), dict):
        raise RequestError(
            "Invalid 'text.format.schema': it must be an object.", param="text.format.schema", code="invalid_type"
        )
    # OpenAI's types want a name in what is repeated to the client; some clients send none.
    return {"name": "answer", **wanted} if kind == "json_schema" else {**wanted, "type": kind}


def _input(given: Any) -> Any:
    if isinstance(given, str):
        return given
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        raise RequestError(
            "Invalid 'input': it must be a string or a list of objects.", param="input", code="invalid_type"
        )
    if len(given) > _MOST_ITEMS:
        raise RequestError(f"'input' has more than {_MOST_ITEMS} items.", param="input", code="invalid_value")
    return given


def _empty_is_absent(value: Any) -> Any:
    return None if value == "" else value


class TextOptions(Body):
    """`text`: what the answer has to look like."""

    format: Annotated[dict[str, Any], AfterValidator(_format)] | None = None
    verbosity: str | None = None


class ReasoningOptions(Body):
    """`reasoning`."""

    effort: str | None = None
    summary: str | None = None


class ResponsesBody(HereBody):
    """The request body. Items stay plain objects with every key they came with."""

    model: str = Field(min_length=1, max_length=512)
    input: Annotated[Any, AfterValidator(_input)] = None
    instructions: str | None = None
    stream: bool = False
    store: bool = True
    background: bool = False
    previous_response_id: Annotated[str | None, BeforeValidator(_empty_is_absent)] = None
    conversation: Any = None
    tools: Annotated[list[dict[str, Any]], AfterValidator(read_tools)] = Field(default_factory=list)
    tool_choice: Annotated[Any, AfterValidator(check_tool_choice)] = None
    parallel_tool_calls: bool = True
    max_output_tokens: OutputLimit = None
    max_tool_calls: Whole | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    top_logprobs: Whole | None = Field(default=None, ge=0, le=20)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    include: list[str] = Field(default_factory=list)
    truncation: Literal["auto", "disabled"] = "disabled"
    metadata: dict[str, Any] = Field(default_factory=dict)
    prompt_cache_key: str | None = None
    safety_identifier: str | None = None
    user: str | None = None
    vault: VaultOptions | None = None

    def check(self) -> None:
        """Raise RequestError for fields that contradict each other, or when nothing is asked."""
        if self.conversation:
            code = "mutually_exclusive_parameters" if self.previous_response_id is not None else "unsupported_parameter"
            raise RequestError(
                "Conversations are not kept here.", param="conversation", code=code, hint="Use 'previous_response_id'."
            )
        if not self.input and self.previous_response_id is None:
            raise RequestError("You must provide 'input'.", param="input", code="missing_required_parameter")
        if self.background and not self.store:
            raise RequestError("'background' needs 'store' to be true.", param="background", code="invalid_value")

    def options(self, tools: ResponseTools) -> dict[str, Any]:
        """The fields for the model in the words of chat, with the tools that it may call."""
        extra = self.model_extra or {}
        options: dict[str, Any] = {
            "max_tokens": self.max_output_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "presence_penalty": self.presence_penalty,
            "frequency_penalty": self.frequency_penalty,
            "response_format": self._response_format(),
            "reasoning_effort": self.reasoning.effort if self.reasoning else None,
            "verbosity": self.text.verbosity if self.text else None,
            **{name: extra.get(name) for name in _PASSED_ON},
        }
        if _LOGPROBS in self.include:
            options |= {"logprobs": True, "top_logprobs": self.top_logprobs}
        if tools.functions:
            options |= {
                "tools": list(tools.functions),
                "tool_choice": tools.choice,
                "parallel_tool_calls": self.parallel_tool_calls
                if "parallel_tool_calls" in self.model_fields_set
                else None,
            }
        return {name: value for name, value in options.items() if value is not None}

    def _response_format(self) -> dict[str, Any] | None:
        wanted = self.text.format if self.text else None
        if wanted is None or wanted["type"] == "text":
            return None
        if wanted["type"] == "json_object":
            return wanted
        described = {key: value for key, value in wanted.items() if key != "type" and value is not None}
        return {"type": "json_schema", "json_schema": described}

    def echoed(self) -> dict[str, Any]:
        """What of the request every response repeats; the specification wants most of it never to be null."""
        return {
            "instructions": self.instructions,
            "max_output_tokens": self.max_output_tokens,
            "max_tool_calls": self.max_tool_calls,
            "previous_response_id": self.previous_response_id,
            "reasoning": {
                "effort": self.reasoning.effort if self.reasoning else None,
                "summary": self.reasoning.summary if self.reasoning else None,
            },
            "tools": [_echoed_tool(tool) for tool in self.tools],
            "tool_choice": "auto" if self.tool_choice is None else self.tool_choice,
            "parallel_tool_calls": self.parallel_tool_calls,
            "text": {
                "format": (self.text.format if self.text else None) or {"type": "text"},
                "verbosity": (self.text.verbosity if self.text else None) or "medium",
            },
            "temperature": 1.0 if self.temperature is None else self.temperature,
            "top_p": 1.0 if self.top_p is None else self.top_p,
            "top_logprobs": self.top_logprobs or 0,
            "presence_penalty": self.presence_penalty or 0.0,
            "frequency_penalty": self.frequency_penalty or 0.0,
            "store": self.store,
            "background": self.background,
            "truncation": self.truncation,
            "service_tier": "default",
            "metadata": self.metadata,
            "safety_identifier": self.safety_identifier,
            "prompt_cache_key": self.prompt_cache_key,
            "user": self.user,
        }


def _echoed_tool(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    if tool.get("type") != "function":
        return tool
    return {"description": None, "parameters": None, "strict": None, **tool}
