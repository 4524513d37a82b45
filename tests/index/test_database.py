from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import apsw
import pytest

from sidecar.errors import IndexUnavailableError
from sidecar.index.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "index.db"
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    connection.execute("CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)")
    connection.close()
    return path


@pytest.mark.anyio
async def test_a_commit_that_fails_does_not_stand_in_the_way_of_the_next_write(path: Path) -> None:
    database = Database(path, read_only=False)
    with pytest.raises(IndexUnavailableError, match="FOREIGN KEY"):
        await database.write(lambda c: c.execute("INSERT INTO child VALUES (1)"))

    await database.write(lambda c: c.execute("INSERT INTO parent VALUES (7)"))

    assert await database.read(lambda c: c.execute("SELECT count(*) FROM child").get) == 0
    assert await database.read(lambda c: c.execute("SELECT id FROM parent").get) == 7
    await database.aclose()


@pytest.mark.anyio
async def test_queries_asked_before_the_close_are_answered_and_later_ones_refused(path: Path) -> None:
    database = Database(path, read_only=False)
    go_on = threading.Event()

    def slow(connection: apsw.Connection) -> object:
        go_on.wait(10)
        return connection.execute("SELECT count(*) FROM parent").get

    asked = [asyncio.create_task(database.read(slow)) for _ in range(6)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(database.aclose())
    await asyncio.sleep(0)
    with pytest.raises(IndexUnavailableError, match="closed"):
        await database.read(slow)
    go_on.set()

    assert await asyncio.gather(*asked) == [0] * 6
    await closing
