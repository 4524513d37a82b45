"""Ollama's native chat, which takes the window with the request: its OpenAI route passes over `num_ctx` and cuts.

What becomes of OpenAI's fields (the API's source: github.com/ollama/ollama, api/types.go and server/routes.go):

* `max_tokens`, `temperature`, `top_p`, `seed`, `stop`, both penalties, and Ollama's own `top_k`, `min_p`, `typical_p`,
  `repeat_penalty`, `repeat_last_n` go into `options`; what is absent is left to the model file.
* `response_format` becomes `format`, `reasoning_effort` and `think` become `think` where the model thinks, `logprobs`
  and `top_logprobs` go as they are. `tool_choice: none` leaves the tools out.
* A forced call (`tool_choice` `required` or a name), `logit_bias` and several answers (`n`) cannot be had by either of
  its routes: 400. So are images that are not sent along, since nothing is fetched for a client.
* `num_ctx` is sent with every request, and always the same one: another one would load the model anew. `truncate` and
  `shift` are off, so that a newer Ollama refuses what an older one cuts. `keep_alive` stays the server's.
* Everything else (`user`, `metadata`, `store`, …) is left out.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sidecar.errors import RequestError
from sidecar.inference.model import Completion, Message
from sidecar.inference.tokens import message_text
from sidecar.upstream.listing import OllamaModel

DEFAULT_WINDOW = 8_192
_OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "typical_p": "typical_p",
    "repeat_penalty": "repeat_penalty",
    "repeat_last_n": "repeat_last_n",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
_ROLES = {"developer": "system", "function": "tool"}
# Only these tell apart how hard to think; the others refuse a word where they want yes or no.
_LEVELS_FAMILIES = ("gptoss", "gpt-oss")
_MOST_BRACKETS = 300
_LEVELS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high"}


def window_for(model: OllamaModel, *, wanted: int | None) -> int:
    """The window to ask for, in tokens: `wanted` by the settings, else the model file's or what it is loaded with, else
    8,192; never more than it was trained for.
    """
    own = model.num_ctx or max(model.loaded or 0, DEFAULT_WINDOW)
    return min(wanted or own, model.trained or wanted or own)


def request_body(name: str, completion: Completion, *, model: OllamaModel, window: int) -> dict[str, Any]:
    """The body of `POST /api/chat`. Raises RequestError for what Ollama cannot do."""
    options = {key: value for key, value in completion.options.items() if value is not None}
    _refuse(options)
    body: dict[str, Any] = {
        "model": name,
        "messages": _messages(completion.messages),
        "stream": True,
        "options": _options(options, window=window),
        "truncate": False,
        "shift": False,
    }
    if options.get("tools") and options.get("tool_choice") != "none":
        body["tools"] = options["tools"]
    if (wanted := _format(options.get("response_format"))) is not None:
        body["format"] = wanted
    if model.thinks and (think := _think(options, model)) is not None:
        body["think"] = think
    if options.get("logprobs"):
        body |= {"logprobs": True, "top_logprobs": options.get("top_logprobs") or 0}
    return body


def _refuse(options: Mapping[str, Any]) -> None:
    if isinstance(options.get("n"), int) and options["n"] > 1:
        raise RequestError("Ollama gives one answer at a time.", param="n", hint="Ask several times.")
    if options.get("logit_bias"):
        raise RequestError("Ollama has no logit_bias.", param="logit_bias", hint="Leave it out.")
    if options.get("tools") and options.get("tool_choice", "auto") not in ("auto", "none"):
        raise RequestError(
            "Ollama cannot be made to call a tool.",
            param="tool_choice",
            hint="Use `auto`, or a `response_format` with a JSON schema.",
        )


def _options(options: Mapping[str, Any], *, window: int) -> dict[str, Any]:
    found: dict[str, Any] = {_OPTIONS[key]: value for key, value in options.items() if key in _OPTIONS}
    found["num_ctx"] = window
    if isinstance(limit := options.get("max_tokens"), int):
        found["num_predict"] = min(limit, window)
    if isinstance(seed := options.get("seed"), int):
        # Ollama holds seeds in 32 bits with a sign.
        found["seed"] = seed % 2**31
    if stop := options.get("stop"):
        found["stop"] = [stop] if isinstance(stop, str) else list(stop)
    return found


def _format(wanted: object) -> Any:
    if not isinstance(wanted, Mapping):
        return None
    if wanted.get("type") == "json_object":
        return "json"
    described = wanted.get("json_schema") if wanted.get("type") == "json_schema" else None
    return described.get("schema") if isinstance(described, Mapping) else None


def _think(options: Mapping[str, Any], model: OllamaModel) -> bool | str | None:
    template = options.get("chat_template_kwargs")
    wanted = template.get("enable_thinking") if isinstance(template, Mapping) else None
    for value in (options.get("reasoning_effort"), options.get("think")):
        wanted = value if isinstance(value, bool | str) else wanted
    if not isinstance(wanted, str):
        return wanted if isinstance(wanted, bool) else None
    if wanted == "none":
        return False
    return _LEVELS.get(wanted, "medium") if model.family in _LEVELS_FAMILIES else True


def _messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    names: dict[str, str] = {}
    return [_message(message, names) for message in messages]


def _message(message: Message, names: dict[str, str]) -> dict[str, Any]:
    role = str(message.get("role"))
    found: dict[str, Any] = {"role": _ROLES.get(role, role), "content": message_text({**message, "tool_calls": None})}
    content = message.get("content")
    if images := [_image(part) for part in content if _is_other(part)] if isinstance(content, list) else []:
        found["images"] = images
    if isinstance(thought := message.get("reasoning_content") or message.get("reasoning"), str):
        found["thinking"] = thought
    if calls := message.get("tool_calls"):
        found["tool_calls"] = [_call(call, names) for call in _mappings(calls)]
    if found["role"] == "tool":
        call_id = message.get("tool_call_id")
        name = message.get("name") or names.get(str(call_id))
        found |= {key: value for key, value in (("tool_name", name), ("tool_call_id", call_id)) if value}
    return found


def _is_other(part: object) -> bool:
    return isinstance(part, Mapping) and not isinstance(part.get("text"), str)


def _image(part: Mapping[str, Any]) -> str:
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, Mapping) else image
    if part.get("type") != "image_url" or not isinstance(url, str):
        raise RequestError(f"Ollama takes text and images, not {part.get('type')!r}.", param="messages")
    head, comma, data = url.partition(",")
    if not (head.startswith("data:") and head.endswith(";base64") and comma):
        raise RequestError(
            "An image has to be sent along: nothing is fetched for a request.",
            param="messages",
            hint="Send it as a data: URL in base64.",
        )
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise RequestError("An image is not valid base64.", param="messages") from exc
    return data


def _call(call: Mapping[str, Any], names: dict[str, str]) -> dict[str, Any]:
    function = call.get("function")
    function = function if isinstance(function, Mapping) else {}
    name = str(function.get("name") or "")
    names[str(call.get("id"))] = name
    given = {"id": call["id"]} if isinstance(call.get("id"), str) else {}
    return given | {"function": {"name": name, "arguments": _arguments(function.get("arguments"))}}


def _arguments(given: object) -> Mapping[str, Any]:
    """Arguments as an object, which alone Ollama takes; what a model garbled is kept as text."""
    value = given
    # What nests deeply could be read here and yet not be written again further down.
    if isinstance(given, str) and given.count("{") + given.count("[") <= _MOST_BRACKETS:
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(given)
    if isinstance(value, Mapping):
        return value
    return {"arguments": value} if value else {}


def _mappings(values: object) -> Iterable[Mapping[str, Any]]:
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list | tuple) else []
