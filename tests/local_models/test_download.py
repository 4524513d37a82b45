"""Fetching models from a hub that behaves as the real one does, and from one that does not."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("gguf", reason="the gguf package, which writes model files, is not installed")

from sidecar.errors import ConfigError, ModelUnavailableError, SidecarError
from sidecar.models.catalogue import CatalogueModel, load_catalogue
from sidecar.models.description import describe
from sidecar.models.disk import SPARE, as_size, writing_failed
from sidecar.models.download import ATTEMPTS, Progress
from sidecar.models.found import find_models
from sidecar.models.hub import Hub
from sidecar.models.hub_settings import HubSettings, hub_settings
from sidecar.models.part import damaged_of, held, part_of, state_of
from sidecar.models.places import Place
from sidecar.models.pull import PlannedFile, PullPlan, fetch, offers, plan_pull
from sidecar.models.reference import HubReference, parse_reference
from sidecar.models.removal import called, leftovers, remove_leftover, remove_model
from sidecar.models.source import read_source
from tests.local_models.files import write_model, write_split
from tests.local_models.hub_server import COMMIT, Blob, FakeHub, hub_server, sha256_of

NAME = "owner/repo/tiny.gguf"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model of some megabytes: several blocks."""
    return write_model(tmp_path_factory.mktemp("made") / "m.gguf", width=1024, tensors=2).read_bytes()


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with hub_server() as running:
        yield running


class Puller:
    """Pulls into a folder, and remembers what happened."""

    def __init__(self, hub: FakeHub, folder: Path) -> None:
        self.hub = hub
        self.folder = folder
        self.token: str | None = None
        self.waits: list[float] = []
        self.steps: list[Progress] = []
        self.free: int | None = 10**12
        self.read_timeout = 10.0
        self.on_step: Callable[[Progress], None] = lambda progress: None

    def plan(self, reference: str = f"hf:{NAME}", *, known: CatalogueModel | None = None) -> PullPlan:
        with self._client() as client:
            return plan_pull(client, parse_reference(reference), self.folder, known=known)

    def pull(self, reference: str = f"hf:{NAME}", *, known: CatalogueModel | None = None) -> Path:
        with self._client() as client:
            plan = plan_pull(client, parse_reference(reference), self.folder, known=known)
            return fetch(client, plan, on_progress=self._note, free=lambda folder: self.free, wait=self.waits.append)

    def fails(self, reference: str = f"hf:{NAME}") -> SidecarError:
        with pytest.raises(SidecarError) as failed:
            self.pull(reference)
        return failed.value

    def _client(self) -> Hub:
        settings = HubSettings(endpoint=self.hub.endpoint, token=self.token)
        return Hub(settings, read_timeout=self.read_timeout)

    def _note(self, file: PlannedFile, progress: Progress) -> None:
        self.steps.append(progress)
        self.on_step(progress)

    @property
    def target(self) -> Path:
        return self.folder / NAME

    def begun(self, blob: Blob, size: int) -> None:
        """Leave a pull behind that ended after so many bytes."""
        blob.cut_after = [size] + [0] * ATTEMPTS
        self.fails()
        assert part_of(self.target).stat().st_size == size
        blob.cut_after = []
        self.hub.seen.clear()
        self.steps.clear()


@pytest.fixture
def puller(hub: FakeHub, tmp_path: Path) -> Puller:
    return Puller(hub, tmp_path / "models")


@pytest.fixture
def blob(hub: FakeHub, content: bytes) -> Blob:
    hub.files[NAME] = Blob(content=content)
    hub.licences["owner/repo"] = "apache-2.0"
    return hub.files[NAME]


def test_a_file_is_fetched_whole_and_nothing_else_is_left(puller: Puller, blob: Blob, content: bytes) -> None:
    assert puller.pull() == puller.target
    assert puller.target.read_bytes() == content
    assert {path.name for path in puller.target.parent.iterdir()} == {"tiny.gguf", ".tiny.gguf.source.json"}
    source = read_source(puller.target)
    assert source is not None
    assert (source.commit, source.licence, source.sha256) == (COMMIT, "apache-2.0", sha256_of(content))
    assert puller.steps[-1] == Progress(phase="fetching", done=len(content), total=len(content))


