"""What the ids of the API mean: listed ones, aliases, and names that look like both."""

from __future__ import annotations

from typing import cast

import pytest

from sidecar.errors import ModelNotFoundError
from sidecar.inference.extractive import ExtractiveModel
from sidecar.runtime.models import ModelRegistry
from sidecar.runtime.vaults import OpenVault


class NamedModel(ExtractiveModel):
    """Counts as a language model; only its name matters here."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def generative(self) -> bool:
        return True


def registry(*models: str, vaults: tuple[str, ...] = ("Garden", "Work")) -> ModelRegistry:
    """The first model is the default one. Vaults are stood in for by their names."""
    return ModelRegistry(
        chat={name: NamedModel(name) for name in models},
        default_chat=models[0],
        embedding=None,
        no_embedding="",
        vaults={name: cast("OpenVault", name) for name in vaults},
        upstream=None,
        aliases={"mine": "Work/llama"},
        created=1,
    )


@pytest.mark.parametrize(
    ("model_id", "model", "vault"),
    [
        ("vault", "llama", "Garden"),
        ("gpt-4o", "llama", "Garden"),
        ("o3-mini", "llama", "Garden"),
        ("Work/gpt-oss:20b", "gpt-oss:20b", "Work"),
        ("llama", "llama", None),
        ("mine", "llama", "Work"),
    ],
)
def test_an_id_names_a_model_and_a_vault(model_id: str, model: str, vault: str | None) -> None:
    target = registry("llama", "gpt-oss:20b").chat_target(model_id)
    assert (target.id, target.model.name, target.vault) == (model_id, model, vault)


def test_a_listed_model_is_itself_even_when_its_name_begins_like_openais() -> None:
    target = registry("llama", "gpt-oss:20b").chat_target("gpt-oss:20b")
    assert (target.model.name, target.vault) == ("gpt-oss:20b", None)


def test_a_vault_is_itself_even_when_its_name_begins_like_openais() -> None:
    target = registry("llama", vaults=("Garden", "gpt-4")).chat_target("gpt-4/llama")
    assert str(target.vault) == "gpt-4"


def test_every_listed_chat_id_can_be_asked_for() -> None:
    models = registry("llama", "gpt-oss:20b", vaults=("Garden", "gpt-4", "o1"))
    for entry in models.entries():
        assert models.chat_target(entry.id).id == entry.id


def test_an_unknown_name_is_answered_with_the_chat_ids_there_are() -> None:
    with pytest.raises(ModelNotFoundError, match="Models here: vault, Garden/llama, Work/llama, llama"):
        registry("llama").chat_target("nope")
