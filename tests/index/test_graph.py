"""Where links lead, while files come, go and move; on real index files."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from sidecar.index import graph, store
from sidecar.index.database import connect
from sidecar.index.schema import create, fingerprint
from sidecar.index.store import FileState, LedgerEntry
from sidecar.notes.links import LinkResolver
from sidecar.notes.note import DateMention, InlineField, Link, Note, Span, Task
from sidecar.notes.rules import Flavour
from tests.index.entries import entry_of, read_entry, table_entry

WANTED = fingerprint(reading="test", embedding="test")
UUID = "64f1c0de-0000-4000-8000-00000000000{}"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[apsw.Connection]:
    connection = connect(tmp_path / "index.db", writable=True)
    create(connection, WANTED)
    yield connection
    connection.close(force=True)


def save(connection: apsw.Connection, path: str, markdown: str) -> None:
    with connection:
        store.replace_note(connection, read_entry(path, markdown))


def exclude(connection: apsw.Connection, path: str) -> None:
    file = FileState(size=1, mtime_ns=1, content_hash=None)
    with connection:
        store.record_file(connection, LedgerEntry(path=path, status="excluded", reason="private: true", file=file))


def relink(connection: apsw.Connection, *, flavour: Flavour = "obsidian") -> int:
    count = 0
    while True:
        with connection:
            done = graph.relink(connection, flavour=flavour)
        if not done:
            return count
        count += done


def lead(connection: apsw.Connection, path: str) -> list[str | None]:
    return [link.path for link in graph.outgoing(connection, path)]


def test_links_lead_to_files_that_come_later(index: apsw.Connection) -> None:
    save(index, "a.md", "[[b]] and ![[pic.png]] and [[nowhere]]")
    relink(index)
    assert lead(index, "a.md") == [None, None, None]

    save(index, "deep/b.md", "back to [[a#Top|the first]]")
    exclude(index, "pic.png")
    relink(index)

    assert lead(index, "a.md") == ["deep/b.md", "pic.png", None]
    (back,) = graph.backlinks(index, "a.md")
    assert (back.source, back.heading, back.alias, back.line) == ("deep/b.md", "Top", "the first", 1)
    assert graph.link_counts(index) == graph.LinkCounts(resolved=3, unresolved=1, stale=0)
    assert graph.unresolved(index) == [graph.Unresolved(target="nowhere", sources=("a.md",))]


def test_a_nearer_twin_takes_a_link_over_and_gives_it_back(index: apsw.Connection) -> None:
    save(index, "Work/Log.md", "see [[Plan]]")
    save(index, "b/Plan.md", "far")
    relink(index)
    assert lead(index, "Work/Log.md") == ["b/Plan.md"]

    save(index, "Work/Plan.md", "near")
    relink(index)
    assert lead(index, "Work/Log.md") == ["Work/Plan.md"]
    assert graph.backlinks(index, "b/Plan.md") == []

    with index:
        store.remove_note(index, "Work/Plan.md")
    assert lead(index, "Work/Log.md") == [None]
    relink(index)
    assert lead(index, "Work/Log.md") == ["b/Plan.md"]


def test_a_note_saved_again_makes_nothing_stale_but_its_own_links(index: apsw.Connection) -> None:
    save(index, "hub.md", "text ^id")
    for number in range(5):
        save(index, f"{number}.md", "to [[hub]]")
    relink(index)

    save(index, "hub.md", "other text with [[0]] ^id")

    assert relink(index) == 1
    assert len(graph.backlinks(index, "hub.md")) == 5


def test_a_program_killed_before_relinking_finds_what_is_stale(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    connection = connect(path, writable=True)
    create(connection, WANTED)
    save(connection, "a.md", "[[b]]")
    relink(connection)
    save(connection, "b.md", "")
    connection.close(force=True)

    again = connect(path, writable=True)
    assert lead(again, "a.md") == [None]
    assert relink(again) == 1
    assert lead(again, "a.md") == ["b.md"]
    again.close(force=True)


def test_a_write_that_fails_leaves_nothing_to_relink(index: apsw.Connection) -> None:
    save(index, "a.md", "[[b]]")
    relink(index)

    def fail() -> None:
        with index:
            store.replace_note(index, read_entry("b.md", ""))
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fail()
    assert relink(index) == 0
    assert lead(index, "a.md") == [None]


def test_links_follow_a_folder_that_is_renamed(index: apsw.Connection) -> None:
    save(index, "Old/a.md", "[[b]] [[Old/b]] [[./b]]")
    save(index, "Old/b.md", "[[../c]]")
    save(index, "c.md", "[[b]] [[Old/b]]")
    relink(index)
    assert lead(index, "Old/a.md") == ["Old/b.md"] * 3
    assert lead(index, "c.md") == ["Old/b.md"] * 2

    with index:
        for name in ("a", "b"):
            store.rename_note(index, f"Old/{name}.md", f"New/deep/{name}.md")
    relink(index)

    assert lead(index, "New/deep/a.md") == ["New/deep/b.md", None, "New/deep/b.md"]
    assert lead(index, "New/deep/b.md") == [None]
    assert lead(index, "c.md") == ["New/deep/b.md", None]
    assert graph.backlinks(index, "Old/b.md") == []


def test_a_link_to_an_excluded_note_leads_to_its_file_and_tells_nothing_else(index: apsw.Connection) -> None:
    save(index, "diary.md", "---\naliases: [secret]\n---\n[[a]] with a secret")
    save(index, "a.md", "[[diary]]")
    relink(index)
    assert graph.backlinks(index, "a.md")

    exclude(index, "diary.md")
    relink(index)

    assert lead(index, "a.md") == ["diary.md"]
    assert graph.backlinks(index, "a.md") == []
    note_id = index.execute("SELECT id FROM notes WHERE path = 'a.md'").get
    assert graph.neighbours(index, [note_id]) == {note_id: set()}


def test_neighbours_are_linked_either_way(index: apsw.Connection) -> None:
    save(index, "a.md", "[[b]] [[b]] [[a]] [[#Top]]")
    save(index, "b.md", "")
    save(index, "c.md", "[[a]]")
    relink(index)
    ids = dict(index.execute("SELECT path, id FROM notes"))

    assert graph.neighbours(index, [ids["a.md"], ids["b.md"]]) == {
        ids["a.md"]: {ids["b.md"], ids["c.md"]},
        ids["b.md"]: {ids["a.md"]},
    }


def test_an_alias_leads_nowhere(index: apsw.Connection) -> None:
    save(index, "Maria Souza.md", "---\naliases: [Mia]\n---\n")
    save(index, "a.md", "[[Mia]]")
    relink(index)
    assert lead(index, "a.md") == [None]


def test_what_most_notes_miss_comes_first_in_its_first_spelling(index: apsw.Connection) -> None:
    save(index, "a.md", "[[One]] [[Two]] [[Two]]")
    save(index, "b.md", "[[two]] [[Three#Heading]]")
    relink(index)
    assert [(each.target, each.sources) for each in graph.unresolved(index)] == [
        ("Two", ("a.md", "b.md")),
        ("One", ("a.md",)),
        ("Three", ("b.md",)),
    ]


def block_note(path: str, *, block: str | None = None, links: tuple[str, ...] = ()) -> Note:
    span = Span(start=0, end=0, start_line=1, end_line=1)
    return Note(
        path=path,
        title=path,
        text="",
        block_ids={block: 7} if block else {},
        links=tuple(Link(target="", block=each, span=span) for each in links),
    )


def test_a_block_of_logseq_is_found_in_whatever_note_it_stands(index: apsw.Connection) -> None:
    one, two = UUID.format(1), UUID.format(2)
    with index:
        store.replace_note(index, entry_of(block_note("a.md", block=one, links=(one, two, "local")), []))
    relink(index)
    assert lead(index, "a.md") == ["a.md", None, "a.md"]
    assert graph.unresolved(index) == [graph.Unresolved(target=f"#^{two}", sources=("a.md",))]

    with index:
        store.replace_note(index, entry_of(block_note("b.md", block=two.upper()), []))
    relink(index)
    assert lead(index, "a.md") == ["a.md", "b.md", "a.md"]

    with index:
        store.replace_note(index, entry_of(block_note("b.md"), []))
    relink(index)
    assert lead(index, "a.md") == ["a.md", None, "a.md"]


def test_of_two_notes_with_a_block_the_first_by_path_is_meant_also_once_one_has_moved(index: apsw.Connection) -> None:
    with index:
        store.replace_note(index, entry_of(block_note("log.md", links=(UUID.format(1),)), []))
        for path in ("c/a.md", "d/b.md"):
            store.replace_note(index, entry_of(block_note(path, block=UUID.format(1)), []))
    relink(index)
    assert lead(index, "log.md") == ["c/a.md"]

    with index:
        store.rename_note(index, "c/a.md", "e/a.md")
    relink(index)
    assert lead(index, "log.md") == ["d/b.md"]


def test_a_link_in_a_row_starts_where_its_table_lies(index: apsw.Connection) -> None:
    with index:
        store.replace_note(index, table_entry("Data/books.csv", {"Emma/x": "[[./Austen]] [[#Top]]"}))
    save(index, "Data/Austen.md", "[[books.csv]]")
    relink(index)

    assert lead(index, "Data/books.csv#Emma/x") == ["Data/Austen.md", "Data/books.csv"]
    assert lead(index, "Data/Austen.md") == ["Data/books.csv"]
    assert [link.source for link in graph.backlinks(index, "Data/Austen.md")] == ["Data/books.csv#Emma/x"]
    assert graph.backlinks(index, "Data/books.csv")[0].source == "Data/Austen.md"


def test_another_application_reads_the_same_links_in_its_own_way(index: apsw.Connection) -> None:
    save(index, "guide/start.md", "[folder](api) [page](setup.md)")
    save(index, "guide/api/index.md", "")
    save(index, "setup.md", "")
    save(index, "guide/setup.md", "")
    relink(index)
    assert lead(index, "guide/start.md") == [None, "setup.md"]

    relink(index, flavour="folder")
    assert lead(index, "guide/start.md") == ["guide/api/index.md", "guide/setup.md"]

    with index:
        store.rename_note(index, "guide/api/index.md", "guide/other/index.md")
    relink(index, flavour="folder")
    assert lead(index, "guide/start.md") == [None, "guide/setup.md"]


def test_a_folder_means_its_readme_once_its_index_is_gone(index: apsw.Connection) -> None:
    save(index, "start.md", "[folder](guide/)")
    save(index, "guide/README.md", "")
    save(index, "guide/index.md", "")
    relink(index, flavour="folder")
    assert lead(index, "start.md") == ["guide/index.md"]

    with index:
        store.remove_note(index, "guide/index.md")
    relink(index, flavour="folder")
    assert lead(index, "start.md") == ["guide/README.md"]


def test_a_page_is_found_by_a_title_that_is_not_its_files_name(index: apsw.Connection) -> None:
    save(index, "journal.md", "[[a/b]]")
    page = read_entry("pages/a___b.md", "text")
    with index:
        store.replace_note(index, replace(page, note=replace(page.note, title="a/b")))
    relink(index, flavour="logseq")
    assert lead(index, "journal.md") == ["pages/a___b.md"]

    with index:
        store.replace_note(index, replace(page, note=replace(page.note, title="c/b")))
    relink(index, flavour="logseq")
    assert lead(index, "journal.md") == [None]

    with index:
        store.replace_note(index, replace(page, note=replace(page.note, title="c/b", aliases=("A/B",))))
    relink(index, flavour="logseq")
    assert lead(index, "journal.md") == ["pages/a___b.md"]


def test_a_write_is_kept_short(index: apsw.Connection) -> None:
    save(index, "a.md", " ".join(f"[[{number}]]" for number in range(25)))
    with index:
        assert graph.relink(index, most=10) == 10
        assert graph.relink(index, most=10) == 10
        assert graph.relink(index, most=10) == 5
        assert graph.relink(index, most=10) == 0


def test_days_tasks_and_fields_are_stored_and_go_with_their_note(index: apsw.Connection) -> None:
    span = Span(start=0, end=0, start_line=3, end_line=3)
    note = Note(
        path="a.md",
        title="a",
        text="",
        properties={"Rating": 5},
        fields=(
            InlineField(key="rating", value="1", span=span),
            InlineField(key="Due", value="today", span=span),
            InlineField(key="due", value="tomorrow", span=span),
            InlineField(key="place", value="home", span=span),
        ),
        tasks=(Task(state="x", text="milk", span=span),),
        dates=(DateMention(day=dt.date(2024, 5, 6), span=span),),
        date=dt.date(2024, 5, 6),
        date_source="text",
    )
    with index:
        store.replace_note(index, entry_of(note, []))

    assert index.execute("SELECT properties, date_source FROM notes").fetchall() == [
        ('{"Rating": 5, "Due": ["today", "tomorrow"], "place": "home"}', "text")
    ]
    assert index.execute("SELECT state, text, line FROM tasks").fetchall() == [("x", "milk", 3)]
    assert index.execute("SELECT day, line FROM dates").fetchall() == [("2024-05-06", 3)]

    with index:
        store.replace_note(index, entry_of(replace(note, tasks=(), dates=()), []))
    assert index.execute("SELECT count(*) FROM tasks").get == index.execute("SELECT count(*) FROM dates").get == 0
    with index:
        store.replace_note(index, entry_of(note, []))
        store.remove_note(index, "a.md")
    for table in ("tasks", "dates", "links", "block_ids", "file_keys"):
        assert index.execute(f"SELECT count(*) FROM {table}").get == 0


_FOLDERS = st.sampled_from(["", "a/", "a/b/", "A/"])
_NAMES = st.sampled_from(["x.md", "X.md", "y.md", "x.png", "x.png.md", "index.md", "README.md", "e\u0301.md", "é.md"])
_PATHS = st.builds("{}{}".format, _FOLDERS, _NAMES)
# Every note has all of these links: which files there are is what is left to chance.
_TARGETS = (
    "x", "X", "x.md", "y", "x.png", "index", "é", "a", "b/", ".", "..", "./x", "../y", "./x.png", "/x", "/a/y.md",
    "a/x", "b/index", "../b/", "./e\u0301",
)  # fmt: skip
_BLOCKS = (UUID.format(1), UUID.format(2), "local")


class Vault(RuleBasedStateMachine):
    """Files come, go and move in any order; now and then links are resolved, a few or all, or the program starts anew.

    Whenever all are resolved, each leads where it would lead in an index built from nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "index.db"
        self.connection = connect(self.path, writable=True)
        create(self.connection, WANTED)
        self.flavour: Flavour = "obsidian"

    def teardown(self) -> None:
        try:
            self.resolve_all()
        finally:
            self.connection.close(force=True)
            self.folder.cleanup()

    @rule(path=_PATHS, refs=st.lists(st.sampled_from(_BLOCKS), max_size=2), own=st.sets(st.sampled_from(_BLOCKS)))
    def save_a_note(self, path: str, refs: Sequence[str], own: set[str]) -> None:
        span = Span(start=0, end=0, start_line=1, end_line=1)
        links = [Link(target=target, span=span) for target in _TARGETS]
        links += [replace(link, style="markdown") for link in links]
        links += [Link(target="", block=block, span=span) for block in refs]
        note = Note(path=path, title=path, text="", links=tuple(links), block_ids=dict.fromkeys(own, 1))
        title = path.rpartition("/")[2].removesuffix(".md")
        with self.connection:
            store.replace_note(self.connection, entry_of(replace(note, title=title), []))

    @rule(path=_PATHS, rows=st.sets(st.sampled_from(["r", "a/r"])))
    def save_a_table(self, path: str, rows: set[str]) -> None:
        links = " ".join(f"[[{target}]]" for target in _TARGETS)
        with self.connection:
            store.replace_note(self.connection, table_entry(path, dict.fromkeys(sorted(rows), links)))

    @rule(path=_PATHS)
    def exclude_a_note(self, path: str) -> None:
        exclude(self.connection, path)

    @rule(data=st.data())
    def remove_a_note(self, data: st.DataObject) -> None:
        known = [path for (path,) in self.connection.execute("SELECT path FROM notes WHERE part_of IS NULL")]
        if known:
            with self.connection:
                store.remove_note(self.connection, data.draw(st.sampled_from(sorted(known))))

    @rule(data=st.data(), folder=_FOLDERS)
    def move_a_note(self, data: st.DataObject, folder: str) -> None:
        known = [path for (path,) in self.connection.execute("SELECT path FROM notes WHERE part_of IS NULL")]
        if known:
            old = data.draw(st.sampled_from(sorted(known)))
            with self.connection:
                store.rename_note(self.connection, old, folder + old.rpartition("/")[2])

    @rule(most=st.integers(min_value=1, max_value=3))
    def resolve_some(self, most: int) -> None:
        with self.connection:
            graph.relink(self.connection, flavour=self.flavour, most=most)

    @rule()
    def start_anew(self) -> None:
        self.connection.close(force=True)
        self.connection = connect(self.path, writable=True)

    @initialize(flavour=st.sampled_from(["obsidian", "folder"]), paths=st.sets(_PATHS, min_size=2, max_size=6))
    def begin_with_a_few(self, flavour: Flavour, paths: set[str]) -> None:
        self.flavour = flavour
        for path in sorted(paths):
            self.save_a_note(path, refs=_BLOCKS, own=set(_BLOCKS[: len(path) % 3]))
        self.resolve_all()

    @rule()
    def resolve_all(self) -> None:
        relink(self.connection, flavour=self.flavour)
        files = dict(self.connection.execute("SELECT path, id FROM notes WHERE part_of IS NULL"))
        resolver = LinkResolver(files, flavour=self.flavour)
        rows = list(
            self.connection.execute(
                "SELECT coalesce(f.path, n.path), l.target, l.block, l.style, l.resolved, l.stale FROM links l"
                " JOIN notes n ON n.id = l.note_id LEFT JOIN notes f ON f.id = n.part_of"
            )
        )
        for source, target, block, style, resolved, stale in rows:
            assert not stale
            wanted = self._place(block, source) if block else resolver.resolve(target, source=source, style=style)
            assert resolved == (None if wanted is None else files[wanted]), (source, target, block, style)

    def _place(self, block: str, source: str) -> str | None:
        places = [
            path
            for (path,) in self.connection.execute(
                "SELECT n.path FROM block_ids b JOIN notes n ON n.id = b.note_id WHERE b.block_id = ?", (block,)
            )
        ]
        if block == "local" or source in places:
            return source
        return min(places, default=None)

    @invariant()
    def parts_have_their_file(self) -> None:
        parts = "SELECT n.path, f.path FROM notes n JOIN notes f ON f.id = n.part_of"
        for path, file in list(self.connection.execute(parts)):
            assert path.startswith(f"{file}#")


TestVault = Vault.TestCase
TestVault.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
