"""Why a model is proposed, or none, in the few words that a table has room for."""

from __future__ import annotations

from sidecar.setup.models import ModelOption
from sidecar.setup.survey import Survey


def why_model(option: ModelOption) -> str:
    """Why a model was chosen, in few words."""
    parts = [f"{option.where} runs here and has it" if option.upstream else f"already here ({option.where})"]
    if option.short:
        parts.append("fits with a shorter context")
    elif option.memory is not None:
        parts.append("fits")
    if option.slow:
        parts.append("slow on this machine")
    return ", ".join(parts)


def why_quotations(survey: Survey) -> str:
    """Why there is no model that writes, in few words."""
    chat = [option for option in survey.models if option.purpose == "chat"]
    if not chat:
        return "no model that writes was found: answers are quotations from your notes"
    first = chat[0]
    told = first.problem or "is too small to be of use"
    more = f", and {len(chat) - 1} more cannot be used either" if len(chat) > 1 else ""
    return f"answers are quotations: {first.name} {told}{more}"
