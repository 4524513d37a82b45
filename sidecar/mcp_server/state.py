"""`vault_status`: the vaults by name, and whether they can be searched. No path of this machine is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar.mcp_server.reach import Reach
from sidecar.mcp_server.told import Told
from sidecar.protocol.mcp_inputs import StatusInput
from sidecar.protocol.mcp_outputs import StatusOutput, VaultTold

_PROBLEMS = "Something is wrong with it; the user sees what with `sidecar status`."
_READING = "Its notes are still being read: some may be missing."


async def tell_status(reach: Reach, _asked: StatusInput) -> Told:
    """List the vaults that may be asked."""
    told = await reach.status()
    offered = reach.door.vaults
    vaults = [
        _vault(vault, elsewhere=reach.elsewhere)
        for vault in told["vaults"]
        if offered is None or vault["name"] in offered
    ]
    lines = [f"* {each.name} (notes: {each.notes}){f' {each.note}' if each.note else ''}" for each in vaults]
    return Told(
        content=StatusOutput(version=told["version"], vaults=vaults), text="\n".join(lines) or "There is no vault."
    )


def _vault(vault: Mapping[str, Any], *, elsewhere: bool) -> VaultTold:
    note = _READING if not vault["ready"] else (_PROBLEMS if vault["problems"] else None)
    return VaultTold(
        name=vault["name"],
        kind=vault["kind"],
        notes=max(0, vault["indexed"] - (vault["local"] if elsewhere else 0)),
        ready=vault["ready"],
        note=note,
    )
