"""The notes of every vault as files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest

from sidecar.runtime.vector_store import file_id
from tests.api.vault_server import VaultServer, serving, write_files

pytestmark = pytest.mark.anyio

_GARDEN = {
    "Rose.md": "---\ndate: 2001-02-03\n---\n# Rose\n\nRed.\n\n%% hidden %%",
    "Beds/Fern.md": "Green.",
    "Oak.md": "",
}
_WORK = {"Plan.md": "Prune.", "Old.md": "---\nprivate: true\n---\nNo."}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[VaultServer]:
    root = tmp_path_factory.mktemp("files")
    garden, work = write_files(root / "Garden", _GARDEN), write_files(root / "Work", _WORK)
    async with serving(garden, work, data_dir=root / "data") as running:
        yield running


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 10_000])
async def test_the_files_of_all_vaults_are_listed_whatever_the_pages(
    server: VaultServer, order: str, limit: int
) -> None:
    found = [file async for file in server.openai.files.list(limit=limit, order=order)]  # type: ignore[arg-type]  # a literal
    assert sorted(file.filename for file in found) == ["Beds/Fern.md", "Oak.md", "Plan.md", "Rose.md"]
    assert found[-1].filename == "Plan.md"
    assert len({file.id for file in found}) == 4


async def test_a_page_is_no_longer_than_asked_and_says_whether_there_is_more(server: VaultServer) -> None:
    page = (await server.http.get("/v1/files?limit=3")).json()
    assert (len(page["data"]), page["has_more"], page["last_id"]) == (3, True, page["data"][-1]["id"])
    rest = (await server.http.get(f"/v1/files?limit=3&after={page['last_id']}")).json()
    assert ([file["filename"] for file in rest["data"]], rest["has_more"]) == (["Plan.md"], False)
    end = (await server.http.get(f"/v1/files?after={rest['last_id']}")).json()
    assert (end["data"], end["first_id"], end["has_more"]) == ([], None, False)


async def test_a_file_tells_its_path_its_size_and_its_day(server: VaultServer) -> None:
    rose = await server.openai.files.retrieve(file_id("Garden", "Rose.md"))
    assert (rose.filename, rose.bytes) == ("Rose.md", len(_GARDEN["Rose.md"]))
    assert (rose.object, rose.purpose, rose.status) == ("file", "assistants", "processed")
    assert rose.created_at == 981158400


async def test_the_content_is_the_notes_text_without_what_is_hidden(server: VaultServer) -> None:
    content = await server.openai.files.content(file_id("Garden", "Rose.md"))
    assert content.text.endswith("# Rose\n\nRed.")
    assert content.response.headers["content-type"] == "text/plain; charset=utf-8"
    assert (await server.openai.files.content(file_id("Garden", "Oak.md"))).text == ""


@pytest.mark.parametrize(
    "wanted",
    [
        file_id("Garden", "Nothing.md"),
        file_id("Work", "Rose.md"),
        file_id("Work", "Old.md"),
        file_id("Elsewhere", "Rose.md"),
        "file-",
        "x" * 5_000,
        "file-" + "٣" * 24,
        "%00",
    ],
)
@pytest.mark.parametrize("behind", ["", "/content"])
async def test_an_unknown_file_is_404_in_openais_shape(server: VaultServer, wanted: str, behind: str) -> None:
    answer = await server.http.get(f"/v1/files/{wanted}{behind}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert len(answer.content) < 1_000


async def test_another_purpose_has_no_files(server: VaultServer) -> None:
    assert not (await server.openai.files.list(purpose="batch")).data
    assert len((await server.openai.files.list(purpose="assistants")).data) == 4


@pytest.mark.parametrize("query", ["limit=0", "limit=10001", "limit=-1", "order=x", "after=file-x", "after=x"])
async def test_a_wrong_page_is_refused_by_name(server: VaultServer, query: str) -> None:
    answer = await server.http.get(f"/v1/files?{query}")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, query.partition("=")[0])


async def test_an_upload_is_refused_and_says_where_the_vault_is_edited(server: VaultServer) -> None:
    with pytest.raises(openai.PermissionDeniedError, match="edited in Obsidian") as refusal:
        await server.openai.files.create(file=("note.md", b"# Note\xff"), purpose="assistants")
    assert refusal.value.code == "vault_read_only"
    with pytest.raises(openai.PermissionDeniedError, match="edited in Obsidian"):
        await server.openai.files.delete(file_id("Garden", "Rose.md"))
    with pytest.raises(openai.PermissionDeniedError, match="edited in Obsidian"):
        await server.openai.uploads.create(bytes=1, filename="a.md", mime_type="text/markdown", purpose="assistants")


async def test_without_a_vault_there_are_no_files_and_no_stores(tmp_path: Path) -> None:
    async with serving(data_dir=tmp_path / "none") as server:
        assert (await server.http.get("/v1/files")).json()["data"] == []
        assert (await server.http.get("/v1/vector_stores")).json()["data"] == []
        assert (await server.http.get("/v1/vector_stores/vs_vault")).status_code == 404
        assert (await server.http.get(f"/v1/files?after={file_id('a', 'b')}")).status_code == 400
