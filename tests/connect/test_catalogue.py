"""The clients as data: complete, found by every name, and without a template that nothing fills."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from sidecar.clients.catalogue import all_clients, find_client
from sidecar.clients.entry import HEADINGS, Client
from sidecar.clients.facts import Facts
from sidecar.clients.settings import settings_of
from sidecar.errors import ConfigError

FACTS = Facts(root_url="http://127.0.0.1:8484", vault="Notes", key="sk-sidecar-0123")
WANTED = {
    *("copilot", "smart-connections", "text-generator", "bmo", "ai-providers", "local-gpt", "smart-composer"),
    *("web-clipper", "open-webui", "anythingllm", "n8n", "langchain-python", "langchain-js", "llamaindex", "codex"),
    *("opencode", "continue", "llm", "openai-python", "openai-npm", "vercel-ai-sdk", "curl", "claude-desktop", "mcp"),
    *("claude-code", "cursor", "vs-code", "zed", "lm-studio"),
    *("smart2brain", "infio", "cannoli", "copilot-auto-completion"),
}
ids = pytest.mark.parametrize("client", all_clients(), ids=lambda client: client.id)


def test_the_clients_that_were_promised_are_there_each_in_a_file_of_its_name() -> None:
    folder = resources.files("sidecar.clients").joinpath("entries")
    files = {file.name.removesuffix(".toml") for file in folder.iterdir()}
    assert {client.id for client in all_clients()} == files
    assert files >= WANTED


def test_clients_are_listed_by_kind() -> None:
    kinds = [client.kind for client in all_clients()]
    assert list(dict.fromkeys(kinds)) == list(HEADINGS)
    assert kinds == sorted(kinds, key=list(HEADINGS).index)


@ids
def test_a_client_has_settings_and_a_check_or_says_why_not(client: Client) -> None:
    told = settings_of(client, FACTS)
    assert told["steps"]
    assert bool(told["settings"] or told["snippets"] or client.calls) is not bool(client.unsupported)
    assert bool(client.calls or client.starts_sidecar) is not bool(client.unsupported)
    assert client.origin is not None or not any(call.page for call in client.calls)


@ids
def test_what_is_printed_holds_no_template_any_more(client: Client) -> None:
    told = settings_of(client, FACTS)
    texts = [*told["steps"], *told["quirks"], *(setting["value"] for setting in told["settings"])]
    assert [text for text in texts if "$" in text] == []
    assert [part["text"] for part in told["snippets"] if "{{" in part["text"]] == []


@ids
def test_an_address_a_key_and_a_model_are_told_somewhere(client: Client) -> None:
    if client.unsupported or client.starts_sidecar or client.id == "local-gpt":
        pytest.skip("it has none of its own")
    told = settings_of(client, FACTS)
    text = "\n".join([*(setting["value"] for setting in told["settings"]), *(p["text"] for p in told["snippets"])])
    assert FACTS.root_url in text
    assert "sk-sidecar-0123" in text
    assert "vault" in text


def test_mcp_clients_are_told_a_command_no_key_and_what_leaves_the_machine() -> None:
    for name in ("Claude Desktop", "cursor", "mcp", "Claude Code", "vscode", "zed", "lm studio"):
        client = find_client(name)
        told = settings_of(client, replace(FACTS, program=("/opt/my apps/sidecar", "mcp", "--vault", "/home/me/Notes")))
        texts = [snippet["text"] for snippet in told["snippets"]]
        assert client.starts_sidecar
        assert all("/opt/my apps/sidecar" in text and "/home/me/Notes" in text for text in texts)
        assert str(FACTS.key) not in str(told)
        assert any("sidecar: local" in quirk for quirk in told["quirks"])


@pytest.mark.parametrize(
    ("name", "client_id"),
    [
        ("open webui", "open-webui"),
        ("openwebui", "open-webui"),
        ("OPEN-WEBUI", "open-webui"),
        ("Obsidian Copilot", "copilot"),
        ("obsidian-textgenerator-plugin", "text-generator"),
        ("LangChain", "langchain-python"),
        ("  n8n ", "n8n"),
        ("Ópencode", "opencode"),
    ],
)
def test_a_client_is_found_by_any_of_its_names(name: str, client_id: str) -> None:
    assert find_client(name).id == client_id


def test_no_two_clients_share_a_name() -> None:
    for client in all_clients():
        for name in (client.id, client.name, *client.aliases):
            assert find_client(name) is client, name


@pytest.mark.parametrize(
    ("name", "close"),
    [("copilt", "copilot"), ("smart conections", "smart-connections"), ("obencode", "opencode")],
)
def test_an_unknown_client_is_answered_with_the_closest_ones(name: str, close: str) -> None:
    with pytest.raises(ConfigError) as error:
        find_client(name)
    assert f"`sidecar connect {close}`" in str(error.value.hint)


@pytest.mark.parametrize("name", ["", "x" * 1_000_000, "\0", "../../etc/passwd", "日本語", "\ud800"])
def test_odd_names_are_unknown_and_nothing_else(name: str) -> None:
    with pytest.raises(ConfigError) as error:
        find_client(name)
    assert len(error.value.message) < 150


def test_every_client_has_its_page_and_every_page_its_client() -> None:
    folder = Path(__file__).parents[2] / "docs" / "how-to" / "connect"
    pages = {path.stem for path in folder.glob("*.md")}
    assert pages == {"README", *(client.id for client in all_clients())}
