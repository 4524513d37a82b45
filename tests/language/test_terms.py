from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from sidecar.index.database import connect
from sidecar.index.schema import create, fingerprint
from sidecar.language.terms import terms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Brand™", "BRANDTM"),
        ("№ 5", "no 5"),
        ("𝐀𝐁", "ab"),
        ("ϲοφόϲ", "σοφός"),
        ("यह हिन्दी है।", "यह हिन्दी है"),
        ("ภาษาไทย๏", "ภาษาไทย"),
        ("エンド・ポイント", "エンド ポイント"),
    ],
)
def test_spellings_of_one_word_are_one_term(one: str, other: str) -> None:
    assert terms(one) == terms(other)


def test_every_term_is_one_token_of_the_index_as_it_stands(tmp_path: Path) -> None:
    # A term that FTS5 splits or folds further is stored under another name than it is asked for.
    connection: apsw.Connection = connect(tmp_path / "index.db", writable=True)
    blocks = (range(0x3400), range(0xF900, 0xFB00), range(0xFB00, 0x10000), range(0x1D400, 0x1D800))
    wanted = {term for block in blocks for code in block if not 0xD800 <= code < 0xE000 for term in terms(chr(code))}
    with connection:
        create(connection, fingerprint(reading="test", embedding="test"))
        connection.executemany("INSERT INTO chunk_terms (body) VALUES (?)", [(term,) for term in sorted(wanted)])
    held = {term for (term,) in connection.execute("SELECT term FROM term_counts")}
    connection.close()
    assert wanted - held == set()
