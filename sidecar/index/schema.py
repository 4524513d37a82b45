"""The tables of an index, and the fingerprint that tells whether a file still fits the program.

There are no migrations: a file whose fingerprint differs is built anew beside the old one (see docs/decisions).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import apsw

from sidecar.index.filters import FILTER_TABLES
from sidecar.index.names import NAME_TABLES
from sidecar.index.seals import check, seal
from sidecar.language.streams import TERMS_VERSION

SCHEMA_VERSION = 5

# The id of a chunk that is gone is never given again: a search reads more than once, and means the chunk that it found.
# The text of a chunk is its row's last column: what stands behind a long value is read through all of its pages.
# Vectors lie in an ordinary table: a `vec0` one never gives back the space of what is deleted and slows down with it
# (106 MB became 210 after a fifth had been replaced five times). `version` is the number of the write that brought a
# row, for the copies in memory (see `codes`).
#
# `local` names the rule by which a note stays on this machine, `chunks` is how many a note has. Seals: see `seals`.
#
# FTS5 splits the stored streams at spaces only; letters, numbers and marks are the only categories a term is made of.
# The streams are stored in the table itself: a contentless one would save space, but its deletions leave the words in
# the file as tombstones (seen), and scoring would have to make the streams again.
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, seal BLOB NOT NULL) WITHOUT ROWID;

CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    part_of INTEGER REFERENCES notes (id) ON DELETE CASCADE,
    kind TEXT,
    status TEXT NOT NULL CHECK (status IN ('indexed', 'excluded', 'failed')),
    reason TEXT,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL DEFAULT 0,
    content_hash BLOB,
    title TEXT NOT NULL DEFAULT '',
    title_key TEXT NOT NULL DEFAULT '',
    aliases TEXT NOT NULL DEFAULT '[]',
    tags TEXT NOT NULL DEFAULT '[]',
    properties TEXT NOT NULL DEFAULT '{}',
    date TEXT,
    date_source TEXT,
    problems TEXT NOT NULL DEFAULT '[]',
    local TEXT,
    chunks INTEGER NOT NULL DEFAULT 0,
    place_seal BLOB NOT NULL DEFAULT x'',
    seal BLOB NOT NULL DEFAULT x''
);
CREATE INDEX notes_by_status ON notes (status);
CREATE INDEX notes_by_title ON notes (title_key);
CREATE INDEX notes_by_part ON notes (part_of) WHERE part_of IS NOT NULL;
CREATE INDEX notes_local ON notes (id) WHERE local IS NOT NULL;

CREATE TABLE file_keys (
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    PRIMARY KEY (key, note_id)
) WITHOUT ROWID;
CREATE INDEX file_keys_by_note ON file_keys (note_id);

CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    heading_path TEXT NOT NULL,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    block_ids TEXT NOT NULL DEFAULT '[]',
    language TEXT NOT NULL DEFAULT '',
    length INTEGER NOT NULL DEFAULT 0,
    embed_hash BLOB NOT NULL,
    embedded INTEGER NOT NULL DEFAULT 0,
    seal BLOB NOT NULL DEFAULT x'',
    text TEXT NOT NULL
);
CREATE INDEX chunks_by_note ON chunks (note_id, ordinal);
CREATE INDEX chunks_to_embed ON chunks (id) WHERE embedded = 0;

CREATE TABLE vectors (
    chunk_id INTEGER PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    embedding BLOB NOT NULL
);
CREATE INDEX vectors_by_version ON vectors (version);

CREATE TABLE totals (
    language TEXT PRIMARY KEY,
    chunks INTEGER NOT NULL,
    length INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE dates (
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    line INTEGER NOT NULL,
    seal BLOB NOT NULL
);
CREATE INDEX dates_by_note ON dates (note_id);
CREATE INDEX dates_by_day ON dates (day, note_id, line);

CREATE TABLE tasks (
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    text TEXT NOT NULL,
    line INTEGER NOT NULL,
    seal BLOB NOT NULL
);
CREATE INDEX tasks_by_note ON tasks (note_id);

CREATE TABLE block_ids (
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    block_id TEXT NOT NULL,
    line INTEGER NOT NULL,
    PRIMARY KEY (block_id, note_id)
) WITHOUT ROWID;
CREATE INDEX block_ids_by_note ON block_ids (note_id);

CREATE TABLE links (
    id INTEGER PRIMARY KEY,
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    heading TEXT,
    block TEXT,
    alias TEXT,
    style TEXT NOT NULL,
    embed INTEGER NOT NULL,
    line INTEGER NOT NULL,
    target_key TEXT,
    resolved INTEGER REFERENCES notes (id) ON DELETE SET NULL,
    stale INTEGER NOT NULL DEFAULT 1,
    seal BLOB NOT NULL
);
CREATE INDEX links_by_note ON links (note_id, line);
CREATE INDEX links_by_key ON links (target_key) WHERE target_key IS NOT NULL;
CREATE INDEX links_to ON links (resolved) WHERE resolved IS NOT NULL;
CREATE INDEX links_stale ON links (target_key, id) WHERE stale = 1;

CREATE VIRTUAL TABLE chunk_terms USING fts5 (
    title, headings, tags, body, language UNINDEXED,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
);
INSERT INTO chunk_terms (chunk_terms, rank) VALUES ('secure-delete', 1);
CREATE VIRTUAL TABLE term_counts USING fts5vocab (chunk_terms, row);
"""

