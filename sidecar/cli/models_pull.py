"""`sidecar models pull`: shows what would be fetched, asks, fetches it with its progress, and says how to use it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sidecar.cli.models_progress import shown_progress
from sidecar.cli.options import json_option, process_lock, read_settings, settings_options
from sidecar.cli.output import print_check, print_json, printable, set_up_logging
from sidecar.config import Config, system_environment
from sidecar.errors import ConfigError, ModelUnavailableError
from sidecar.models.catalogue import CatalogueModel, load_catalogue
from sidecar.models.description import ModelDescription, describe
from sidecar.models.disk import as_size, free_space
from sidecar.models.found import find_models
from sidecar.models.hub import Hub
from sidecar.models.hub_settings import hub_settings
from sidecar.models.places import Place
from sidecar.models.pull import Offer, PullPlan, catalogued, closest, fetch, offers, plan_pull
from sidecar.models.reference import HubReference, is_reference, parse_reference

_PREFERRED = ("Q4_K_M", "Q4_K_S", "Q4_0", "Q5_K_M", "Q8_0")
_FLAGS = {"chat": "--model", "embedding": "--embedding-model", "rerank": "--rerank-model"}


@click.command()
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Show what would be fetched, and fetch nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@settings_options
@json_option
def pull(name: str, dry_run: bool, yes: bool, as_json: bool, **flags: Any) -> None:
    """Fetch a model into Sidecar's own folder.

    NAME is one of the catalogue (`sidecar models recommend` shows which fit), or on the Hugging Face Hub
    hf:OWNER/REPO/FILE.gguf[@REVISION], hf:OWNER/REPO:QUANTISATION, or hf:OWNER/REPO. What was interrupted goes on
    where it was. HF_ENDPOINT names a mirror, HF_TOKEN a token for models that are not open to all.
    """
    config = read_settings(flags)
    set_up_logging("warning")
    if config.offline:
        raise ConfigError(
            "Offline mode is on, so nothing is fetched.", hint="Leave out `offline` (SIDECAR_OFFLINE) to fetch models."
        )
    known, reference = _meant(name)
    if (lock := process_lock()) is not None:
        lock.open()
    with Hub(hub_settings(environ=system_environment(), home=Path.home())) as hub:
        if reference.file is None:
            reference = _chosen(hub, reference, ask=not (yes or as_json or dry_run) and sys.stdin.isatty())
        plan = plan_pull(hub, reference, config.models_folder, known=known)
        if not as_json:
            _show_plan(plan)
        if not dry_run:
            if not plan.complete and not yes and not as_json and sys.stdin.isatty():
                click.confirm("Fetch it?", default=True, abort=True, err=True)
            with shown_progress(plan) as on_progress:
                fetch(hub, plan, on_progress=on_progress)
    if as_json:
        print_json(_facts(plan, None if dry_run else _described(plan, config)))
    elif not dry_run:
        _show_model(_described(plan, config))


def _meant(name: str) -> tuple[CatalogueModel | None, HubReference]:
    if is_reference(name):
        return None, parse_reference(name)
    catalogue = load_catalogue()
    known = catalogued(name, catalogue)
    if known is not None:
        return known, HubReference(repo=known.repo, file=known.file)
    if "/" in name:
        raise ConfigError(f"{name[:200]!r} is not in the catalogue.", hint=f"On the hub it is hf:{name[:200]}")
    listed = f" It has {', '.join(sorted(catalogue))}." if catalogue else ""
    raise ConfigError(
        f"The catalogue has no model {name[:200]!r}.", hint=f"hf:owner/repo/file.gguf names one of the hub.{listed}"
    )


def _chosen(hub: Hub, reference: HubReference, *, ask: bool) -> HubReference:
    """The file of a repository that is meant: the only one, or the one that is chosen at the terminal."""
    offered = offers(hub, reference)
    if not offered:
        what = f"no GGUF file {reference.quantisation}" if reference.quantisation else "no GGUF files"
        raise ModelUnavailableError(f"{reference.repo} has {what}.", hint=_names(reference, hub))
    if len(offered) > 1 and not ask:
        lines = "".join(f"\n  {_reference(reference, offer)}  {as_size(offer.size)}" for offer in offered)
        raise ConfigError(
            f"{reference.repo} has {len(offered)} models.", hint=f"Name one of them:{printable_lines(lines)}"
        )
    return HubReference(
        repo=reference.repo,
        file=(offered[0] if len(offered) == 1 else _asked(offered)).file,
        revision=reference.revision,
    )


def printable_lines(text: str) -> str:
    """Lines that come from a server, without what would steer the terminal."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _names(reference: HubReference, hub: Hub) -> str | None:
    if reference.quantisation is None:
        return "Models for llama.cpp are often in a repository whose name ends with -GGUF."
    everything = offers(hub, HubReference(repo=reference.repo, file=None, revision=reference.revision))
    return f"It has {', '.join(printable(offer.file) for offer in everything)}." if everything else None


