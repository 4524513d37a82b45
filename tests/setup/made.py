"""Surveys as data: machines with other people's vaults, models and servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sidecar.config import Config, load_config
from sidecar.hardware.machine import Machine
from sidecar.models.catalogue import load_catalogue
from sidecar.setup.counting import Count
from sidecar.setup.login import ServiceState
from sidecar.setup.models import ModelOption, download
from sidecar.setup.survey import Survey
from sidecar.setup.vaults import SeenVault
from sidecar.upstream.kind import ServerKind
from sidecar.upstream.listing import UpstreamModel
from sidecar.upstream.local import FoundServer
from tests.local_models.machines import laptop

OLLAMA = "http://127.0.0.1:11434/v1"
LM_STUDIO = "http://127.0.0.1:1234/v1"


def vault(path: str | Path, **facts: Any) -> SeenVault:
    given: dict[str, Any] = {"origin": "obsidian", "kind": "obsidian", "count": Count(notes=3, size=1200), **facts}
    return SeenVault(path=Path(path), **given)


def server(name: str, url: str, *models: str, kind: ServerKind = "ollama") -> FoundServer:
    return FoundServer(name=name, kind=kind, base_url=url, models=tuple(UpstreamModel(id=each) for each in models))


def survey_of(*models: ModelOption, machine: Machine | None = None, **facts: Any) -> Survey:
    """What is found on a laptop of 8 GB with one vault, unless `facts` say otherwise."""
    machine = machine or laptop(8, 5)
    given: dict[str, Any] = {
        "vaults": (vault("/notes/Main"),),
        "vanished": (),
        "servers": (),
        "embedding_problem": None,
        "port": 8484,
        "port_holder": None,
        "service": ServiceState(problem=None),
        "download": download(machine, load_catalogue()),
        **facts,
    }
    return Survey(machine=machine, models=models, **given)


def settings(tmp_path: Path, text: str = "") -> Config:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    return load_config({}, config_file=file, environ={})
