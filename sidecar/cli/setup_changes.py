"""What is asked to change one line of the proposal. What cannot be used is told, and leaves the line as it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import click

from sidecar.cli.output import complain, print_wrapped
from sidecar.cli.setup_prompts import ask, completing_folders, confirm
from sidecar.errors import SidecarError
from sidecar.setup.models import ModelOption, Purpose
from sidecar.setup.proposal import NONE, Answers, Proposal
from sidecar.setup.rows import Line, about
from sidecar.setup.survey import Survey
from sidecar.setup.trial import trial_vault
from sidecar.setup.vaults import chosen_by_numbers, named_vault, same_place, typed_path

DEMO = "demo"
"""What is typed for the demonstration."""


def _change_vaults(survey: Survey, proposal: Proposal, answers: Answers) -> Answers:
    known = list(proposal.vaults)
    known += [vault for vault in survey.vaults if not any(same_place(vault.path, each.path) for each in known)]
    for number, vault in enumerate(known, 1):
        print_wrapped(f"{vault.path}  ({about(vault)})", first=f"  {number}  ", rest="     ")
    default = " ".join(str(number + 1) for number in range(len(proposal.vaults)))
    with completing_folders():
        typed = ask("The numbers of those to use, or a folder to add, or `demo`", default)
    if (chosen := chosen_by_numbers(typed, known)) is not None:
        return replace(answers, vaults=tuple(vault for path in chosen for vault in known if vault.path == path))
    try:
        added = trial_vault(Path.home()) if typed == DEMO else named_vault(typed)
    except SidecarError as error:
        complain(error)
        return answers
    if any(same_place(added.path, vault.path) for vault in proposal.vaults):
        return answers
    return replace(answers, vaults=(*proposal.vaults, added))


def _change_model(survey: Survey, proposal: Proposal, answers: Answers) -> Answers:
    found = _listed(survey, "chat", none="quotations from your notes")
    question = "A number, the path of a GGUF file, or the address (http://...) of a server"
    typed = ask(question, _default(found, proposal.model, proposal.upstream))
    if typed.startswith(("http://", "https://")):
        model = ask("Name of the model there; Enter takes the first that it lists", "")
        return replace(answers, upstream=typed, model=model or None)
    option = _by_number(typed, found)
    if option is None:
        return replace(answers, upstream=NONE if typed in ("0", NONE) else None, model=_name(typed))
    # Two servers may call a model the same.
    return replace(answers, model=option.name, upstream=option.upstream or NONE)


def _change_embedding(survey: Survey, proposal: Proposal, answers: Answers) -> Answers:
    found = _listed(survey, "embedding", none="search by words alone")
    typed = ask("A number, `builtin`, or the path of a GGUF file", _default(found, proposal.embedding, None))
    option = _by_number(typed, found)
    return replace(answers, embedding=_name(typed) if option is None else option.name)


def _change_data(_: Survey, proposal: Proposal, answers: Answers) -> Answers:
    with completing_folders():
        typed = ask("Folder for the index, the key and the log", str(proposal.data_dir))
    try:
        path = typed_path(typed)
    except SidecarError as error:
        complain(error)
        return answers
    return answers if path == proposal.data_dir else replace(answers, data_dir=path)


def _change_port(_: Survey, proposal: Proposal, answers: Answers) -> Answers:
    typed = ask("Port, from 1024 to 65535", str(proposal.port))
    if typed == str(proposal.port):
        return answers
    if typed.isascii() and typed.isdigit() and len(typed) <= 5 and 1024 <= int(typed) <= 65535:
        return replace(answers, port=int(typed))
    click.echo("That is no such port.")
    return answers


def _change_service(survey: Survey, proposal: Proposal, answers: Answers) -> Answers:
    if survey.service.problem is not None:
        print_wrapped(f"It cannot be: {survey.service.problem}", first="", rest="")
        return answers
    return replace(answers, service=confirm("Start Sidecar now and at each login?", default=not proposal.service))


def _listed(survey: Survey, purpose: Purpose, *, none: str) -> list[ModelOption]:
    """Print the models for a purpose with their numbers, those that cannot be used without one; give the numbered."""
    click.echo(f"  0  none: {none}")
    usable = [each for each in survey.models if each.purpose == purpose and each.usable]
    for number, option in enumerate(usable, 1):
        print_wrapped(f"{option.name}  ({option.where})", first=f"  {number}  ", rest="     ")
    for option in survey.models:
        if option.purpose == purpose and not option.usable:
            print_wrapped(f"{option.name}  ({option.where}): {option.problem}", first="  -  ", rest="     ")
    return usable


def _default(found: list[ModelOption], name: str | None, upstream: str | None) -> str:
    numbers = (
        n for n, each in enumerate(found, 1) if each.name == name and (not upstream or each.upstream == upstream)
    )
    return str(next(numbers, name or 0))


def _by_number(typed: str, found: list[ModelOption]) -> ModelOption | None:
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else 0
    return found[number - 1] if 1 <= number <= len(found) else None


def _name(typed: str) -> str:
    """A model as it was typed: `none` for 0, a path from the root for a file."""
    if typed in ("0", NONE):
        return NONE
    with contextlib.suppress(SidecarError, OSError, ValueError):
        if (path := typed_path(typed)).is_file():
            return str(path)
    return typed


CHANGES: Mapping[Line, Callable[[Survey, Proposal, Answers], Answers]] = {
    "vaults": _change_vaults,
    "model": _change_model,
    "embedding": _change_embedding,
    "data": _change_data,
    "port": _change_port,
    "service": _change_service,
}