def test_a_plan_fetches_nothing_and_tells_size_licence_and_place(puller: Puller, blob: Blob, content: bytes) -> None:
    plan = puller.plan()
    assert (plan.size, plan.left, plan.licence, plan.model) == (len(content), len(content), "apache-2.0", puller.target)
    assert not puller.folder.exists()


def test_what_is_there_already_is_not_fetched_again(puller: Puller, blob: Blob) -> None:
    puller.pull()
    puller.hub.seen.clear()
    assert puller.plan().complete
    puller.pull()
    assert puller.hub.transfers() == []


def test_a_file_that_was_put_there_by_hand_is_known_by_its_checksum(puller: Puller, blob: Blob, content: bytes) -> None:
    puller.target.parent.mkdir(parents=True)
    puller.target.write_bytes(content)
    puller.pull()
    assert puller.hub.transfers() == []
    puller.target.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert puller.plan().files[0].replaces
    puller.pull()
    assert puller.target.read_bytes() == content


def test_a_part_is_gone_on_with_and_counts_for_the_checksum(puller: Puller, blob: Blob, content: bytes) -> None:
    puller.begun(blob, 1_500_000)
    assert puller.plan().left == len(content) - 1_500_000
    puller.pull()
    (transfer,) = puller.hub.transfers()
    assert transfer.headers["range"] == "bytes=1500000-"
    assert puller.target.read_bytes() == content
    assert [step.done for step in puller.steps if step.phase == "checking"][-1] == 1_500_000


def test_a_part_that_is_whole_is_only_checked(puller: Puller, blob: Blob, content: bytes) -> None:
    puller.begun(blob, 1000)
    part_of(puller.target).write_bytes(content)
    puller.pull()
    assert puller.hub.transfers() == []
    assert puller.target.read_bytes() == content


def test_a_part_of_a_file_that_the_hub_has_changed_is_not_gone_on_with(
    puller: Puller, blob: Blob, content: bytes
) -> None:
    puller.begun(blob, 1_500_000)
    changed = content[:1_400_000] + bytes(len(content) - 1_400_000)
    puller.hub.files[NAME] = Blob(content=changed)
    puller.pull()
    assert "range" not in puller.hub.transfers()[0].headers
    assert puller.target.read_bytes() == changed


def test_a_part_without_a_note_of_what_it_is_of_is_not_gone_on_with(puller: Puller, blob: Blob, content: bytes) -> None:
    puller.begun(blob, 1_500_000)
    state_of(puller.target).write_text("{", encoding="utf-8")
    puller.pull()
    assert "range" not in puller.hub.transfers()[0].headers
    assert puller.target.read_bytes() == content


def test_without_a_checksum_the_host_decides_whether_the_file_is_the_same(
    puller: Puller, blob: Blob, content: bytes
) -> None:
    blob.large, blob.host_etag = False, '"one"'
    puller.begun(blob, 1_500_000)
    puller.pull()
    (transfer,) = puller.hub.transfers()
    assert (transfer.headers["range"], transfer.headers["if-range"]) == ("bytes=1500000-", '"one"')
    assert puller.target.read_bytes() == content


def test_a_file_that_changes_between_two_connections_starts_anew(puller: Puller, blob: Blob, content: bytes) -> None:
    blob.large, blob.host_etag, blob.cut_after = False, '"one"', [1_500_000]
    changed = content[:100] + bytes(len(content) - 100)

    def swap(progress: Progress) -> None:
        if progress.done == 1_500_000:
            blob.content, blob.host_etag = changed, '"two"'

    puller.on_step = swap
    puller.pull()
    assert puller.target.read_bytes() == changed


def test_a_host_that_knows_no_ranges_starts_anew(puller: Puller, blob: Blob, content: bytes) -> None:
    puller.begun(blob, 1_500_000)
    blob.ranges = False
    puller.pull()
    assert puller.target.read_bytes() == content


def test_a_connection_that_breaks_is_followed_by_the_next(puller: Puller, blob: Blob, content: bytes) -> None:
    blob.cut_after = [1_000_000, 0, 500_000]
    puller.pull()
    assert puller.target.read_bytes() == content
    ranges = [each.headers.get("range") for each in puller.hub.transfers()]
    assert ranges == [None, "bytes=1000000-", "bytes=1000000-", "bytes=1500000-"]
    assert puller.waits == [1.0]


