"""What a command does where no server runs: it opens the vaults itself, brings their index up to date, and asks them.

Everything that indexes and answers is behind this module: whoever asks a running server first imports it after that.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from sidecar.chat.answering import AnswerDelta
from sidecar.chat.request import ChatRequest
from sidecar.cli.options import choose_vaults
from sidecar.cli.progress import with_progress
from sidecar.config import Config
from sidecar.runtime.runtime import Runtime, open_runtime
from sidecar.runtime.vaults import OpenVault


@asynccontextmanager
async def opened(config: Config, *, patient: bool = False) -> AsyncIterator[Runtime]:
    """Open the configured vaults, or else Obsidian's own. Raises as `open_runtime` and `choose_vaults`."""
    async with open_runtime(choose_vaults(config), patient=patient) as runtime:
        yield runtime


async def up_to_date(runtime: Runtime, name: str | None = None) -> OpenVault:
    """A vault, the first one for `None`, with its index brought up to date and the progress shown meanwhile."""
    vault = runtime.vault(name)
    await with_progress([vault], vault.index(accept_removals=False, measure=False))
    return vault


async def answered(config: Config, question: str) -> AsyncGenerator[AnswerDelta, None]:
    """Answer one question from the first vault."""
    async with opened(config) as runtime:
        await up_to_date(runtime)
        request = ChatRequest(messages=[{"role": "user", "content": question}])
        async with aclosing(runtime.answer(runtime.chat_target("vault"), request)) as answer:
            async for delta in answer:
                yield delta
