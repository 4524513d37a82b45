"""What models take of this machine's memory, for the console's chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.types import ASGIApp

from sidecar.api.responses import json_response
from sidecar.runtime.runtime import Runtime

if TYPE_CHECKING:
    from sidecar.runtime.model_memory import ModelMemory


class Models:
    """What has been found out about this machine's models; nothing before somebody asks."""

    def __init__(self) -> None:
        self._memory: ModelMemory | None = None

    @property
    def memory(self) -> ModelMemory:
        """Made when first asked for."""
        if self._memory is None:
            # Brings the catalogue and the readers of model files, which a server that nobody looks at does not need.
            from sidecar.runtime.model_memory import ModelMemory

            self._memory = ModelMemory()
        return self._memory


async def models(runtime: Runtime, models: Models, _request: Request) -> ASGIApp:
    """Say what memory there is, what the loaded models take of it, and which others would fit."""
    return json_response(await models.memory.told(runtime))
