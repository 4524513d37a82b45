"""A JSON Schema becomes a grammar that llama.cpp holds the answer to.

The conversion is llama-cpp-python's; the checks around it are here, for a bad grammar ends the process: deep nesting
overflows the native stack, and a length of a million is written out as a million nested groups.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

from sidecar.errors import RequestError
from sidecar.llama.loosening import ANYTHING, distinct

MAX_DEPTH = 32
"""Levels of objects and arrays in a schema."""
MAX_REPETITION = 64
"""A larger upper bound on lengths is dropped, since each unit becomes one nesting level of the grammar."""
MAX_NESTING = 200
MAX_GRAMMAR = 512 * 1024
_QUANTIFIER = re.compile(r"(?<=[{,])\s*(\d{1,18})\s*(?=[,}])")
_LOWER, _UPPER = ("minItems", "minLength"), ("maxItems", "maxLength")
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|[A-Za-z][A-Za-z0-9-]*', re.DOTALL)
"""What GBNF is made of: a literal, a class of characters, the name of a rule."""
_SAID = frozenset({"title", "description", "$comment"})
"""What is said about a schema; without it, alternatives that allow the same are alike."""
# Keys whose values are written into the grammar as they are; what they hold is no schema.
_LITERALS = frozenset({"const", "enum", "default", "examples", "required"})


def schema_to_grammar(lib: Any, schema: str) -> str:
    """Convert JSON text of a schema to GBNF; `lib` is the package llama_cpp.

    Raises RequestError for a schema that cannot be followed.
    """
    try:
        grammar = _converted(lib.llama_grammar, _with_safe_references(_bounded(json.loads(schema), depth=0)))
    except RecursionError as error:
        raise _refusal("it is nested too deeply") from error
    # Its converter asserts and indexes freely: what it raises for a bad schema is not listed anywhere.
    except (AssertionError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise _refusal(str(error)[:200]) from error
    if len(grammar) > MAX_GRAMMAR or _nesting(grammar) > MAX_NESTING:
        raise _refusal("it is too large")
    return grammar


def grammar_literal(text: str) -> str:
    """Write a text as a literal of GBNF."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def either_grammar(first: str, second: str) -> str:
    """Join two grammars to one that allows what either allows."""
    rules = (prefixed_grammar(first, "first-"), prefixed_grammar(second, "second-"))
    return "\n".join((*rules, "root ::= first-root | second-root", ""))


def prefixed_grammar(grammar: str, prefix: str) -> str:
    """Put a prefix before the name of every rule."""
    return _TOKEN.sub(lambda found: found[0] if found[0][0] in '"[' else prefix + found[0], grammar)


def _converted(library: Any, schema: dict[str, Any]) -> str:
    # Its own literals lose backslashes and tear letters beyond U+FFFF apart, so that a key with a quotation mark in it
    # breaks the grammar, and one with an emoji can never be written.
    class Converter(library.SchemaConverter):  # type: ignore[misc]  # the package is imported by the worker alone
        def _format_literal(self, literal: str) -> str:
            return grammar_literal(_readable(literal))

    converter = Converter(prop_order={}, allow_fetch=False, dotall=False, raw_pattern=False)
    converter.visit(converter.resolve_refs(schema, "stdin"), "")
    grammar: str = converter.format_grammar()
    # Its strings may hold line ends and other control characters as they are, which no JSON parser takes.
    return grammar.replace('char ::= [^"\\\\] |', 'char ::= [^"\\\\\\x7F\\x00-\\x1F] |')


def _readable(literal: str) -> str:
    """JSON text with its letters unescaped, as models write it; as it is where that is no text."""
    readable = json.dumps(json.loads(literal), ensure_ascii=False)
    return readable if readable.encode("utf-8", "ignore").decode("utf-8") == readable else literal


def _refusal(reason: str) -> RequestError:
    return RequestError(
        f"The JSON Schema in response_format cannot be followed: {reason or 'it is malformed'}.",
        param="response_format",
    )