def test_many_connections_without_a_byte_end_it_and_what_came_is_kept(puller: Puller, blob: Blob) -> None:
    blob.cut_after = [1_000_000] + [0] * 100
    error = puller.fails()
    assert "1.0 MB are kept" in (error.hint or "")
    assert len(puller.hub.transfers()) == 1 + ATTEMPTS
    assert puller.waits == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert not puller.target.exists()


def test_a_host_that_always_starts_anew_and_breaks_is_given_up(puller: Puller, blob: Blob) -> None:
    blob.ranges, blob.cut_after = False, [1000] * 100
    puller.fails()
    assert len(puller.hub.transfers()) == 1 + ATTEMPTS


@pytest.mark.parametrize("status", [429, 500, 503, 403])
def test_refusals_that_pass_are_waited_for(puller: Puller, blob: Blob, content: bytes, status: int) -> None:
    blob.statuses = [status, status]
    puller.pull()
    assert puller.target.read_bytes() == content
    assert puller.waits == [1.0, 2.0]


def test_a_host_that_stays_silent_is_left(puller: Puller, blob: Blob, content: bytes) -> None:
    puller.read_timeout = 0.3
    blob.hold = threading.Event()
    error = puller.fails()
    assert "did not answer in time" in error.message
    blob.hold.set()
    blob.hold = None
    puller.read_timeout = 10.0
    assert part_of(puller.target).stat().st_size > 0
    puller.pull()
    assert puller.target.read_bytes() == content


def test_a_file_that_does_not_match_its_checksum_is_put_aside(puller: Puller, blob: Blob, content: bytes) -> None:
    blob.sha256 = "0" * 64
    error = puller.fails()
    assert "does not match its checksum" in error.message
    assert not puller.target.exists()
    assert not part_of(puller.target).exists()
    assert damaged_of(puller.target).read_bytes() == content
    blob.sha256 = None
    puller.pull()
    assert puller.target.read_bytes() == content
    assert not damaged_of(puller.target).exists()


def test_a_part_that_was_changed_on_disk_is_found_out_by_the_checksum(puller: Puller, blob: Blob) -> None:
    puller.begun(blob, 1_500_000)
    with part_of(puller.target).open("r+b") as part:
        part.seek(1_000_000)
        part.write(b"X")
    assert "does not match its checksum" in puller.fails().message


@pytest.mark.parametrize("large", [True, False])
def test_what_is_no_model_is_refused_after_its_first_bytes(puller: Puller, hub: FakeHub, large: bool) -> None:
    hub.files[NAME] = Blob(content=b"<!doctype html>" * 1_000_000, large=large)
    assert "not a GGUF file" in puller.fails().message
    assert not puller.target.exists()


def test_too_little_room_is_said_before_anything_is_fetched(puller: Puller, blob: Blob, content: bytes) -> None:
    puller.free = SPARE + len(content) - 1
    error = puller.fails()
    assert "4.2 MB are still to be fetched" in error.message
    assert puller.hub.transfers() == []
    puller.free += 1
    puller.pull()


def test_what_is_here_needs_no_room(puller: Puller, blob: Blob, content: bytes) -> None:
    puller.begun(blob, 1_500_000)
    puller.free = SPARE + len(content) - 1_500_000
    puller.pull()


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "is full"), (errno.EDQUOT, "is full"), (errno.EIO, "cannot")]
)
def test_what_the_disk_refuses_is_said_with_where_to_go_on(tmp_path: Path, number: int, said: str) -> None:
    error = writing_failed(OSError(number, os.strerror(number)), tmp_path / "m.gguf.part", have=1_500_000)
    assert said in error.message
    assert "models_dir" in (error.hint or "")
    assert ("1.5 MB" in (error.hint or "")) == (said == "is full")


@pytest.mark.skipif(os.name != "posix", reason="this system limits no file sizes")
def test_a_file_system_that_holds_no_large_files_is_said_and_the_bytes_are_kept(
    puller: Puller, blob: Blob, content: bytes
) -> None:
    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "from sidecar.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", code, "models", "pull", f"hf:{NAME}", "--data-dir", str(puller.folder.parent)]
    environment = {**os.environ, "HF_ENDPOINT": puller.hub.endpoint, "SIDECAR_CONFIG": os.devnull}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert "cannot hold a file as large" in done.stderr
    assert part_of(puller.target).stat().st_size == 2_000_000
    puller.pull()
    assert puller.target.read_bytes() == content


