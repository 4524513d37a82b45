"""The proposal as the lines of one table: what, which, and why in few words. Lines with a number can be changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sidecar.models.fit import gib
from sidecar.offline.address import is_this_machine
from sidecar.setup.counting import Count
from sidecar.setup.proposal import Proposal
from sidecar.setup.survey import Survey
from sidecar.setup.vaults import SeenVault, names_of

Line: TypeAlias = Literal["vaults", "model", "embedding", "data", "port", "service"]
LINES: tuple[Line, ...] = ("vaults", "model", "embedding", "data", "port", "service")
"""Those that can be changed, in the order of their numbers from 1."""
_MOST_CHARACTERS = 500
_MOST_REASONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table. `number` is `None` for what follows from other lines."""

    number: int | None
    label: str
    value: str
    reason: str


def rows(survey: Survey, proposal: Proposal) -> tuple[Row, ...]:
    """The whole table, in the order in which it is shown."""
    return tuple(replace(row, value=_short(row.value), reason=_short(row.reason)) for row in _whole(survey, proposal))


def _short(text: str) -> str:
    """What a list of another program says may be of any length."""
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"


def _whole(survey: Survey, proposal: Proposal) -> tuple[Row, ...]:
    return (
        *_vault_rows(survey, proposal),
        Row(number=2, label="Chat model", value=_model(proposal), reason=proposal.chat_reason),
        Row(number=3, label="Embedding", value=proposal.embedding, reason=proposal.embedding_reason),
        Row(number=None, label="Memory", value=_memory(proposal), reason=_machine(survey)),
        Row(number=4, label="Data folder", value=str(proposal.data_dir), reason=_privacy(proposal)),
        Row(number=5, label="Port", value=str(proposal.port), reason=_port(survey, proposal)),
        Row(number=6, label="At login", value="yes" if proposal.service else "no", reason=_service(survey, proposal)),
    )


def about(vault: SeenVault) -> str:
    """What a quick look at a vault told: `1,204 notes, 3.1 MB, Obsidian`."""
    if vault.problem is not None:
        return vault.problem
    if vault.origin == "demonstration":
        return "notes to try things on, written into this folder"
    if vault.count is None:
        return "an archive of an export from Notion"
    kind = {"obsidian": "Obsidian", "logseq": "Logseq", "notion": "an export from Notion", "folder": "Markdown"}
    return f"{_counted(vault.count)}, {kind[vault.kind]}"


def _counted(count: Count) -> str:
    if count.notes == 0 and not count.whole:
        return "not counted"
    more = "" if count.whole else "more than "
    notes = "1 note" if count.notes == 1 else f"{count.notes:,} notes"
    return f"{more}{notes}, {_size(count.size)}"


def _size(count: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _vault_rows(survey: Survey, proposal: Proposal) -> Iterator[Row]:
    if not proposal.vaults:
        yield Row(number=1, label="Vaults", value="none", reason="no folder of notes is known yet")
    # The names are those that the server will use; the paths tell vaults of one name apart.
    for number, (vault, name) in enumerate(
        zip(proposal.vaults, names_of(vault.path for vault in proposal.vaults), strict=True)
    ):
        first = number == 0
        label = ("Vault" if len(proposal.vaults) == 1 else "Vaults") if first else ""
        yield Row(number=1 if first else None, label=label, value=f"{name}  {vault.path}", reason=about(vault))
    yield from _left_out(survey, proposal)


def _left_out(survey: Survey, proposal: Proposal) -> Iterator[Row]:
    """What of Obsidian's list is not proposed, by the reason for it."""
    taken = {vault.path for vault in proposal.vaults}
    reasons: dict[str, list[str]] = {}
    for vault in survey.vaults:
        if vault.path not in taken and not proposal.vaults_chosen:
            reasons.setdefault(vault.problem or "used longer ago; 1 takes them in", []).append(str(vault.path))
    if survey.vanished:
        reasons["in Obsidian's list, but not there now (a drive?)"] = list(survey.vanished)
    for reason, paths in list(reasons.items())[:_MOST_REASONS]:
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        yield Row(number=None, label="Left out", value=f"{', '.join(paths[:3])}{more}", reason=reason)
    if (rest := sum(map(len, list(reasons.values())[_MOST_REASONS:]))) > 0:
        yield Row(number=None, label="Left out", value=f"{rest} more", reason="1 lists them")


def _model(proposal: Proposal) -> str:
    if not proposal.generative:
        return "none"
    name = proposal.model or "the first one"
    return f"{name} at {proposal.upstream}" if proposal.upstream else name


def _memory(proposal: Proposal) -> str:
    return "not known" if proposal.memory is None else f"about {gib(proposal.memory)}"


def _machine(survey: Survey) -> str:
    machine = survey.machine
    parts = [f"{gib(machine.available)} of {gib(machine.total)} are free"]
    parts += [f"{gpu.name} with {gib(gpu.total)}" for gpu in machine.gpus if gpu.total]
    return "; ".join(parts)


def _privacy(proposal: Proposal) -> str:
    if proposal.sends_to is not None:
        return f"index and key stay here; PASSAGES OF NOTES ARE SENT TO {proposal.sends_to}"
    if proposal.others:
        return f"index and key stay here; who asks for a model of {', '.join(proposal.others)} has it sent passages"
    return "index and key; everything stays on this machine"


def _port(survey: Survey, proposal: Proposal) -> str:
    if survey.port_holder is not None and proposal.port == survey.port:
        return survey.port_holder
    if not is_this_machine(proposal.host):
        return f"OTHER MACHINES CAN REACH IT, as your settings say: host {proposal.host}"
    return "this machine alone can reach it"


def _service(survey: Survey, proposal: Proposal) -> str:
    if survey.service.problem is not None:
        return f"cannot be: {survey.service.problem}"
    if survey.service.installed:
        again = "is started anew" if proposal.service else "stays; `sidecar service uninstall` removes it"
        return f"installed already, {again}"
    if not proposal.service:
        return "`sidecar serve` starts it; `sidecar service install` does so at each login"
    return "starts now and whenever you sign in; `sidecar service uninstall` undoes it"