def _bounded(value: Any, *, depth: int) -> Any:
    """Copy a schema with every repetition bounded, every "anything" written out and no alternative named twice."""
    if depth > MAX_DEPTH * 2:
        raise _refusal("it is nested too deeply")
    if isinstance(value, list):
        return [_bounded(item, depth=depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    bounded = {
        key: copy.copy(part) if key in _LITERALS else _bounded(part, depth=depth + 1)
        for key, part in value.items()
        # A property of that name has a schema, not a text.
        if key not in _SAID or not isinstance(part, str)
    }
    for key in _UPPER:
        if isinstance(bounded.get(key), int) and bounded[key] > MAX_REPETITION:
            del bounded[key]
    pattern = bounded.get("pattern")
    repetitions = [int(n) for n in _QUANTIFIER.findall(pattern)] if isinstance(pattern, str) else []
    repetitions += [bounded[key] for key in _LOWER if isinstance(bounded.get(key), int)]
    if max(repetitions, default=0) > MAX_REPETITION:
        raise _refusal(f"it asks for more than {MAX_REPETITION} items or characters")
    for key in ("anyOf", "oneOf"):
        if isinstance(bounded.get(key), list):
            bounded[key] = distinct(bounded[key])
    # The converter takes an empty schema for "an object", and trips over one as `items`.
    for key in ("items", "additionalProperties"):
        if bounded.get(key) in ({}, True):
            bounded[key] = dict(ANYTHING)
    if isinstance(bounded.get("properties"), dict):
        bounded["properties"] = {k: dict(ANYTHING) if v in ({}, True) else v for k, v in bounded["properties"].items()}
    return bounded


def _with_safe_references(schema: Any) -> Any:
    """Rename definitions to names that no rule of the converter has, and lift a reference at the root, where the
    converter does not look for others beside it.

    Refuses what is outside the schema, and a reference that leads back to itself without a value in between, which
    would make the grammar left-recursive.
    """
    if not isinstance(schema, dict):
        raise _refusal("it is not an object")
    if "$ref" in schema:
        schema = {**schema, "anyOf": [{"$ref": schema["$ref"]}]}
        del schema["$ref"]
    names: dict[str, str] = {}
    definitions: dict[str, Any] = {}
    for section in ("$defs", "definitions"):
        parts = schema.pop(section, None)
        for name, part in parts.items() if isinstance(parts, dict) else ():
            names[f"#/{section}/{name}"] = f"definition{len(names)}"
            definitions[names[f"#/{section}/{name}"]] = part
    renamed = _renamed({**schema, "$defs": definitions} if definitions else schema, names)
    _refuse_loops(renamed.get("$defs", {}))
    return renamed


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    copied = {key: part if key in _LITERALS else _renamed(part, names) for key, part in value.items()}
    reference = copied.get("$ref")
    if isinstance(reference, str):
        if reference not in names:
            raise _refusal(f"it refers to {reference[:80]}, which is not among its $defs")
        copied["$ref"] = f"#/$defs/{names[reference]}"
    return copied


def _refuse_loops(definitions: Mapping[str, Any]) -> None:
    sound: set[str] = set()

    def follow(part: Any, path: tuple[str, ...]) -> None:
        if not isinstance(part, dict):
            return
        if isinstance(part.get("$ref"), str):
            visit(part["$ref"].removeprefix("#/$defs/"), path)
        for alternative in [a for key in ("anyOf", "oneOf") for a in _list(part.get(key))]:
            follow(alternative, path)

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise _refusal("one of its $defs is defined by itself")
        if name not in sound:
            follow(definitions.get(name), (*path, name))
            sound.add(name)

    for name in definitions:
        visit(name, ())


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _nesting(grammar: str) -> int:
    deepest = level = 0
    for character in grammar:
        level += (character == "(") - (character == ")")
        deepest = max(deepest, level)
    return deepest