def test_two_pulls_of_one_file_exclude_each_other(puller: Puller, blob: Blob, content: bytes) -> None:
    blob.hold = threading.Event()
    first = threading.Thread(target=puller.pull)
    first.start()
    assert blob.reached.wait(20)
    other = Puller(puller.hub, puller.folder)
    assert "is being fetched by another command" in other.fails().message
    (model,) = leftovers(puller.folder)
    with pytest.raises(ModelUnavailableError, match="being fetched"):
        remove_leftover(model, puller.folder)
    blob.hold.set()
    first.join(20)
    assert puller.target.read_bytes() == content


def test_a_lock_that_a_killed_command_left_does_not_hold(puller: Puller, blob: Blob) -> None:
    puller.target.parent.mkdir(parents=True)
    with held(puller.target):
        pass
    puller.target.with_name("tiny.gguf.part.lock").write_text("", encoding="utf-8")
    puller.pull()


def test_the_token_is_sent_when_asked_for_and_to_the_hub_alone(puller: Puller, blob: Blob, content: bytes) -> None:
    blob.gated = True
    puller.token = "hf_right"
    puller.pull()
    assert puller.target.read_bytes() == content
    assert puller.hub.tokens_seen("hub") == {None, "Bearer hf_right"}
    assert puller.hub.tokens_seen("host") == {None}


def test_the_token_is_kept_where_nobody_asks_for_it(puller: Puller, blob: Blob) -> None:
    puller.token = "hf_right"
    puller.pull()
    assert puller.hub.tokens_seen("hub") == {None}


REFUSALS = {
    "gated": (f"hf:{NAME}", None, "only to people who have accepted its terms", "HF_TOKEN"),
    "gated, wrong token": (f"hf:{NAME}", "hf_wrong", "does not know your Hugging Face token", "settings/tokens"),
    "no such repository": ("hf:owner/nothing/m.gguf", None, "no repository owner/nothing", "private"),
    "no such file": ("hf:owner/repo/other.gguf", None, "owner/repo has no file 'other.gguf'", "hf:owner/repo"),
    "no such revision": (f"hf:{NAME}@v9", None, "owner/repo has no revision 'v9'", "@"),
}


@pytest.mark.parametrize(("reference", "token", "message", "hint"), REFUSALS.values(), ids=REFUSALS)
def test_what_the_hub_refuses_is_said_with_what_to_do(
    puller: Puller, blob: Blob, reference: str, token: str | None, message: str, hint: str
) -> None:
    blob.gated = True
    puller.token = token
    error = puller.fails(reference)
    assert message in error.message
    assert hint in (error.hint or "")
    assert "hf_wrong" not in f"{error.message} {error.hint}"


def test_a_hub_that_is_not_there_is_said_without_the_signature_of_addresses(tmp_path: Path) -> None:
    puller = Puller(FakeHub(endpoint="http://127.0.0.1:9"), tmp_path)
    error = puller.fails()
    assert "127.0.0.1 cannot be reached" in error.message
    assert "HF_ENDPOINT" in (error.hint or "")


def test_a_repository_that_was_renamed_is_followed(puller: Puller, blob: Blob, content: bytes) -> None:
    puller.hub.renamed["old/name"] = "owner/repo"
    path = puller.pull("hf:old/name/tiny.gguf")
    assert path == puller.folder / "old" / "name" / "tiny.gguf"
    assert path.read_bytes() == content


@pytest.mark.parametrize("named", [1, 2])
def test_all_parts_of_a_split_model_are_fetched_whichever_is_named(puller: Puller, tmp_path: Path, named: int) -> None:
    parts = write_split(tmp_path / "made", "Large-Q4", 3)
    for part in parts:
        puller.hub.files[f"owner/repo/q4/{part.name}"] = Blob(content=part.read_bytes())
    model = puller.pull(f"hf:owner/repo/q4/{parts[named - 1].name}")
    assert model.name == parts[0].name
    assert all((model.parent / part.name).read_bytes() == part.read_bytes() for part in parts)
    (found,) = find_models([Place(owner="sidecar", folder=puller.folder)], {})
    assert describe(found).problem is None
    # Later parts come from the commit of the first, whatever is pushed meanwhile.
    wanted = [each.path for each in puller.hub.seen if each.method == "HEAD"]
    assert all(f"/resolve/{COMMIT}/" in path for path in wanted[1:])


