"""A set-up as facts for programs: what was found, what is proposed, what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sidecar.setup.advice import advice
from sidecar.setup.models import ModelOption
from sidecar.setup.proposal import Proposal
from sidecar.setup.rows import rows
from sidecar.setup.survey import Survey
from sidecar.setup.vaults import SeenVault


def setup_facts(survey: Survey, proposal: Proposal) -> dict[str, Any]:
    """The survey and the proposal as JSON holds them. Sizes in bytes."""
    return {
        "found": {
            "vaults": [_vault(vault) for vault in survey.vaults],
            "vanished_vaults": list(survey.vanished),
            "memory": {"total": survey.machine.total, "available": survey.machine.available},
            "servers": [{"name": server.name, "url": server.base_url} for server in survey.servers],
            "models": [_model(option) for option in survey.models],
            "download": survey.download.name if survey.download else None,
            "service": {"problem": survey.service.problem, "installed": survey.service.installed},
            "running": survey.running,
        },
        "proposal": {
            "vaults": [str(vault.path) for vault in proposal.vaults],
            "model": proposal.model,
            "upstream": proposal.upstream,
            "embedding_model": proposal.embedding,
            "memory": proposal.memory,
            "data_dir": str(proposal.data_dir),
            "port": proposal.port,
            "service": proposal.service,
            "sends_to": proposal.sends_to,
        },
        "rows": [{"line": row.label, "value": row.value, "reason": row.reason} for row in rows(survey, proposal)],
        "advice": list(advice(survey, proposal)),
    }


def written_facts(file: Path, *, written: bool, backup: Path | None) -> dict[str, Any]:
    """What became of the settings file."""
    return {"config_file": str(file), "written": written, "backup": str(backup) if backup else None}


def _vault(vault: SeenVault) -> dict[str, Any]:
    count = vault.count
    return {
        "path": str(vault.path),
        "kind": vault.kind,
        "origin": vault.origin,
        "notes": count.notes if count else None,
        "size": count.size if count else None,
        "counted_whole": count.whole if count else None,
        "problem": vault.problem,
    }


def _model(option: ModelOption) -> dict[str, Any]:
    return {
        "name": option.name,
        "purpose": option.purpose,
        "where": option.where,
        "upstream": option.upstream,
        "memory": option.memory,
        "problem": option.problem,
    }
