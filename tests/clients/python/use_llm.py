"""Simon Willison's llm: a model added by its file of extra OpenAI models."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from tests.clients.python.harness import call, report, service

_folder = Path(tempfile.mkdtemp(prefix="llm-"))
os.environ["LLM_USER_PATH"] = str(_folder)
_entries = [
    {"model_id": f"side-{name}", "model_name": model, "api_base": service.base, "api_key_name": "sidecar", **more}
    for name, model, more in (
        ("vault", service.quoting, {}),
        ("chat", service.chat, {"supports_schema": True, "supports_tools": True}),
        ("text", service.chat, {"completion": True}),
    )
]
# JSON is YAML too.
(_folder / "extra-openai-models.yaml").write_text(json.dumps(_entries), encoding="utf-8")


def model(name: str) -> Any:
    import llm  # type: ignore[import-not-found]  # in an environment of its own

    return llm.get_model(f"side-{name}")


@call("prompt")
def prompt() -> None:
    answer = model("vault").prompt(service.question, stream=False, key=service.key)
    assert service.fact in answer.text()


@call("prompt, stream")
def stream() -> None:
    answer = model("vault").prompt(service.question, stream=True, key=service.key)
    assert service.fact in "".join(answer)
    assert answer.usage().output is not None


@call("prompt, schema")
def schema() -> None:
    wanted = {
        "type": "object",
        "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}},
        "required": ["colour"],
    }
    answer = model("chat").prompt(service.question, schema=wanted, stream=False, key=service.key)
    assert json.loads(answer.text())["colour"] in ("red", "blue")


@call("prompt, legacy completion")
def completion() -> None:
    assert model("text").prompt("The gate", stream=True, key=service.key, max_tokens=8).text() is not None


report("llm")