def test_a_repository_offers_its_models_but_no_projectors(puller: Puller) -> None:
    for name in ("M-Q8_0.gguf", "M-Q4_K_M.gguf", "M-Q4_K.gguf", "mmproj-M-f16.gguf", "M.imatrix.gguf", "README.md"):
        puller.hub.files[f"owner/repo/{name}"] = Blob(content=b"GGUF" * len(name))
    for number in (1, 2):
        puller.hub.files[f"owner/repo/M-F16-0000{number}-of-00002.gguf"] = Blob(content=b"GGUF" * 100)
    with Hub(HubSettings(endpoint=puller.hub.endpoint)) as client:
        every = offers(client, HubReference(repo="owner/repo", file=None))
        named = offers(client, HubReference(repo="owner/repo", file=None, quantisation="q4_k"))
    assert [offer.file for offer in every] == [
        "M-Q4_K.gguf",
        "M-Q8_0.gguf",
        "M-Q4_K_M.gguf",
        "M-F16-00001-of-00002.gguf",
    ]
    assert (every[-1].parts, every[-1].size) == (2, 800)
    assert [offer.file for offer in named] == ["M-Q4_K.gguf"]


def test_a_model_of_the_catalogue_has_to_be_the_one_that_it_describes(puller: Puller, blob: Blob) -> None:
    known = replace(next(iter(load_catalogue().values())), repo="owner/repo", file="tiny.gguf", sha256="0" * 64)
    with pytest.raises(ModelUnavailableError, match="another file than the one that the catalogue knows"):
        puller.pull(known=known)
    right = replace(known, sha256=sha256_of(blob.content))
    assert puller.pull(known=right) == puller.target


def test_the_catalogues_checksum_counts_where_the_hub_has_none(puller: Puller, blob: Blob) -> None:
    blob.large = False
    known = replace(next(iter(load_catalogue().values())), repo="owner/repo", file="tiny.gguf", sha256="0" * 64)
    with pytest.raises(ModelUnavailableError, match="does not match its checksum"):
        puller.pull(known=known)


REFERENCES = {
    "hf:o/r/m.gguf": HubReference(repo="o/r", file="m.gguf"),
    "hf://o/r/m.gguf": HubReference(repo="o/r", file="m.gguf"),
    "hf:o/r/sub/m.GGUF@refs/pr/1": HubReference(repo="o/r", file="sub/m.GGUF", revision="refs/pr/1"),
    "hf:o/r": HubReference(repo="o/r", file=None),
    "hf:o/r@v1": HubReference(repo="o/r", file=None, revision="v1"),
    "hf:o/r:Q4_K_M": HubReference(repo="o/r", file=None, quantisation="Q4_K_M"),
    "https://huggingface.co/o/r": HubReference(repo="o/r", file=None),
    "https://huggingface.co/o/r/blob/main/m.gguf": HubReference(repo="o/r", file="m.gguf"),
    "https://huggingface.co/o/r/resolve/v1/s/m.gguf?download=true": HubReference(
        repo="o/r", file="s/m.gguf", revision="v1"
    ),
    "https://huggingface.co/o/r/tree/main": HubReference(repo="o/r", file=None),
}


@pytest.mark.parametrize("text", REFERENCES)
def test_references_are_read_as_people_write_them(text: str) -> None:
    assert parse_reference(text) == REFERENCES[text]


WRONG = [
    "hf:", "hf:o", "hf:o/", "hf:/r", "hf:o/r/", "hf:o/r/m.txt", "hf:o/r/../m.gguf", "hf:o/../m.gguf", "hf:../r/m.gguf",
    "hf:o/r//m.gguf", "hf:o/r/a\\m.gguf", "hf:o/r/c:m.gguf", "hf:o/r/con.gguf", "hf:o/r/.hidden.gguf", "hf:o/r/m.gguf@",
    "hf:o/r/m.gguf@../x", "hf:o/r/m.gguf@a/../b", "hf:o/r/m\0.gguf", "hf:o/r:", "hf:o/r:Q4/m.gguf", "hf:ö/r/m.gguf",
    "hf:o/r/" + "a/" * 1000 + "m.gguf", "hf:" + "x" * 1_000_000, "https://huggingface.co", "https://[", "https://x/a/b/c/d/e",
    "https://huggingface.co/o/r/blob/main/%2e%2e/m.gguf", "hf:o/r/dir ./m.gguf",
]  # fmt: skip


