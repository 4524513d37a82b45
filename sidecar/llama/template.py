"""Messages become the one text that a model was trained on, by the chat template in its own metadata.

The template comes out of a downloaded file and runs here, in the worker process, inside Jinja's sandbox; one that loops
for ever is ended by the client's deadline. Rendering follows Transformers
(https://github.com/huggingface/transformers/blob/main/src/transformers/utils/chat_template_utils.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

import jinja2
import jinja2.ext
import jinja2.meta
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox

from sidecar.errors import RequestError
from sidecar.llama.messages import merged_messages, with_readable_calls, with_short_ids
from sidecar.llama.tool_text import with_tools, without_calls
from sidecar.llama.tools import Tool

FALLBACK_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{{ '<|im_start|>assistant\n' }}"
)
"""ChatML, for files without a template or with a broken one."""
FALLBACK_STOPS = ("<|im_end|>", "<|im_start|>")

# A noncharacter (never valid in interchange) marks where a text must be cut before it is tokenised.
_CUT = "\ufdd0"
_REFUSALS = (jinja2.TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError)


class ChatTemplate:
    """A compiled template. `specials` are the texts of the vocabulary's control tokens."""

    def __init__(
        self, source: str | None, *, bos: str, eos: str, specials: Sequence[str], now: Callable[[], datetime]
    ) -> None:
        self._tokens = {"bos_token": bos, "eos_token": eos}
        self._now = now
        self._specials = _starts_of(specials)
        self._environment = _environment()
        self._template, self.stops = self._compile(source)
        self.knows_tools = not self.stops and self._reads_tools(source or "")
        """Whether it shows tools to the model by itself."""
        self._knows_calls = "tool_calls" in (source or "")

    def render(self, messages: Sequence[Mapping[str, Any]], *, tools: Sequence[Tool] = ()) -> list[str]:
        """Render plain messages with the opening of the answer, as texts to be tokenised one by one and joined.

        The cuts keep a message from forging a turn: where one contains the text of a control token ("<|im_end|>" in a
        clipped page), the text is cut inside it, so that it reaches the model as the characters it is made of.
        Of the arrangements that the template takes, the first is chosen in which it leaves out no message.
        Raises RequestError when the template refuses the messages in every arrangement.
        """
        shown = [self._cut(tool.as_json()) for tool in tools] if self.knows_tools and tools else None
        reason, incomplete = "", ""
        watched = _watched_roles(messages)
        for arrangement in self._arrangements([self._shield(message) for message in messages], tools):
            try:
                text = self._render(arrangement, shown)
            except _REFUSALS as error:
                reason = str(error)
                continue
            if _holds(text, [m["content"].strip() for m in arrangement if m["role"] in watched]):
                return text.split(_CUT)
            incomplete = incomplete or text
        if incomplete:
            return incomplete.split(_CUT)
        raise RequestError(f"The model's chat template refuses these messages: {reason}", param="messages")

    def _arrangements(
        self, messages: list[dict[str, Any]], tools: Sequence[Tool]
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        """The messages in every form that a template may take, what it loses growing."""
        plain = without_calls(messages)
        if self.knows_tools and (self._knows_calls or not any("tool_calls" in message for message in messages)):
            yield [with_readable_calls(message) for message in messages]
            # Mistral's templates refuse ids that are not nine letters and digits.
            yield [with_readable_calls(with_short_ids(message)) for message in messages]
        elif tools and not self.knows_tools:
            plain = [self._shield(message) for message in with_tools(plain, tools)]
        yield plain
        yield merged_messages(plain, fold_system=False)
        yield merged_messages(plain, fold_system=True)

    def _reads_tools(self, source: str) -> bool:
        return "tools" in jinja2.meta.find_undeclared_variables(self._environment.parse(source))

    def _render(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Any] | None) -> str:
        try:
            return self._rendered(messages, tools)
        except TypeError:
            # Those for tools alone (Hermes, Command R+) walk through them without asking whether there are any.
            if tools is not None or not self.knows_tools:
                raise
            return self._rendered(messages, [])

    def _rendered(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Any] | None) -> str:
        return self._template.render(
            messages=messages,
            tools=tools,
            add_generation_prompt=True,
            raise_exception=_raise_exception,
            strftime_now=lambda form: self._now().strftime(form),
            **self._tokens,
        )

    def _compile(self, source: str | None) -> tuple[jinja2.Template, tuple[str, ...]]:
        if source:
            try:
                return self._environment.from_string(source), ()
            except (jinja2.TemplateError, RecursionError):
                pass
        return self._environment.from_string(FALLBACK_TEMPLATE), FALLBACK_STOPS

    def _shield(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value if key == "role" else self._cut(value) for key, value in message.items()}

    def _cut(self, value: Any) -> Any:
        if isinstance(value, str):
            text = value.replace(_CUT, "")
            return self._specials.sub(lambda found: found[0] + _CUT, text) if self._specials else text
        if isinstance(value, Mapping):
            return {self._cut(key): self._cut(item) for key, item in value.items()}
        return [self._cut(item) for item in value] if isinstance(value, list) else value


class _GenerationTag(jinja2.ext.Extension):
    """`{% generation %}` marks what counts in training; here it marks nothing."""

    tags = frozenset({"generation"})  # type: ignore[assignment]  # Jinja annotates a mutable set

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        parser.stream.skip(1)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _environment() -> jinja2.Environment:
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = _tojson
    return environment


def _tojson(value: Any, indent: int | None = None, **_: Any) -> str:
    # Jinja's own filter escapes < > & ' for HTML, which no model was trained on.
    return json.dumps(value, ensure_ascii=False, indent=indent, default=_listed)


def _listed(value: object) -> list[Any]:
    """What `map` and `select` give, which the C++ implementation of llama.cpp takes for a list."""
    if isinstance(value, Iterator):
        return list(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _watched_roles(messages: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Whose words must be in the prompt. Many templates read a system message only where it comes first, and say
    nothing of others (SmolLM3, gpt-oss); some only show it beside the user's last. At its place it may be rewritten:
    SmolLM3 takes its switches for reasoning out of it.
    """
    roles = [message["role"] for message in messages]
    in_place = "user" in roles and "system" not in roles[1:]
    return frozenset({"user"} if in_place else {"user", "system"})


def _holds(text: str, parts: Sequence[str]) -> bool:
    at = 0
    for part in parts:
        # From the last one on first: ten thousand messages would be looked for in the whole prompt otherwise.
        at = text.find(part, at)
        if at < 0:
            at = text.find(part)
        if at < 0:
            return False
    return True


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _starts_of(specials: Sequence[str]) -> re.Pattern[str] | None:
    """The first character of every control token's text, wherever one begins; they may overlap."""
    texts = sorted({text for text in specials if len(text) > 1}, key=len, reverse=True)
    if not texts:
        return None
    # The guard on first characters spares a walk through thousands of alternatives (Gemma has 6,000) at every letter.
    firsts = "".join(sorted({re.escape(text[0]) for text in texts}))
    return re.compile(f"(?=[{firsts}])(?={'|'.join(map(re.escape, texts))})(?s:.)")
