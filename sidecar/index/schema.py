"""The tables of an index, and the fingerprint that tells whether a file still fits the program.

There are no migrations: a file whose fingerprint differs is built anew beside the old one (see docs/decisions).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import apsw

from sidecar.language.terms import TERMS_VERSION

SCHEMA_VERSION = 1

# FTS5 splits the stored streams at spaces only; letters, numbers and marks are the only categories a term is made of.
# The streams are stored in the table itself: a contentless one would save space, but its deletions leave the words in
# the file as tombstones (seen), and scoring would have to make the streams again.
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('indexed', 'excluded', 'failed')),
    reason TEXT,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    content_hash BLOB,
    title TEXT NOT NULL DEFAULT '',
    title_key TEXT NOT NULL DEFAULT '',
    aliases TEXT NOT NULL DEFAULT '[]',
    tags TEXT NOT NULL DEFAULT '[]',
    properties TEXT NOT NULL DEFAULT '{}',
    date TEXT,
    problems TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX notes_by_status ON notes (status);
CREATE INDEX notes_by_title ON notes (title_key);

CREATE TABLE chunks (
    id INTEGER PRIMARY KEY,
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    heading_path TEXT NOT NULL,
    text TEXT NOT NULL,
    start_line INTEGER NOT NULL,
    end_line INTEGER NOT NULL,
    block_ids TEXT NOT NULL DEFAULT '[]',
    embed_hash BLOB NOT NULL,
    embedded INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX chunks_by_note ON chunks (note_id, ordinal);
CREATE INDEX chunks_to_embed ON chunks (id) WHERE embedded = 0;

CREATE TABLE links (
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    target TEXT NOT NULL,
    heading TEXT,
    block TEXT,
    embed INTEGER NOT NULL,
    line INTEGER NOT NULL
);
CREATE INDEX links_by_note ON links (note_id);

CREATE VIRTUAL TABLE chunk_terms USING fts5 (
    title, headings, body,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* Co'"
);
INSERT INTO chunk_terms (chunk_terms, rank) VALUES ('secure-delete', 1);
CREATE VIRTUAL TABLE term_counts USING fts5vocab (chunk_terms, row);
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
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            connection.execute(statement)
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
    value = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).get
    return None if value is None else str(value)


def write_meta(connection: apsw.Connection, key: str, value: str) -> None:
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2", (key, value)
    )


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()
