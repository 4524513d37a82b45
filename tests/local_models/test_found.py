"""Finding the models that are on a machine, whoever put them there."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("gguf", reason="the gguf package, which writes model files, is not installed")

from sidecar.errors import ConfigError, ModelUnavailableError
from sidecar.models.catalogue import load_catalogue
from sidecar.models.description import describe
from sidecar.models.found import FoundModel, find_models, split_name
from sidecar.models.naming import is_path, look_up, resolve
from sidecar.models.ollama_store import shown_names
from sidecar.models.places import Place, lm_studio_folders, places
from sidecar.models.source import Source, read_source, source_file, write_source
from sidecar.models.walking import files_ending
from tests.local_models.files import add_to_hugging_face, add_to_ollama, write_model, write_split

LIBRARY = ("registry.ollama.ai", "library")


def own(folder: Path) -> Place:
    return Place(owner="sidecar", folder=folder)


def found_in(*searched: Place) -> tuple[FoundModel, ...]:
    return find_models(searched, {})


def names(models: tuple[FoundModel, ...]) -> list[str]:
    return [model.name for model in models]


PLACES = {
    "linux": (
        "linux",
        {},
        {
            "models",
            "home/.lmstudio/models",
            "home/.cache/lm-studio/models",
            "home/.ollama/models",
            "/usr/share/ollama/.ollama/models",
            "home/.cache/huggingface/hub",
        },
    ),
    "macOS": ("darwin", {}, {"home/.lmstudio/models", "home/.ollama/models", "home/.cache/huggingface/hub"}),
    "Windows": ("win32", {}, {"home/.lmstudio/models", "home/.ollama/models", "home/.cache/huggingface/hub"}),
    "Ollama's variable": ("linux", {"OLLAMA_MODELS": "/disk/ollama"}, {"/disk/ollama", "home/.ollama/models"}),
    "home of Hugging Face": ("linux", {"HF_HOME": "/disk/hf"}, {"/disk/hf/hub"}),
    "its cache": ("linux", {"HF_HOME": "/disk/hf", "HF_HUB_CACHE": "/disk/cache"}, {"/disk/cache"}),
    "its old variable": ("linux", {"HUGGINGFACE_HUB_CACHE": "/disk/cache"}, {"/disk/cache"}),
    "its home with a tilde": ("linux", {"HF_HOME": "~/hf"}, {"home/hf/hub"}),
    "the system's cache": ("linux", {"XDG_CACHE_HOME": "/disk/xdg"}, {"/disk/xdg/huggingface/hub"}),
}


@pytest.mark.parametrize(("platform", "environ", "expected"), PLACES.values(), ids=PLACES)
def test_every_place_of_a_platform_is_looked_into(
    tmp_path: Path, platform: str, environ: dict[str, str], expected: set[str]
) -> None:
    searched = places(models_folder=tmp_path / "models", platform=platform, home=tmp_path / "home", environ=environ)
    found = {str(place.folder) for place in searched}
    assert {str(tmp_path / path) for path in expected} <= found
    assert searched[0] == own(tmp_path / "models")
    if platform != "linux":
        assert not any(path.startswith("/usr/share/ollama") for path in found)


def test_a_folder_that_is_set_as_sidecars_own_is_its_own_alone(tmp_path: Path) -> None:
    shared = tmp_path / ".lmstudio" / "models"
    searched = places(models_folder=shared, platform="linux", home=tmp_path, environ={})
    assert [place.owner for place in searched if place.folder == shared] == ["sidecar"]


def config_folder(platform: str, home: Path) -> Path:
    return {
        "linux": home / ".config" / "LM Studio",
        "darwin": home / "Library" / "Application Support" / "LM Studio",
        "win32": home / "AppData" / "Roaming" / "LM Studio",
    }[platform]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_folder_that_lm_studios_settings_name_is_looked_into(tmp_path: Path, platform: str) -> None:
    settings = config_folder(platform, tmp_path) / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"downloadsFolder": str(tmp_path / "big disk")}), encoding="utf-8-sig")
    assert tmp_path / "big disk" in lm_studio_folders(platform, tmp_path, {})


def test_the_home_that_lm_studio_was_moved_to_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / ".lmstudio-home-pointer").write_text(f"{tmp_path / 'moved'}\n", encoding="utf-8")
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved" / "settings.json").write_text('{"downloadsFolder": "relative"}', encoding="utf-8")
    folders = lm_studio_folders("linux", tmp_path, {})
    assert folders[0] == tmp_path / "moved" / "models"
    assert all(folder.is_absolute() for folder in folders)


@pytest.mark.parametrize(
    "content", ["", "{", "[" * 100_000, '{"downloadsFolder": 7}', '{"downloadsFolder": "/a\\u0000"}']
)
def test_broken_settings_of_lm_studio_count_as_not_set(tmp_path: Path, content: str) -> None:
    (tmp_path / ".lmstudio").mkdir()
    (tmp_path / ".lmstudio" / "settings.json").write_text(content, encoding="utf-8")
    assert lm_studio_folders("linux", tmp_path, {}) == (
        tmp_path / ".lmstudio" / "models",
        tmp_path / ".cache" / "lm-studio" / "models",
    )


def test_models_are_called_by_their_file_and_by_their_path(tmp_path: Path) -> None:
    write_model(tmp_path / "alone.gguf")
    write_model(tmp_path / "owner" / "repo" / "Model-Q4.GGUF")
    models = found_in(own(tmp_path))
    assert {model.names for model in models} == {("alone",), ("Model-Q4", "owner/repo/Model-Q4")}
    for name in ("Model-Q4", "model-q4.gguf", "owner/repo/Model-Q4.gguf"):
        assert resolve(name, models) == tmp_path / "owner" / "repo" / "Model-Q4.GGUF"


def test_hidden_files_and_what_is_no_model_file_are_passed_over(tmp_path: Path) -> None:
    write_model(tmp_path / ".hidden.gguf")
    write_model(tmp_path / ".cache" / "inside.gguf")
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    (tmp_path / "folder.gguf").mkdir()
    assert found_in(own(tmp_path)) == ()


def test_a_model_of_the_catalogue_goes_by_its_name_there(tmp_path: Path) -> None:
    known = next(iter(load_catalogue().values()))
    write_model(tmp_path / known.repo / known.file)
    (model,) = find_models([own(tmp_path)], load_catalogue())
    assert model.name == known.name
    assert resolve(known.name, [model]) == model.path
    assert resolve(Path(known.file).stem, [model]) == model.path


def test_links_in_circles_are_walked_once(tmp_path: Path) -> None:
    write_model(tmp_path / "a" / "model.gguf")
    (tmp_path / "a" / "back").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "again").symlink_to(tmp_path / "a")
    assert len(list(files_ending(tmp_path, (".gguf",)))) == 1
    assert len(found_in(own(tmp_path))) == 1


def test_a_folder_behind_a_link_is_looked_into(tmp_path: Path) -> None:
    write_model(tmp_path / "other disk" / "model.gguf")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "linked").symlink_to(tmp_path / "other disk")
    (model,) = found_in(own(tmp_path / "models"))
    assert model.names == ("model", "linked/model")


def test_one_file_under_several_names_is_listed_once(tmp_path: Path) -> None:
    cache, studio, store = tmp_path / "hub", tmp_path / "studio", tmp_path / "ollama"
    content = write_model(tmp_path / "tiny.gguf").read_bytes()
    link = add_to_hugging_face(cache, "owner/repo", "Tiny.gguf", content, commit="a" * 40)
    studio.mkdir()
    (studio / "Same.gguf").symlink_to(link)
    os.link(link.resolve(), studio / "Hard.gguf")
    add_to_ollama(store, (*LIBRARY, "tiny", "1b"), content)
    add_to_ollama(store, (*LIBRARY, "tiny", "latest"), content)
    models = found_in(
        Place(owner="lm_studio", folder=studio),
        Place(owner="ollama", folder=store),
        Place(owner="hugging_face", folder=cache),
    )
    assert [model.owner for model in models] == ["lm_studio", "ollama"]
    assert {"Hard", "Same", "Tiny", "owner/repo/Tiny"} == set(models[0].names)
    assert {"tiny:1b", "tiny:latest", "tiny"} <= set(models[1].names)


OLLAMA_NAMES = {
    "of the library": ((*LIBRARY, "qwen3", "4b"), "qwen3:4b"),
    "newest of the library": ((*LIBRARY, "qwen3", "latest"), "qwen3:latest"),
    "of a user": (("registry.ollama.ai", "someone", "m", "7b"), "someone/m:7b"),
    "of Hugging Face": (("hf.co", "owner", "Model-GGUF", "Q4_K_M"), "hf.co/owner/Model-GGUF:Q4_K_M"),
}


@pytest.mark.parametrize(("parts", "expected"), OLLAMA_NAMES.values(), ids=OLLAMA_NAMES)
def test_models_of_ollama_are_called_as_ollama_lists_them(parts: tuple[str, ...], expected: str) -> None:
    assert shown_names(parts)[0] == expected
    assert "/".join(parts[:3]) + ":" + parts[3] in shown_names(parts)


def test_a_model_of_ollama_is_found_by_name_and_told_with_its_layers(tmp_path: Path) -> None:
    content = write_model(tmp_path / "tiny.gguf").read_bytes()
    layers = {"template": b"{{ .Prompt }}", "license": b"\n\n  Apache License\nVersion 2.0", "system": b"Be brief."}
    blob = add_to_ollama(tmp_path / "store", (*LIBRARY, "qwen3", "latest"), content, layers)
    models = found_in(Place(owner="ollama", folder=tmp_path / "store"))
    assert resolve("qwen3", models) == resolve("qwen3:latest", models) == blob
    described = describe(models[0])
    assert described.problem is None
    assert described.licence == "Apache License"
    assert described.notes == (
        "no chat template in the file; Ollama has its own, which works in Ollama alone",
        "Ollama adds a system prompt, which is not used here",
    )


BROKEN_MANIFESTS = {
    "empty": "",
    "no JSON": "{",
    "deep": "[" * 100_000,
    "a list": "[]",
    "no layers": "{}",
    "layers of nothing": '{"layers": [null, 1, {}, {"mediaType": 7, "digest": []}]}',
    "a digest that leads out": json.dumps(
        {"layers": [{"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../../secret"}]}
    ),
    "tensors alone": json.dumps(
        {"layers": [{"mediaType": "application/vnd.ollama.image.tensor", "digest": "sha256:" + "0" * 64}]}
    ),
    "no UTF-8": "\udcff",
}


@pytest.mark.parametrize("content", BROKEN_MANIFESTS.values(), ids=BROKEN_MANIFESTS)
def test_a_broken_manifest_hides_no_other_model(tmp_path: Path, content: str) -> None:
    add_to_ollama(tmp_path, (*LIBRARY, "good", "1b"), write_model(tmp_path / "m.gguf").read_bytes())
    broken = tmp_path.joinpath("manifests", *LIBRARY, "bad", "1b")
    broken.parent.mkdir(parents=True)
    broken.write_text(content, encoding="utf-8", errors="surrogateescape")
    assert names(found_in(Place(owner="ollama", folder=tmp_path))) == ["good:1b"]


def test_a_model_whose_blob_is_gone_is_listed_with_why(tmp_path: Path) -> None:
    add_to_ollama(tmp_path, (*LIBRARY, "gone", "1b"), b"GGUF").unlink()
    (model,) = found_in(Place(owner="ollama", folder=tmp_path))
    assert "does not exist" in (describe(model).problem or "")


def test_only_older_snapshots_of_the_hugging_face_cache_carry_their_commit(tmp_path: Path) -> None:
    old = write_model(tmp_path / "old.gguf", name="old").read_bytes()
    new = write_model(tmp_path / "new.gguf", name="new").read_bytes()
    add_to_hugging_face(tmp_path / "hub", "o/r", "q/M.gguf", old, commit="a" * 40, main=False)
    link = add_to_hugging_face(tmp_path / "hub", "o/r", "q/M.gguf", new, commit="b" * 40)
    models = found_in(Place(owner="hugging_face", folder=tmp_path / "hub"))
    assert names(models) == ["M", "M@aaaaaaaa"]
    assert resolve("o/r/q/M", models) == link


def test_a_split_model_is_one_with_the_size_of_all_its_parts(tmp_path: Path) -> None:
    parts = write_split(tmp_path, "Large-Q4", 3)
    (model,) = found_in(own(tmp_path))
    assert (model.name, model.path, model.parts) == ("Large-Q4", parts[0], parts)
    assert model.size == sum(part.stat().st_size for part in parts)
    described = describe(model)
    assert described.problem is None
    assert described.parameters == 3 * 16 * 16


@pytest.mark.parametrize("missing", [(1,), (2,), (1, 3)])
def test_a_split_model_with_parts_missing_is_refused(tmp_path: Path, missing: tuple[int, ...]) -> None:
    write_split(tmp_path, "Large-Q4", 3, missing=missing)
    (model,) = found_in(own(tmp_path))
    assert describe(model).problem == f"{3 - len(missing)} of its 3 parts are here"
    with pytest.raises(ModelUnavailableError, match="not complete"):
        resolve("Large-Q4", [model])


def test_a_later_part_that_is_cut_off_is_told(tmp_path: Path) -> None:
    parts = write_split(tmp_path, "Large-Q4", 2)
    parts[1].write_bytes(parts[1].read_bytes()[:-100])
    (model,) = found_in(own(tmp_path))
    assert "cut off" in (describe(model).problem or "")


SPLITS = {
    "m-00001-of-00003.gguf": ("m", 1, 3),
    "a/m-00004-of-00003.gguf": None,
    "m-00000-of-00003.gguf": None,
    "m-1-of-3.gguf": None,
    "m.gguf": None,
    "-00001-of-00002.gguf": None,
}


@pytest.mark.parametrize("name", SPLITS)
def test_only_true_names_of_parts_are_parts(name: str) -> None:
    split = split_name(name)
    assert (None if split is None else (split.stem, split.number, split.count)) == SPLITS[name]


USELESS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a projector": (lambda path: write_model(path, architecture="clip"), "projector"),
    "a projector by its type": (lambda path: write_model(path, keys={"general.type": "mmproj"}), "projector"),
    "an adapter": (lambda path: write_model(path, keys={"general.type": "adapter", "adapter.type": "lora"}), "LoRA"),
    "an old adapter": (lambda path: write_model(path, keys={"adapter.type": "lora"}), "LoRA"),
    "a vocabulary": (lambda path: write_model(path, tensors=0), "without weights"),
    "an importance matrix": (lambda path: write_model(path, keys={"general.type": "imatrix"}), "importance"),
    "cut off": (lambda path: path.write_bytes(write_model(path).read_bytes()[:-64]), "cut off"),
    "cut in the header": (lambda path: path.write_bytes(write_model(path).read_bytes()[:60]), "cut off"),
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "a web page": (lambda path: path.write_bytes(b"<!doctype html>" * 10), "not a GGUF file"),
    "a link to nothing": (lambda path: path.symlink_to(path.with_name("nowhere")), "does not exist"),
}


@pytest.mark.parametrize("case", USELESS)
def test_what_cannot_be_used_is_listed_with_why(tmp_path: Path, case: str) -> None:
    make, reason = USELESS[case]
    make(tmp_path / "file.gguf")
    (model,) = found_in(own(tmp_path))
    assert reason in (describe(model).problem or "")


def test_what_the_header_says_is_told(tmp_path: Path) -> None:
    write_model(tmp_path / "m.gguf", keys={"general.license": "apache-2.0", "tokenizer.chat_template": "x"}, width=64)
    described = describe(found_in(own(tmp_path))[0])
    assert described.header is not None
    assert (described.licence, described.parameters, described.header.file_type) == ("apache-2.0", 8192, "F16")
    assert (described.header.kind, described.header.context_length, described.notes) == ("chat", 4096, ())


def test_a_licence_that_the_hub_told_comes_before_the_headers(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.gguf", keys={"general.license": "other"})
    source = Source(repo="o/r", file="m.gguf", commit=None, size=path.stat().st_size, sha256=None, licence="gemma")
    write_source(path, source)
    assert read_source(path) == source
    assert describe(found_in(own(tmp_path))[0]).licence == "gemma"
    write_source(path, replace(source, size=1))
    assert read_source(path) is None


@pytest.mark.parametrize("content", ["", "[", "[]", '{"repo": 1}', '{"repo": null, "file": null}', "[" * 50_000])
def test_a_broken_record_counts_as_none(tmp_path: Path, content: str) -> None:
    path = write_model(tmp_path / "m.gguf")
    source_file(path).write_text(content, encoding="utf-8")
    assert read_source(path) is None


def test_a_name_that_several_models_have_is_refused_with_names_that_tell_them_apart(tmp_path: Path) -> None:
    write_model(tmp_path / "a" / "r" / "Model.gguf")
    write_model(tmp_path / "b" / "r" / "Model.gguf")
    models = found_in(own(tmp_path))
    assert names(models) == ["a/r/Model", "b/r/Model"]
    with pytest.raises(ConfigError, match=r"2 models .* a/r/Model \(Sidecar\), b/r/Model \(Sidecar\)"):
        look_up("model", models)
    assert resolve("b/r/model", models) == tmp_path / "b" / "r" / "Model.gguf"


def test_case_counts_where_it_tells_two_models_apart(tmp_path: Path) -> None:
    write_model(tmp_path / "a" / "Model.gguf")
    write_model(tmp_path / "b" / "MODEL.gguf")
    assert resolve("MODEL", found_in(own(tmp_path))) == tmp_path / "b" / "MODEL.gguf"


@pytest.mark.parametrize("name", ["Qwen3-4B-Q5", "", "\0", "../m", "x" * 1_000_000, "\udcff"])
def test_a_name_that_no_model_has_is_said_with_what_is_like_it(tmp_path: Path, name: str) -> None:
    write_model(tmp_path / "Qwen3-4B-Q4.gguf")
    models = found_in(own(tmp_path))
    assert look_up(name, models) is None
    with pytest.raises(ConfigError) as refused:
        resolve(name, models)
    assert ("Did you mean Qwen3-4B-Q4" in (refused.value.hint or "")) == (name == "Qwen3-4B-Q5")
    assert len(refused.value.message) < 1000


@pytest.mark.parametrize(
    ("name", "by_path"),
    [
        ("qwen3", False),
        ("qwen3:8b", False),
        ("llama3.2", False),
        ("tiny.gguf", True),
        ("TINY.GGUF", True),
        ("./qwen3", True),
        ("~/models/qwen3", True),
        ("Qwen/Qwen3-8B", True),
    ],
)
def test_a_bare_word_is_a_models_name_whatever_lies_in_the_current_folder(name: str, *, by_path: bool) -> None:
    assert is_path(name) is by_path
