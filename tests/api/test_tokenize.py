"""Tokens of a real GGUF model through the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.protocol.openai_tokenize import MOST_CHARACTERS
from tests.api.vault_server import VaultServer, serving

pytestmark = pytest.mark.anyio


async def _post(server: VaultServer, path: str, status: int = 200, /, **body: Any) -> dict[str, Any]:
    answer = await server.http.post(path, json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_text_becomes_the_models_tokens_and_a_text_again(tmp_path: Path, tiny_chat_gguf: Path) -> None:
    async with serving(data_dir=tmp_path / "data", model=str(tiny_chat_gguf)) as server:
        plain = await _post(server, "/tokenize", content="Hello there.")
        assert plain["count"] == len(plain["tokens"]) > 0
        assert plain["max_model_len"] > 0
        assert plain["count"] == await server.runtime.chat_target("vault").model.count_tokens("Hello there.")
        for name, path in (("prompt", "/v1/tokenize"), ("input", "/v1/v1/tokenize/")):
            again = await _post(server, path, **{name: "Hello there.", "model": "gpt-4.1", "add_special": None})
            assert again["tokens"] == plain["tokens"]
        for text in ("Hello there.", "Água, 茶 and 🜁\n\n\ttabs", "", "<|im_end|>"):
            tokens = (await _post(server, "/tokenize", content=text))["tokens"]
            assert (await _post(server, "/detokenize", tokens=tokens))["content"] == text

        control = await _post(server, "/tokenize", content="<|im_end|>")
        letters = await _post(server, "/tokenize", content="<|im_end|>", parse_special=False)
        assert control["count"] == 1 < letters["count"]

        long = await _post(server, "/tokenize", content="a" * MOST_CHARACTERS)
        assert long["count"] > 1
        assert (await _post(server, "/detokenize", tokens=long["tokens"]))["content"] == "a" * MOST_CHARACTERS

        wrong: list[tuple[str, dict[str, Any], str]] = [
            ("/tokenize", {}, "content"),
            ("/tokenize", {"content": ["a"]}, "content"),
            ("/tokenize", {"content": "a" * (MOST_CHARACTERS + 1)}, "content"),
            ("/detokenize", {}, "tokens"),
            ("/detokenize", {"tokens": ["a"]}, "tokens[0]"),
            ("/detokenize", {"tokens": [1, -1]}, "tokens[1]"),
            ("/detokenize", {"tokens": [2**31 - 1]}, "tokens"),
            ("/detokenize", {"tokens": [2**62]}, "tokens[0]"),
        ]
        for path, body, param in wrong:
            assert (await _post(server, path, 400, **body))["error"]["param"] == param, body
        assert (await _post(server, "/tokenize", 404, content="a", model="x"))["error"]["code"] == "model_not_found"
        # The process that refused is the one that goes on.
        assert (await _post(server, "/tokenize", content="Hello there."))["tokens"] == plain["tokens"]


async def test_a_model_that_only_quotes_has_no_tokens(tmp_path: Path) -> None:
    async with serving(data_dir=tmp_path / "data") as server:
        for path, body in (("/tokenize", {"content": "a"}), ("/detokenize", {"tokens": [1]})):
            error = (await _post(server, path, 400, **body))["error"]
            assert (error["param"], error["code"]) == ("model", "tokenizer_unavailable")
            assert "--model" in error["message"]


async def test_a_model_on_another_server_has_its_tokens_there(tmp_path: Path) -> None:
    settings = {"upstream": "http://127.0.0.1:9", "model": "qwen:7b"}
    async with serving(data_dir=tmp_path / "data", **settings) as server:
        error = (await _post(server, "/tokenize", 400, content="a"))["error"]
        assert "another server" in error["message"]