def _reference(reference: HubReference, offer: Offer) -> str:
    revision = "" if reference.revision == "main" else f"@{reference.revision}"
    return f"hf:{reference.repo}/{offer.file}{revision}"


def _asked(offered: Sequence[Offer]) -> Offer:
    for number, offer in enumerate(offered, 1):
        parts = f" in {offer.parts} files" if offer.parts > 1 else ""
        click.echo(f"{number:4}  {printable(offer.file)}  {as_size(offer.size)}{parts}", err=True)
    best = closest(_PREFERRED, offered)
    number = click.prompt(
        "Which one?",
        type=click.IntRange(1, len(offered)),
        default=offered.index(best) + 1 if best is not None else None,
        err=True,
    )
    return offered[number - 1]


def _show_plan(plan: PullPlan) -> None:
    reference = plan.files[0].reference
    click.echo(printable(f"{plan.repo}  {reference.file}"), err=True)
    count = f" in {len(plan.files)} files" if len(plan.files) > 1 else ""
    here = sum(file.here for file in plan.files)
    going_on = f", of which {as_size(here)} are here" if here else ""
    size = as_size(plan.size) if plan.size else "of unknown size"
    click.echo(f"  {size}{count}{going_on}, licence: {printable(plan.licence or 'not stated')}", err=True)
    click.echo(f"  to {printable(str(plan.model))}", err=True)
    if plan.complete:
        click.echo("  It is here already.", err=True)
    elif any(file.replaces for file in plan.files):
        click.echo("  Another version is there; it is replaced when this one is complete.", err=True)
    free = free_space(plan.model.parent)
    if free is not None and not plan.complete:
        click.echo(f"  {as_size(free)} are free there.", err=True)


def _described(plan: PullPlan, config: Config) -> ModelDescription:
    """What was fetched, by its own header."""
    own = Place(owner="sidecar", folder=config.models_folder)
    found = find_models([own], load_catalogue())
    return describe(next(model for model in found if plan.model in model.parts))


def _show_model(model: ModelDescription) -> None:
    header = model.header
    if model.problem is not None or header is None:
        print_check("warning", f"{model.found.name} cannot be used: {model.problem}", None)
        return
    context = f", trained for {header.context_length:,} tokens" if header.context_length else ""
    kind = {"chat": "a chat model", "embedding": "an embedding model", "rerank": "a reranking model"}[header.kind]
    print_check("ok", f"{model.found.name}: {kind}, {header.architecture} {header.file_type or ''}{context}", None)
    for note in model.notes:
        print_check("note", note, None)
    click.echo(f"  sidecar serve {_FLAGS[header.kind]} {shlex.quote(printable(model.found.name))}")


def _facts(plan: PullPlan, model: ModelDescription | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "repo": plan.repo,
        "licence": plan.licence,
        "size": plan.size,
        "fetched": sum(file.left for file in plan.files) if model is not None else 0,
        "files": [
            {
                "file": file.reference.file,
                "path": str(file.target),
                "size": file.hub.size,
                "sha256": file.hub.sha256 or file.sha256,
                "commit": file.hub.commit,
                "here": file.hub.size if file.complete or model is not None else file.here,
            }
            for file in plan.files
        ],
    }
    if model is not None:
        header = model.header
        facts["name"] = model.found.name
        facts["kind"] = header.kind if header is not None and model.problem is None else None
        facts["problem"] = model.problem
    return facts