@pytest.mark.parametrize("text", WRONG, ids=lambda text: repr(text[:40]))
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_reference(text)


SETTINGS: dict[str, tuple[dict[str, str], HubSettings]] = {
    "nothing": ({}, HubSettings(token="hf_file")),
    "a token": ({"HF_TOKEN": " hf_env\n"}, HubSettings(token="hf_env")),
    "an old token": ({"HUGGING_FACE_HUB_TOKEN": "hf_old"}, HubSettings(token="hf_old")),
    "a mirror": (
        {"HF_ENDPOINT": "https://mirror.example/"},
        HubSettings(endpoint="https://mirror.example", token="hf_file"),
    ),
    "a mirror in the clear": ({"HF_ENDPOINT": "http://mirror.example"}, HubSettings(endpoint="http://mirror.example")),
    "a mirror on this machine": (
        {"HF_ENDPOINT": "http://127.0.0.1:80"},
        HubSettings(endpoint="http://127.0.0.1:80", token="hf_file"),
    ),
    "no token wanted": ({"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, HubSettings()),
    "another file": ({"HF_TOKEN_PATH": "/nowhere"}, HubSettings()),
    "what is no token": ({"HF_TOKEN": "two words"}, HubSettings()),
}


@pytest.mark.parametrize(("environ", "expected"), SETTINGS.values(), ids=SETTINGS)
def test_the_hub_and_its_token_are_those_of_the_hugging_face_libraries(
    tmp_path: Path, environ: dict[str, str], expected: HubSettings
) -> None:
    token = tmp_path / ".cache" / "huggingface" / "token"
    token.parent.mkdir(parents=True)
    token.write_text("hf_file\n", encoding="utf-8")
    settings = hub_settings(environ=environ, home=tmp_path)
    assert settings == expected
    assert "hf_" not in repr(settings)


@pytest.mark.parametrize("environ", [{"HF_ENDPOINT": "mirror"}, {"HF_ENDPOINT": "https://["}, {"HF_HUB_OFFLINE": "1"}])
def test_a_hub_that_cannot_be_asked_is_said(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        hub_settings(environ=environ, home=tmp_path)


def test_removing_a_model_removes_all_of_its_files_and_empty_folders(puller: Puller, blob: Blob) -> None:
    puller.pull()
    write_split(puller.folder / "o" / "r", "Large", 2)
    for model in find_models([Place(owner="sidecar", folder=puller.folder)], {}):
        assert remove_model(model) == model.size
    assert list(puller.folder.iterdir()) == []


def test_removing_a_link_leaves_what_it_leads_to(tmp_path: Path) -> None:
    real = write_model(tmp_path / "elsewhere" / "m.gguf")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.gguf").symlink_to(real)
    (model,) = find_models([Place(owner="sidecar", folder=tmp_path / "models")], {})
    assert remove_model(model) == 0
    assert real.exists()
    assert list((tmp_path / "models").iterdir()) == []


def test_what_a_pull_left_behind_can_be_called_and_removed(puller: Puller, blob: Blob) -> None:
    puller.begun(blob, 1_500_000)
    (left,) = leftovers(puller.folder)
    assert (left.kind, left.size, left.reference) == ("unfinished", 1_500_000, f"hf:{NAME}")
    for name in ("tiny", "TINY.gguf", "owner/repo/tiny.gguf", f"hf:{NAME}", "tiny.gguf.part"):
        assert called(name, (left,)) == (left,)
    assert called("other", (left,)) == ()
    remove_leftover(left, puller.folder)
    assert list(puller.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (4.7e9, "4.7 GB"), (2.5e11, "250 GB"), (99.97e6, "100 MB")],
)
def test_sizes_are_shown_as_people_read_them(count: float, shown: str) -> None:
    assert as_size(count) == shown
