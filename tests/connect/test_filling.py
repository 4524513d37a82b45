"""Snippets stay valid, and say the same, whatever vaults, models and keys are called."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.clients.catalogue import all_clients
from sidecar.clients.entry import Client, Language, Snippet
from sidecar.clients.facts import Facts
from sidecar.clients.filling import fill, fill_body, fill_snippet, literal

HOSTILE = [
    "Notes",
    "Ma «boîte» à notes",
    'it\'s "mine"',
    "back\\slash\\n and # hash: - [x] {y} & *z | > ! % @ `",
    "日記 दैनिकी يوميات ไดอารี่",
    "two\nlines\r\n\ttab",
    "\u2028\u2029\x7f\x85\ufeff\u202e",
    "half \ud800 character",
    "nul \0 bell \a",
    "$key ${HOME} $(id) `id` {{$model}} %PATH%",
    "yes",
    "1e3",
    "~",
    "🧭" * 200,
]
SNIPPETS = [(client, snippet) for client in all_clients() for snippet in client.snippets]
snippets = pytest.mark.parametrize(
    ("client", "snippet"), SNIPPETS, ids=[f"{client.id}, {snippet.title}" for client, snippet in SNIPPETS]
)


def facts(name: str) -> Facts:
    return Facts(
        root_url="http://127.0.0.1:8484", vault=name, model=f"{name}/llama", embedding_model=name, key=f"key {name}"
    )


def expected(template: str, hostile: str) -> str:
    return re.sub("[\ud800-\udfff]", "\ufffd", fill(template, facts(hostile).values))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for part in pair for text in strings(part))
    elif isinstance(value, list):
        yield from (text for item in value for text in strings(item))


def python_strings(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def shell_words(text: str) -> Iterator[str]:
    for word in shlex.split(text, comments=False):
        yield word
        yield word.partition("=")[2]


def env_values(text: str) -> Iterator[str]:
    """The values of an `.env` file as its common readers take them: bare, or between quotes of one kind."""
    for found in re.finditer(
        r"""^\w+=(?:'([^']*)'|"((?:[^"\\]|\\.)*)"|([^\s'"#]*))$""", text, re.MULTILINE | re.DOTALL
    ):
        single, double, bare = found.groups()
        yield single or bare or re.sub(r'\\(["\\])', r"\1", double or "")


def javascript_strings(text: str) -> Iterator[str]:
    """Every literal of the text, read by JSON: what the templates become are such."""
    return (json.loads(found) for found in re.findall(r'"(?:[^"\\\n]|\\.)*"', text))


PARSE: dict[Language, Callable[[str], Iterator[str]]] = {
    "toml": lambda text: strings(tomllib.loads(text)),
    "yaml": lambda text: strings(yaml.safe_load(text)),
    "json": lambda text: strings(json.loads(text)),
    "python": python_strings,
    "shell": shell_words,
    "env": env_values,
    "javascript": javascript_strings,
}


@snippets
@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_a_snippet_parses_and_holds_exactly_what_was_meant(client: Client, snippet: Snippet, hostile: str) -> None:
    text = fill_snippet(snippet.text, snippet.language, facts(hostile).values)
    found = set(PARSE[snippet.language](text))
    for template in re.findall(r"\{\{([^{}]*)\}\}", snippet.text):
        wanted = expected(template, hostile)
        if snippet.language in {"shell", "env"}:
            wanted = wanted.replace("\0", "")
        assert wanted in found, template


def test_node_reads_the_scripts(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    scripts = [snippet for _, snippet in SNIPPETS if snippet.language == "javascript"]
    assert scripts
    for number, snippet in enumerate(scripts):
        path = tmp_path / f"{number}.mjs"
        values = facts("".join(HOSTILE)).values
        path.write_text(fill_snippet(snippet.text, "javascript", values), encoding="utf-8")
        done = subprocess.run([node, "--check", path], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


def test_bash_reads_the_commands_and_gives_the_words_on(tmp_path: Path) -> None:
    word = "".join(HOSTILE).replace("\0", "")
    done = subprocess.run(
        ["bash", "-c", f"printf %s {literal(word, 'shell')}"], capture_output=True, timeout=60, check=True
    )
    assert done.stdout.decode("utf-8") == word.replace("\ud800", "\ufffd")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("http://127.0.0.1:8484/v1", "http://127.0.0.1:8484/v1"),
        ("sk-sidecar-x_1", "sk-sidecar-x_1"),
        ("a b", "'a b'"),
        ("it's", '"it\'s"'),
        ('it\'s "mine" \\', '"it\'s \\"mine\\" \\\\"'),
        ("", "''"),
        ("日記", "'日記'"),
    ],
)
def test_values_of_env_files_have_quotes_of_one_kind(value: str, written: str) -> None:
    assert literal(value, "env") == written


def test_no_snippet_for_a_shell_puts_the_key_into_its_history_but_curls() -> None:
    with_key = {client.id for client, snippet in SNIPPETS if snippet.language == "shell" and "$key" in snippet.text}
    assert with_key == {"curl"}


def test_the_body_that_curl_sends_is_json() -> None:
    body = json.loads(facts('it\'s "mine" 日記').values["chat_body"])
    assert body["model"] == 'it\'s "mine" 日記/llama'


def test_bodies_are_filled_to_their_depths_and_null_is_null() -> None:
    body = {"model": "$model", "list": [["$vault", 1]], "temperature": "$null", "stream": True}
    assert fill_body(body, facts("N").values) == {
        "model": "N/llama",
        "list": [["N", 1]],
        "temperature": None,
        "stream": True,
    }


def test_a_name_that_nothing_fills_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("$nothing", facts("N").values)
