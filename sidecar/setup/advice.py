"""What would be better than the set-up that is proposed, and the commands for it. Nothing is fetched unasked."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.models.choice import Choice
from sidecar.models.disk import as_size
from sidecar.setup.proposal import Proposal
from sidecar.setup.survey import Survey


def advice(survey: Survey, proposal: Proposal) -> Iterator[str]:
    """What would be better, and the commands for it. Nothing is fetched unasked."""
    if proposal.generative:
        return
    yield "Without a model that writes, Sidecar answers in quotations from your notes. It makes nothing up."
    empty = [server.name for server in survey.servers if not any(each.kind != "embedding" for each in server.models)]
    if empty:
        yield f"{empty[0]} runs here and has no chat model yet: fetch one with it, then run `sidecar setup` again."
    if survey.download is not None:
        yield (
            f"One that should fit this machine: {survey.download.name}{_size(survey.download)}."
            " `sidecar models recommend` measures that first, which takes two seconds."
            f" `sidecar models pull {survey.download.name}` fetches it, then run `sidecar setup` again."
        )
    elif not empty:
        yield "No model of the catalogue fits the memory that is free now; close other programs and run it again."


def _size(choice: Choice) -> str:
    return f", a download of {as_size(choice.fit.tuning.memory.weights)}" if choice.fit else ""
