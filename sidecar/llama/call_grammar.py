"""The grammar of calls that are no JSON objects: a name before its arguments, and arguments between tags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sidecar.errors import RequestError
from sidecar.llama.dialect import NameForm, TagForm
from sidecar.llama.grammar import MAX_GRAMMAR, grammar_literal, prefixed_grammar, schema_to_grammar
from sidecar.llama.loosening import Loosener

_MAX_TAGS = 64
"""Arguments of one tool that are written out; each costs the grammar a dozen rules."""
_ANY_OBJECT: dict[str, Any] = {"type": "object"}


def formed_grammar(lib: Any, tools: Mapping[str, Mapping[str, Any]], form: NameForm | TagForm) -> str:
    """Build the rule `call` and what it needs: one call of one of `tools`, schemas by name, without its outer marks.

    A schema that is too large for a grammar is any object. `lib` is llama_cpp.
    """
    written = _joined(lib, tools, form, exact=True)
    return written if len(written) <= MAX_GRAMMAR else _joined(lib, tools, form, exact=False)


def _joined(lib: Any, tools: Mapping[str, Mapping[str, Any]], form: NameForm | TagForm, *, exact: bool) -> str:
    # One for all: what it may write down is shared out among the tools.
    loosener = Loosener()
    rules = ["call ::= " + " | ".join(f"call{number}" for number in range(len(tools)))]
    for number, (name, schema) in enumerate(tools.items()):
        rule, kept = f"call{number}", schema if exact else {}
        if isinstance(form, NameForm):
            rules += _named(lib, rule, name, loosener.loosen(kept), loosener.definitions, form)
        else:
            rules += _tagged(lib, rule, name, loosener.loosen(kept), loosener.definitions, form)
    return "\n".join(rules)


def _named(
    lib: Any, rule: str, name: str, loose: dict[str, Any], definitions: Mapping[str, Any], form: NameForm
) -> list[str]:
    before = grammar_literal(form.head + name + form.between)
    return [f"{rule} ::= {before} {rule}-root", _converted(lib, loose, definitions, prefix=f"{rule}-")]


def _tagged(
    lib: Any, rule: str, name: str, loose: dict[str, Any], definitions: Mapping[str, Any], form: TagForm
) -> list[str]:
    properties: Mapping[str, Any] = loose.get("properties", {})
    begin = grammar_literal(form.name_open + name + form.name_close)
    end = f" {grammar_literal(form.end)}" if form.end else ""
    if len(properties) > _MAX_TAGS or (not properties and loose == _ANY_OBJECT):
        key = f"{grammar_literal(form.key_open)} [a-zA-Z0-9_-]{{1,64}} {grammar_literal(form.key_close)}"
        value = f"{rule}-text* {grammar_literal(form.value_close)}"
        return [f"{rule} ::= {begin} ({key} {value}){{0,16}}{end}", _text_rule(f"{rule}-text", form)]
    rules = [_text_rule(f"{rule}-text", form)]
    body = ""
    for number, (key, value) in enumerate(properties.items()):
        opening, part = grammar_literal(form.key_open + key + form.key_close), f"{rule}-{number}"
        rules += _value(lib, part, value, definitions, text=f"{rule}-text")
        wanted = "" if key in loose.get("required", ()) else "?"
        body += f" ({opening} {part}-root {grammar_literal(form.value_close)}){wanted}"
    return [f"{rule} ::= {begin}{body}{end}", *rules]


def _value(lib: Any, rule: str, schema: dict[str, Any], definitions: Mapping[str, Any], *, text: str) -> list[str]:
    """What stands between the tags of one argument: text as it is, anything else as JSON."""
    choices = schema.get("enum")
    if schema.get("type") == "string":
        low, high = schema.get("minLength", 0), schema.get("maxLength", "")
        return [f"{rule}-root ::= {text}{{{low},{high}}}"]
    if isinstance(choices, list) and all(isinstance(each, str) for each in choices):
        return [f"{rule}-root ::= " + " | ".join(map(grammar_literal, choices))]
    return [_converted(lib, schema, definitions, prefix=f"{rule}-")]


def _converted(lib: Any, schema: dict[str, Any], definitions: Mapping[str, Any], *, prefix: str) -> str:
    text = json.dumps(schema)
    if '"$ref"' in text:
        text = json.dumps({**schema, "$defs": definitions})
    try:
        grammar = schema_to_grammar(lib, text)
    except RequestError:
        grammar = schema_to_grammar(lib, json.dumps(_ANY_OBJECT))
    return prefixed_grammar(grammar, prefix)


def _text_rule(rule: str, form: TagForm) -> str:
    """A character of a text in which the closing tag does not occur; with a bracket comes as much of what follows as
    shows that it is not that tag.
    """
    close = form.value_close.strip()
    rest = f"[^{_class(close[-1] + close[0])}]"
    for character in reversed(close[1:-1]):
        rest = f"([^{_class(character + close[0])}] | {grammar_literal(character)} {rest})"
    return f"{rule} ::= [^{_class(close[0])}] | {grammar_literal(close[0])} {rest}"


def _class(characters: str) -> str:
    return "".join(f"\\{c}" if c in "]\\^-" else c for c in characters)
