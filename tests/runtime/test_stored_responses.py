"""The file of stored responses: what is kept, for how long, and what becomes of a file that cannot be read."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import apsw
import pytest

from sidecar.errors import IndexUnavailableError
from sidecar.runtime.response_rows import StoredResponse
from sidecar.runtime.stored_responses import FILE, Limits, StoredResponses

pytestmark = pytest.mark.anyio


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def response(number: int, *, previous: int | None = None, text: str = "") -> StoredResponse:
    return StoredResponse(
        body={
            "id": f"resp_{number}",
            "previous_response_id": None if previous is None else f"resp_{previous}",
            "output": [{"id": f"msg_{number}", "type": "message", "text": text or f"answer {number}"}],
        },
        input=[{"id": f"in_{number}", "text": f"question {number}"}],
        events=[{"type": "response.created", "sequence_number": 0, "text": "\ud800"}],
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def make(anyio_backend: str, tmp_path: Path, clock: Clock) -> AsyncIterator[Callable[..., StoredResponses]]:
    made: list[StoredResponses] = []

    def make(**limits: Any) -> StoredResponses:
        made.append(StoredResponses(tmp_path / FILE, limits=Limits(**limits), clock=clock))
        return made[-1]

    yield make
    for stored in made:
        await stored.aclose()


Make = Callable[..., StoredResponses]


def texts(items: list[Any] | None) -> list[str]:
    return [item["text"] for item in items or ()]


async def test_a_response_comes_back_as_it_was_after_a_restart(make: Make) -> None:
    stored = make()
    assert await stored.get("resp_1") is None
    assert await stored.save(response(1))
    await stored.aclose()
    assert await make().get("resp_1") == response(1)


@pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")
async def test_the_file_and_its_log_are_readable_by_their_owner_alone(make: Make, tmp_path: Path) -> None:
    (tmp_path / FILE).touch(mode=0o644)
    await make().save(response(1))
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert {path.name for path in tmp_path.iterdir()} >= {FILE, f"{FILE}-wal"}


async def test_no_file_is_made_before_there_is_something_to_keep(make: Make, tmp_path: Path) -> None:
    await make().tidy()
    assert list(tmp_path.iterdir()) == []


async def test_a_conversation_is_given_from_its_beginning(make: Make) -> None:
    stored = make()
    for each in (response(1), response(2, previous=1), response(3, previous=2), response(4, previous=1)):
        await stored.save(each)
    assert texts(await stored.conversation("resp_3")) == [
        "question 1",
        "answer 1",
        "question 2",
        "answer 2",
        "question 3",
        "answer 3",
    ]
    assert texts(await stored.conversation("resp_4"))[2:] == ["question 4", "answer 4"]
    assert await stored.conversation("resp_9") is None


async def test_of_a_conversation_that_is_too_long_the_end_is_given(make: Make) -> None:
    stored = make(items=5)
    for number in range(1, 5):
        await stored.save(response(number, previous=number - 1 or None))
    assert texts(await stored.conversation("resp_4")) == ["question 3", "answer 3", "question 4", "answer 4"]
    assert texts(await make(items=1).conversation("resp_1")) == ["question 1", "answer 1"]


async def test_of_a_conversation_the_deleted_part_and_what_is_before_it_are_forgotten(make: Make) -> None:
    stored = make()
    for each in (response(1), response(2, previous=1), response(3, previous=2)):
        await stored.save(each)
    assert await stored.delete("resp_2")
    assert texts(await stored.conversation("resp_3")) == ["question 3", "answer 3"]
    assert not await stored.delete("resp_2")


async def test_a_conversation_that_refers_to_itself_ends(make: Make) -> None:
    stored = make(turns=10)
    await stored.save(response(1, previous=2))
    await stored.save(response(2, previous=1))
    assert len(await stored.conversation("resp_1") or ()) == 22


async def test_an_item_is_found_by_its_id_until_its_response_is_deleted(make: Make) -> None:
    stored = make()
    await stored.save(response(1))
    assert texts(list((await stored.items(["msg_1", "msg_2", "msg_1", "in_1"])).values())) == ["answer 1"]
    await stored.delete("resp_1")
    assert await stored.items(["msg_1"]) == {}


async def test_saving_again_replaces(make: Make) -> None:
    stored = make()
    await stored.save(response(1, text="queued"))
    await stored.save(response(1, text="done"))
    assert texts(await stored.conversation("resp_1")) == ["question 1", "done"]


async def test_what_is_too_old_is_neither_given_nor_kept(make: Make, clock: Clock, tmp_path: Path) -> None:
    stored = make(seconds=100)
    await stored.save(response(1, text="a secret of mine"))
    clock.now += 60
    await stored.save(response(2, previous=1))
    clock.now += 60
    assert await stored.get("resp_1") is None
    assert await stored.conversation("resp_1") is None
    assert await stored.items(["msg_1"]) == {}
    assert texts(await stored.conversation("resp_2")) == ["question 2", "answer 2"]
    await stored.tidy()
    await stored.aclose()
    assert b"a secret of mine" not in (tmp_path / FILE).read_bytes()


async def test_the_oldest_go_when_there_are_too_many(make: Make, clock: Clock) -> None:
    stored = make(count=2)
    for number in (1, 2, 3):
        clock.now += 1
        await stored.save(response(number))
    assert [number for number in (1, 2, 3) if await stored.get(f"resp_{number}")] == [2, 3]


async def test_the_oldest_go_when_they_take_too_much_room(make: Make, clock: Clock) -> None:
    stored = make(size=25_000)
    for number in (1, 2, 3):
        clock.now += 1
        await stored.save(response(number, text=f"{number}" * 10_000))
    assert [number for number in (1, 2, 3) if await stored.get(f"resp_{number}")] == [2, 3]


async def test_deleted_text_leaves_the_disk_at_once(make: Make, tmp_path: Path) -> None:
    stored = make()
    await stored.save(response(1, text="a secret of mine"))
    await stored.delete("resp_1")
    assert all(b"a secret of mine" not in path.read_bytes() for path in tmp_path.iterdir())


async def test_a_damaged_file_is_set_aside(make: Make, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to be taken for one" * 100)
    stored = make()
    assert await stored.get("resp_1") is None
    assert await stored.save(response(1))
    assert await stored.get("resp_1") == response(1)
    (aside,) = tmp_path.glob(f"{FILE}.damaged-*")
    assert aside.read_bytes().startswith(b"not a database")


async def test_a_file_that_is_damaged_while_it_is_used_is_set_aside(make: Make, tmp_path: Path) -> None:
    stored = make()
    for number in range(50):
        await stored.save(response(number, text="x" * 5_000))
    await stored.aclose()
    whole = bytearray((tmp_path / FILE).read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    (tmp_path / FILE).write_bytes(whole)
    again = make()
    assert await again.conversation("resp_7") is None
    assert await again.save(response(1))
    assert list(tmp_path.glob(f"{FILE}.damaged-*"))


@pytest.mark.parametrize("column", ["body", "input", "events"])
async def test_a_response_of_which_a_byte_has_changed_is_never_given_as_if_it_were_whole(
    make: Make, tmp_path: Path, column: str
) -> None:
    stored = make()
    await stored.save(response(1))
    await stored.save(response(2, previous=1))
    await stored.save(response(3, previous=2))
    connection = apsw.Connection(str(tmp_path / FILE))
    ((value,),) = cast("Any", connection.execute(f"SELECT {column} FROM responses WHERE id = 'resp_2'").fetchall())
    damaged = bytearray(value)
    damaged[len(damaged) // 2] ^= 0x81
    connection.execute(f"UPDATE responses SET {column} = ? WHERE id = 'resp_2'", (bytes(damaged),))
    connection.close()
    given, items = await stored.get("resp_2"), await stored.items(["msg_2"])
    conversation = await stored.conversation("resp_3")
    if column == "events":
        assert given is not None
        assert (given.body, given.events) == (response(2, previous=1).body, [])
    else:
        assert (given, items, await stored.conversation("resp_2")) == (None, {}, None)
        assert conversation == [*response(3).input, *response(3).body["output"]]
    assert await stored.get("resp_3") == response(3, previous=2)


async def test_a_file_of_another_version_is_set_aside(make: Make, tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / FILE))
    connection.pragma("user_version", 99)
    connection.close()
    stored = make()
    assert await stored.save(response(1))
    assert list(tmp_path.glob(f"{FILE}.damaged-*"))


async def test_a_file_that_cannot_be_written_is_no_failure_of_the_answer(make: Make, tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    stored = make()
    assert not await stored.save(response(1))
    await stored.tidy()
    with pytest.raises(IndexUnavailableError, match="cannot be used"):
        await stored.get("resp_1")


async def test_a_file_that_another_program_holds_is_no_failure_of_the_answer(make: Make, tmp_path: Path) -> None:
    stored = make()
    assert await stored.save(response(1))
    other = apsw.Connection(str(tmp_path / FILE))
    other.execute("BEGIN IMMEDIATE")
    assert not await stored.save(response(2))
    other.execute("ROLLBACK")
    other.close()
    assert await stored.save(response(2))
    assert await stored.get("resp_1") == response(1)


async def test_a_closed_store_says_so(make: Make) -> None:
    stored = make()
    await stored.save(response(1))
    await stored.aclose()
    await stored.aclose()
    with pytest.raises(IndexUnavailableError, match="closed"):
        await stored.get("resp_1")


def drawing(number: int, *paths: str, previous: int | None = None, created: float = 0.0, **body: Any) -> StoredResponse:
    """A response whose answer, thought and call say what the notes say."""
    output = [
        {"id": f"rs_{number}", "type": "reasoning", "summary": [{"type": "summary_text", "text": "secret"}]},
        {"id": f"fs_{number}", "type": "file_search_call", "queries": ["mine"], "results": [{"filename": "secret"}]},
        {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "secret", "annotations": [{"title": "secret"}]}],
        },
        {"id": f"fc_{number}", "type": "function_call", "name": "f", "call_id": "1", "arguments": '{"a": "secret"}'},
        {"id": f"ct_{number}", "type": "custom_tool_call", "name": "g", "call_id": "2", "input": "secret"},
    ]
    told = {
        "id": f"resp_{number}",
        "status": "completed",
        "created_at": created,
        "previous_response_id": None if previous is None else f"resp_{previous}",
        "output": output,
        "error": {"code": "x", "message": "cannot read: secret"},
        "vault": {"sources": [{"path": "secret", "quote": ""}], "withheld": 1},
        **body,
    }
    deltas = [{"type": "response.output_text.delta", "sequence_number": 1, "delta": "secret"}]
    ends = [
        {"type": kind, "sequence_number": 2 * n, "response": told} for n, kind in enumerate(("created", "completed"))
    ]
    return StoredResponse(
        body=told,
        input=[{"id": f"in_{number}", "type": "message", "role": "user", "content": "my question"}],
        events=[ends[0], *deltas, ends[1]],
        notes=frozenset(("Vault", path) for path in paths),
    )


async def left(stored: StoredResponses, number: int) -> StoredResponse:
    found = await stored.get(f"resp_{number}")
    assert found is not None
    return found


async def test_an_answer_goes_with_a_note_that_it_was_made_from_and_the_rest_of_it_stays(
    make: Make, tmp_path: Path
) -> None:
    stored = make()
    await stored.save(drawing(1, "A.md", "B.md"))
    await stored.save(drawing(2, "C.md"))
    assert await stored.drawn_on("Vault") == {"A.md": None, "B.md": None, "C.md": None}
    assert await stored.drawn_on("Other") == {}
    assert await stored.follow("Vault", seen={"C.md": b"3"}, moved={}, gone=["B.md", "X.md"]) == 1
    assert await stored.drawn_on("Vault") == {"C.md": b"3"}
    one = await left(stored, 1)
    assert "secret" not in repr(one)
    assert (one.body["status"], one.body["vault"]) == ("completed", {"sources": [], "withheld": 1})
    assert [item["id"] for item in one.body["output"]] == ["rs_1", "fs_1", "msg_1", "fc_1", "ct_1"]
    assert one.body["output"][3]["arguments"] == "{}"
    assert one.input[0]["content"] == "my question"
    assert [(event["type"], event["sequence_number"]) for event in one.events] == [("created", 0), ("completed", 1)]
    assert "secret" in repr(await left(stored, 2))
    await stored.delete("resp_2")
    assert all(b"secret" not in path.read_bytes() for path in tmp_path.iterdir())


async def test_an_answer_follows_a_note_that_moved(make: Make) -> None:
    stored = make()
    await stored.save(drawing(1, "A.md", "B.md"))
    assert await stored.follow("Vault", seen={}, moved={"A.md": "B.md"}, gone=[]) == 0
    assert await stored.drawn_on("Vault") == {"B.md": None}
    assert await stored.follow("Vault", seen={}, moved={}, gone=["A.md"]) == 0
    assert await stored.follow("Vault", seen={}, moved={}, gone=["B.md"]) == 1


@pytest.mark.parametrize("ways", ["previous", "item"])
async def test_an_answer_goes_with_the_notes_of_those_before_it(make: Make, ways: str) -> None:
    stored = make()
    await stored.save(drawing(1, "A.md"))
    later = drawing(2, previous=1 if ways == "previous" else None)
    if ways == "item":
        item = {"id": "msg_1", "type": "message", "role": "assistant", "content": [{"text": "secret"}]}
        later = replace(later, input=[item, *later.input])
    await stored.save(later)
    await stored.save(drawing(3, previous=2))
    await stored.save(drawing(4))
    assert await stored.follow("Vault", seen={}, moved={}, gone=["A.md"]) == 3
    assert ["secret" in repr(await left(stored, number)) for number in (1, 2, 3, 4)] == [False, False, False, True]


async def test_an_answer_that_was_being_made_when_the_one_before_it_went_goes_too(make: Make, clock: Clock) -> None:
    stored = make()
    await stored.save(drawing(1, "A.md"))
    begun = clock.now
    clock.now += 5
    await stored.follow("Vault", seen={}, moved={}, gone=["A.md"])
    await stored.save(drawing(2, previous=1, created=begun))
    await stored.save(drawing(3, previous=1, created=clock.now + 1))
    assert ["secret" in repr(await left(stored, number)) for number in (2, 3)] == [False, True]


async def test_deleted_text_leaves_the_disk_once_nobody_reads_it(make: Make, tmp_path: Path) -> None:
    stored = make()
    await stored.save(response(1, text="a secret of mine"))
    reader = apsw.Connection(str(tmp_path / FILE))
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM responses").fetchall()
    await stored.delete("resp_1")
    held = [path for path in tmp_path.iterdir() if b"a secret of mine" in path.read_bytes()]
    assert held
    reader.close()
    async with asyncio.timeout(20):
        while any(b"a secret of mine" in path.read_bytes() for path in tmp_path.iterdir()):  # noqa: ASYNC110  # a file tells nobody
            await asyncio.sleep(0.02)


async def test_a_damaged_file_is_kept_for_a_day(make: Make, clock: Clock, tmp_path: Path) -> None:
    clock.now = 1_700_000_000.0
    for stamp in ("20231113-221300", "20231113-221400-wal", "20231115-000000"):
        (tmp_path / f"{FILE}.damaged-{stamp}").write_bytes(b"a secret of mine")
    await make().tidy()
    assert [path.name for path in tmp_path.iterdir()] == [f"{FILE}.damaged-20231113-221400-wal"]


async def test_damaged_files_go_with_what_is_deleted_or_emptied(make: Make, tmp_path: Path) -> None:
    stored = make()
    await stored.save(drawing(1, "A.md"))
    await stored.save(response(2))
    for ways in ("deleted", "emptied"):
        aside = tmp_path / f"{FILE}.damaged-20231113-221300"
        aside.write_bytes(b"a secret of mine")
        if ways == "deleted":
            assert await stored.delete("resp_2")
        else:
            assert await stored.follow("Vault", seen={}, moved={}, gone=["A.md"]) == 1
        assert not aside.exists(), ways


# As commit 37ae185 made it.
_VERSION_2 = """
CREATE TABLE responses (
    id TEXT PRIMARY KEY,
    created_at REAL NOT NULL,
    previous_id TEXT,
    bytes INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    body BLOB NOT NULL,
    input BLOB NOT NULL,
    events BLOB NOT NULL
);
CREATE INDEX responses_by_age ON responses (created_at, id, bytes);
CREATE TABLE items (
    id TEXT PRIMARY KEY,
    response_id TEXT NOT NULL REFERENCES responses (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX items_by_response ON items (response_id);
"""


async def test_what_a_file_of_version_2_holds_is_kept(make: Make, tmp_path: Path) -> None:
    stored = make()
    await stored.save(response(1))
    await stored.aclose()
    (tmp_path / FILE).rename(tmp_path / "new.db")
    connection = apsw.Connection(str(tmp_path / FILE))
    connection.execute(_VERSION_2)
    connection.execute("ATTACH ? AS new", (str(tmp_path / "new.db"),))
    columns = "id, created_at, previous_id, bytes, checksum, body, input, events"
    connection.execute(f"INSERT INTO responses ({columns}) SELECT {columns} FROM new.responses")
    connection.execute("INSERT INTO items SELECT * FROM new.items")
    connection.pragma("user_version", 2)
    connection.close()
    for _ in range(2):
        upgraded = make()
        assert await upgraded.get("resp_1") == response(1)
        assert await upgraded.drawn_on("Vault") == {}
        await upgraded.save(drawing(2, "A.md", previous=1))
        assert await upgraded.follow("Vault", seen={}, moved={}, gone=["A.md"]) == 1
        assert "secret" not in repr(await left(upgraded, 2))
        await upgraded.aclose()
    assert not list(tmp_path.glob("*.damaged-*"))


async def test_a_file_of_an_older_version_is_deleted(make: Make, tmp_path: Path) -> None:
    connection = apsw.Connection(str(tmp_path / FILE))
    connection.execute("CREATE TABLE t AS SELECT 'a secret of mine' AS text")
    connection.pragma("user_version", 1)
    connection.close()
    stored = make()
    assert await stored.save(response(1))
    assert await stored.get("resp_1") == response(1)
    assert all(b"a secret of mine" not in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("column", ["body", "input", "events", "checksum", "emptied_at"])
async def test_a_value_of_another_type_is_damage(make: Make, tmp_path: Path, column: str) -> None:
    stored = make()
    await stored.save(drawing(1, "A.md"))
    connection = apsw.Connection(str(tmp_path / FILE))
    connection.execute(f"UPDATE responses SET {column} = 'text'")
    connection.close()
    found = await stored.get("resp_1")
    assert (found is not None) is (column in {"events", "emptied_at"})
    assert (await stored.items(["msg_1"]) != {}) is (found is not None)
    assert (await stored.conversation("resp_1") is not None) is (found is not None)
    assert await stored.save(drawing(2, previous=1))
    assert ("secret" in repr(await left(stored, 2))) is (column != "emptied_at")
    assert await stored.follow("Vault", seen={}, moved={}, gone=["A.md"]) >= 1


@pytest.mark.parametrize(("column", "value"), [("path", b"A.md"), ("content_hash", "text")])
async def test_a_place_of_another_type_is_damage(make: Make, tmp_path: Path, column: str, value: str | bytes) -> None:
    stored = make()
    await stored.save(drawing(1, "A.md"))
    connection = apsw.Connection(str(tmp_path / FILE))
    connection.execute(f"UPDATE drawn_on SET {column} = ?", (value,))
    connection.close()
    assert await stored.drawn_on("Vault") == ({} if column == "path" else {"A.md": None})
    assert bool(list(tmp_path.glob("*.damaged-*"))) is (column == "path")