# How many chunks there are in each language, and how long they are together in terms: what a query's scores rest on.
# Counting them at each query would read the whole table.
_COUNTING = """
CREATE TRIGGER chunk_came AFTER INSERT ON chunks BEGIN
    INSERT INTO totals (language, chunks, length) VALUES (NEW.language, 1, NEW.length)
    ON CONFLICT DO UPDATE SET chunks = chunks + 1, length = length + excluded.length;
END;

CREATE TRIGGER chunk_went AFTER DELETE ON chunks BEGIN
    UPDATE totals SET chunks = chunks - 1, length = length - OLD.length WHERE language = OLD.language;
END;

CREATE TRIGGER chunk_changed AFTER UPDATE OF language, length ON chunks
WHEN OLD.language <> NEW.language OR OLD.length <> NEW.length BEGIN
    UPDATE totals SET chunks = chunks - 1, length = length - OLD.length WHERE language = OLD.language;
    INSERT INTO totals (language, chunks, length) VALUES (NEW.language, 1, NEW.length)
    ON CONFLICT DO UPDATE SET chunks = chunks + 1, length = length + excluded.length;
END;
"""

# Keys whose links have to be resolved anew. Triggers write them, so that what changes the files and what remembers that
# it did are one transaction, whoever wrote it; `graph.relink` takes them away.
_TRIGGERS = """
CREATE TABLE relink (key TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TRIGGER key_came AFTER INSERT ON file_keys BEGIN
    INSERT INTO relink SELECT NEW.key WHERE true ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER key_went AFTER DELETE ON file_keys BEGIN
    INSERT INTO relink SELECT OLD.key WHERE true ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER note_moved AFTER UPDATE OF path, title, aliases ON notes
WHEN OLD.path IS NOT NEW.path OR OLD.title IS NOT NEW.title OR OLD.aliases IS NOT NEW.aliases BEGIN
    INSERT INTO relink SELECT key FROM file_keys WHERE note_id = NEW.id ON CONFLICT DO NOTHING;
    INSERT INTO relink SELECT '^' || block_id FROM block_ids WHERE note_id = NEW.id ON CONFLICT DO NOTHING;
    UPDATE links SET stale = 1 WHERE note_id = NEW.id;
END;

CREATE TRIGGER block_came AFTER INSERT ON block_ids BEGIN
    INSERT INTO relink SELECT '^' || NEW.block_id WHERE true ON CONFLICT DO NOTHING;
END;

CREATE TRIGGER block_went AFTER DELETE ON block_ids BEGIN
    INSERT INTO relink SELECT '^' || OLD.block_id WHERE true ON CONFLICT DO NOTHING;
END;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What an index was made with. `structure` covers reading, chunking, terms and tables; `embedding` the vectors."""

    structure: str
    embedding: str

    @property
    def file_name(self) -> str:
        return f"index-{self.structure}-{self.embedding}.db"


def fingerprint(*, reading: str, embedding: str) -> Fingerprint:
    """Digest the versions of everything that decides what is stored. `reading` names the parser's and chunker's."""
    structure = f"{SCHEMA_VERSION}/{TERMS_VERSION}/{reading}"
    return Fingerprint(structure=_digest(structure), embedding=_digest(embedding))


def create(connection: apsw.Connection, made_with: Fingerprint) -> None:
    """Make the tables in an empty file."""
    for statements in (_TABLES, FILTER_TABLES, NAME_TABLES, _COUNTING, _TRIGGERS):
        connection.execute(statements).fetchall()
    write_meta(connection, "structure", made_with.structure)
    write_meta(connection, "embedding", made_with.embedding)


def fits(connection: apsw.Connection, wanted: Fingerprint) -> bool:
    """Whether the file's tables were made with `wanted`."""
    if connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").get == 0:
        return False
    return (read_meta(connection, "structure"), read_meta(connection, "embedding")) == (
        wanted.structure,
        wanted.embedding,
    )


def read_meta(connection: apsw.Connection, key: str) -> str | None:
    """A value that was kept, `None` when there is none. Raises IndexDamagedError."""
    row = connection.execute("SELECT value, seal FROM meta WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    check((key, row[0]), row[1])
    return str(row[0])


def write_meta(connection: apsw.Connection, key: str, value: str) -> None:
    connection.execute(
        "INSERT INTO meta (key, value, seal) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = ?2, seal = ?3",
        (key, value, seal((key, value))),
    )


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()
