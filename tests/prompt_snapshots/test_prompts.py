"""The whole prompt, after each family's own chat template, as files to be read: a change of wording shows in all.

They are written anew with `pytest tests/prompt_snapshots --renew-snapshots`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("jinja2", reason="Jinja, which renders chat templates, is not installed")

from sidecar.chat import ChatRequest, answer, answering
from sidecar.config import Config
from sidecar.inference.model import Completion, Delta
from sidecar.llama.messages import plain_messages
from sidecar.llama.template import ChatTemplate
from sidecar.llama.tools import read_tool_use
from sidecar.runtime.runtime import open_runtime
from tests.models.families import FamilyVocabulary
from tests.models.family_table import FAMILIES, MISSING, Family, present
from tests.prompt_snapshots.conversations import CONVERSATIONS, NOTES, Conversation

FOLDER = Path(__file__).parent / "families"
MARKER = "0123456789ab"
_CUT = "✂"


@dataclass
class Listening:
    """A model that keeps what it is asked. A token is four characters."""

    window: int
    asked: list[Completion] = field(default_factory=list)
    name: str = "listening"
    generative: bool = True
    on_this_machine: bool = True

    async def context_length(self) -> int | None:
        return self.window

    async def count_tokens(self, text: str) -> int:
        return len(text) // 4

    async def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        self.asked.append(completion)
        yield Delta(finish_reason="stop")

    async def aclose(self) -> None: ...


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def patched() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answering, "_marker", lambda *_: MARKER)
        yield


@pytest.fixture(scope="module")
async def asked(tmp_path_factory: pytest.TempPathFactory, patched: None) -> list[Completion]:
    """What the model is asked in each conversation, by the real pipeline over the real index."""
    folder = tmp_path_factory.mktemp("snapshots")
    for path, text in NOTES.items():
        (folder / "vault" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "vault" / path).write_text(text, encoding="utf-8")
    config = Config(vaults=(folder / "vault",), data_dir=folder / "data", embedding_model="none")
    completions = []
    async with open_runtime(config) as runtime:
        vault = runtime.vault(None)
        await vault.index(accept_removals=False)
        for each in CONVERSATIONS:
            model = Listening(each.window)
            request = ChatRequest(messages=each.messages, options=each.options)
            _ = [delta async for delta in answer(request, model=model, notes=vault)]
            completions += model.asked
    return completions


def rendered(template: ChatTemplate, asked: list[Completion]) -> str:
    parts = []
    for conversation, completion in zip(CONVERSATIONS, asked, strict=True):
        use = read_tool_use(completion.options)
        pieces = template.render(plain_messages(completion.messages), tools=use.tools if use else ())
        parts.append(f"━━━━ {conversation.title} ━━━━\n{_CUT.join(pieces)}\n")
    return "\n".join(parts)


def compare(name: str, text: str, *, renewing: bool) -> None:
    path = FOLDER / f"{name}.txt"
    if renewing:
        path.write_text(text, encoding="utf-8", newline="\n")
    kept = path.read_text(encoding="utf-8") if path.is_file() else ""
    assert text == kept, f"the prompts of {name} have changed: read the diff after --renew-snapshots"


_template = partial(ChatTemplate, now=lambda: datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.anyio
@pytest.mark.parametrize("number", range(len(CONVERSATIONS)), ids=[each.title for each in CONVERSATIONS])
async def test_what_the_conversations_are_for_is_in_their_prompts(asked: list[Completion], number: int) -> None:
    conversation: Conversation = CONVERSATIONS[number]
    messages = asked[number].messages
    assert len(messages) == len(conversation.messages) + (conversation.messages[0]["role"] != "system")
    last = str(messages[-1]["content"])
    assert (MARKER in last) == (conversation.holds is not None)
    assert conversation.holds is None or conversation.holds in last
    assert str(conversation.messages[-1]["content"]) in last


@pytest.mark.anyio
async def test_the_prompt_of_a_file_without_a_template_is_as_it_was(asked: list[Completion], renewing: bool) -> None:
    template = _template(None, bos="", eos="<|im_end|>", specials=("<|im_start|>", "<|im_end|>", "<|endoftext|>"))
    compare("no-template", rendered(template, asked), renewing=renewing)


@pytest.mark.anyio
@pytest.mark.skipif(not present(), reason=MISSING)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: str(family.name))
async def test_the_prompt_of_a_family_is_as_it_was(asked: list[Completion], family: Family, renewing: bool) -> None:
    vocabulary = FamilyVocabulary(family)
    template = _template(family.chat_template(), bos=vocabulary.bos, eos=family.end, specials=vocabulary.specials)
    compare(family.name, rendered(template, asked), renewing=renewing)
