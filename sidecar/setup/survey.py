"""What is on this machine: vaults, memory, models, servers, a free port, a login service. Nothing is changed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sidecar.api.address import bind
from sidecar.config import Config
from sidecar.embedding.static import static_available
from sidecar.errors import AddressInUseError, SidecarError
from sidecar.hardware.bandwidth import measure_bandwidth
from sidecar.hardware.llama_build import ask_llama_build
from sidecar.hardware.machine import Machine, look
from sidecar.models.catalogue import load_catalogue
from sidecar.models.choice import Choice
from sidecar.runtime.model_advice import models_here, usable_part
from sidecar.service.commands import run_here
from sidecar.service.lifecycle import live_server
from sidecar.setup.finding import find_vaults
from sidecar.setup.login import ServiceState, service_state
from sidecar.setup.models import ModelOption, careful, download, options
from sidecar.setup.vaults import SeenVault
from sidecar.upstream.local import FoundServer, find_local

_PORTS_TRIED = 16
_SERVER_SECONDS = 2.0
"""Until a server is taken for none: a busy machine answers late, and llama-cpp-python is asked meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All that a proposal is made from."""

    vaults: tuple[SeenVault, ...]
    vanished: tuple[str, ...]
    """Paths of Obsidian's list that are not there now."""
    machine: Machine
    models: tuple[ModelOption, ...]
    servers: tuple[FoundServer, ...]
    download: Choice | None
    """The chat model that would be fetched for this machine; `None` when none fits."""
    embedding_problem: str | None
    """Why the built-in embedding cannot be used; `None` when it can."""
    port: int
    """The one that is set, or the first free one after it."""
    port_holder: str | None
    """Why it is not the one that is set; `None` when it is."""
    service: ServiceState
    running: str | None = None
    """Address of the server that uses the data folder now."""


async def survey(config: Config, *, environ: Mapping[str, str], measure: bool = False) -> Survey:
    """Look at the machine. `config` are the settings so far; `measure` takes two seconds for the memory's speed."""
    seen, vanished = find_vaults(config, platform=sys.platform, home=Path.home(), environ=environ)
    build, servers = await asyncio.gather(asyncio.to_thread(ask_llama_build), find_local(timeout=_SERVER_SECONDS))
    others = tuple(server for server in servers if server.kind != "sidecar")
    machine = look()
    if measure:
        machine = replace(machine, bandwidth=measure_bandwidth(machine=machine))
    usable = careful(usable_part(machine, build))
    found = await asyncio.to_thread(models_here, config)
    running = live_server(config).get("url")
    port, holder = (config.port, None) if running else free_port(config)
    return Survey(
        vaults=seen,
        vanished=vanished,
        machine=machine,
        models=options(usable, found, others, llama=build is not None),
        servers=others,
        download=download(usable, load_catalogue()),
        embedding_problem=static_available(),
        port=port,
        port_holder=holder,
        service=service_state(environ, run_here),
        running=str(running) if running else None,
    )


def free_port(config: Config) -> tuple[int, str | None]:
    """The port of the settings when it can be had, else the next that can, and why not the first."""
    why = None
    for port in _ports(config.port):
        try:
            bind(config.host, port).close()
        except AddressInUseError as error:
            why = why or error.message
        except SidecarError as error:
            return config.port, error.message
        else:
            return port, why
    return config.port, why


def _ports(first: int) -> Iterator[int]:
    yield from range(first, min(first + _PORTS_TRIED, 65536))
