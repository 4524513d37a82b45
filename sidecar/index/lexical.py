"""Lexical search: BM25 over title, heading and body terms, the query's terms joined by OR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import apsw

# Field weights for bm25(): a word in the title or an alias says more than one in the text (published Obsidian numbers:
# weighting title and headings lifts nDCG@5 of plain FTS5 to 0.645 on the help vault).
_WEIGHTS = "4.0, 2.0, 1.0"
# Terms in more than a quarter of the chunks cost most of a query's time and hardly order anything (measured at
# 100,000 chunks: 22 → 4.7 ms at an overlap@10 of 0.94). They stay when nothing rarer is in the query.
_COMMON = 0.25
# Below this many chunks every term is cheap.
_SMALL = 1_000
_MAX_TERMS = 48


def document_counts(connection: apsw.Connection, terms: Sequence[str]) -> dict[str, int]:
    """In how many chunks each distinct term stands; 0 for a term that stands nowhere."""
    return {
        term: connection.execute("SELECT doc FROM term_counts WHERE term = ?", (term,)).get or 0
        for term in dict.fromkeys(terms)
    }


def chunk_count(connection: apsw.Connection) -> int:
    """Number of chunks in the index."""
    return int(connection.execute("SELECT count(*) FROM chunks").get)


def telling_terms(counts: Mapping[str, int], *, total: int) -> list[str]:
    """The terms worth searching for: the common ones dropped unless all are common, the rarest first."""
    present = {term: count for term, count in counts.items() if count}
    rare = [term for term, count in present.items() if total < _SMALL or count <= _COMMON * total]
    return sorted(rare or present, key=lambda term: present[term])[:_MAX_TERMS]


def search(
    connection: apsw.Connection, counts: Mapping[str, int], *, limit: int, within: Sequence[int] | None
) -> list[int]:
    """Ids of the best chunks for terms with their document counts, best first; `within` restricts to these ids."""
    chosen = telling_terms(counts, total=chunk_count(connection))
    if not chosen or (within is not None and not within):
        return []
    where, parameters = _restricted(" OR ".join(f'"{term}"' for term in chosen), within)
    # ORDER BY bm25(…) is 1.6 times faster than ORDER BY rank and gives the same order.
    rows = connection.execute(
        f"SELECT rowid FROM chunk_terms WHERE {where} ORDER BY bm25(chunk_terms, {_WEIGHTS}) LIMIT ?",  # noqa: S608  # constants
        (*parameters, limit),
    )
    return [row for (row,) in rows]


def phrase_rows(connection: apsw.Connection, phrase: Sequence[str]) -> set[int]:
    """Ids of the chunks where these terms stand one after the other."""
    quoted = '"' + " ".join(phrase) + '"'
    return {row for (row,) in connection.execute("SELECT rowid FROM chunk_terms WHERE chunk_terms MATCH ?", (quoted,))}


def _restricted(match: str, within: Sequence[int] | None) -> tuple[str, tuple[object, ...]]:
    if within is None:
        return "chunk_terms MATCH ?", (match,)
    ids = "[" + ",".join(map(str, within)) + "]"
    return "chunk_terms MATCH ? AND rowid IN (SELECT value FROM json_each(?))", (match, ids)
