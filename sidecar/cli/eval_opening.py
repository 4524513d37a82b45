"""What `sidecar eval` asks: a vault opened here, a copy of a running server's index, the server's own model."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sidecar.cli.eval_server import ServerAnswerer
from sidecar.cli.options import choose_vaults
from sidecar.cli.session import RunningServer, running_server
from sidecar.config import Config, with_vaults
from sidecar.evaluation.snapshot import copy_indexes
from sidecar.runtime.opening import index_folder
from sidecar.runtime.runtime import Runtime, open_runtime

# A server answers with its own; who names another wants that one measured.
_OTHER_MODELS = ("upstream", "embedding_model", "rerank_model")


@asynccontextmanager
async def opened(config: Config, *, here: bool) -> AsyncIterator[Runtime]:
    """The vault opened here; where a server holds the data folder, a copy of its index, which then is thrown away."""
    async with running_server(config) as server:
        served = (await server.json("GET", "/vault/status"))["vaults"] if server is not None else None
    if served is None:
        async with open_runtime(choose_vaults(config)) as runtime:
            yield runtime
        return
    if not here and served:
        config = with_vaults(config, (Path(served[0]["path"]),))
    config = choose_vaults(config)
    with tempfile.TemporaryDirectory(prefix="sidecar-eval-") as folder:
        for vault in (path.resolve() for path in config.vaults[:1]):
            copied = index_folder(Path(folder), vault)
            await asyncio.to_thread(copy_indexes, index_folder(config.data_dir, vault), copied)
        async with open_runtime(replace(config, data_dir=Path(folder))) as runtime:
            yield runtime


@asynccontextmanager
async def server_answerer(
    config: Config, *, here: bool, flags: Mapping[str, Any], options: Mapping[str, Any]
) -> AsyncIterator[ServerAnswerer | None]:
    """The running server as the one who is asked; `None` when none runs, or it has another vault or model than the
    command line names. Two copies of a model may not fit into memory, and the one that is loaded is the one in use.
    """
    async with running_server(config) as server:
        target = None
        if server is not None and not any(flags.get(name) for name in _OTHER_MODELS):
            target = await _target(server, config, here=here, model=flags.get("model"))
        if server is None or target is None:
            yield None
            return
        vault, model = target
        yield ServerAnswerer(server, vault=vault, model=model, options=options)


async def _target(server: RunningServer, config: Config, *, here: bool, model: str | None) -> tuple[str, str] | None:
    """The names of the vault and of its model on the server."""
    status = await server.json("GET", "/vault/status")
    vault = await server.vault_at(config.vaults) if here else next((each["name"] for each in status["vaults"]), None)
    # The default model comes first.
    models = [each["id"] for each in status["models"] if vault and each["id"].startswith(f"{vault}/")]
    wanted = next((each for each in models if model is None or each == f"{vault}/{model}"), None)
    return None if vault is None or wanted is None else (vault, wanted)
