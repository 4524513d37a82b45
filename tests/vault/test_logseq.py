from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.vault.edn import Edn, Keyword, Symbol, read_edn
from sidecar.vault.logseq import LogseqSettings, load_logseq_settings, moment_format

GRAPH = Path(__file__).parents[1] / "vaults" / "logseq"


def write(root: Path, content: str | bytes) -> None:
    (root / "logseq").mkdir(exist_ok=True)
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    (root / "logseq" / "config.edn").write_bytes(data)


def test_a_folder_without_settings_has_those_of_a_new_graph(tmp_path: Path) -> None:
    settings = load_logseq_settings(tmp_path)
    assert settings == LogseqSettings()
    assert settings.journals_folder == "journals"
    assert (settings.daily_format, settings.journal_titles) == ("YYYY_MM_DD", "MMM Do, YYYY")
    assert (settings.file_name_format, settings.hidden) == ("triple-lowbar", ())


def test_the_settings_of_a_graph_are_read() -> None:
    assert load_logseq_settings(GRAPH) == LogseqSettings(
        journal_titles="dddd, DD.MM.YYYY", hidden=("archiv", "pages/Entwurf.md")
    )


def test_folders_and_formats_are_read(tmp_path: Path) -> None:
    write(
        tmp_path, '{:pages-directory "seiten/", :journals-directory "tagebuch" :journal/file-name-format "dd-MM-yyyy"}'
    )
    settings = load_logseq_settings(tmp_path)
    assert settings.journals_folder == "tagebuch"
    assert settings.daily_format == "DD-MM-YYYY"
    assert settings.complete


@pytest.mark.parametrize("config", ["{}", "{:file/name-format :legacy}", '{:file/name-format "triple-lowbar"}'])
def test_settings_that_name_no_format_of_file_names_are_from_an_old_graph(tmp_path: Path, config: str) -> None:
    write(tmp_path, config)
    assert load_logseq_settings(tmp_path).file_name_format == "legacy"


@pytest.mark.parametrize(
    "value", ["nil", '""', "3", '"../elsewhere"', '"/"', "[]", ":pages"]
)  # fmt: skip
def test_values_of_no_use_have_the_defaults(tmp_path: Path, value: str) -> None:
    write(tmp_path, f"{{:pages-directory {value} :journals-directory {value}}}")
    settings = load_logseq_settings(tmp_path)
    assert (settings.journals_folder, settings.complete) == ("journals", True)


@pytest.mark.parametrize(
    "content",
    [
        "{", "", "[]", "\x00", "(" * 200_000, "[" * 200_000, "#_" * 200_000, "'" * 200_000, '"' + "\\" * 100_000,
        "1" * (2 * 1024 * 1024), "{:a}", "{:hidden [] :hidden []}", b"{:hidden [\"\xff\"]}", "{:a 1 ] }",
    ],
)  # fmt: skip
def test_broken_settings_are_a_problem_and_say_that_they_are_not_whole(tmp_path: Path, content: str | bytes) -> None:
    write(tmp_path, content)
    assert load_logseq_settings(tmp_path) == LogseqSettings(
        problems=("Logseq's settings in logseq/config.edn cannot be read.",), complete=False
    )


@pytest.mark.parametrize("hidden", ["5", '"archiv"', '{"a" 1}', "true"])
def test_hidden_files_that_are_no_list_are_a_problem_not_an_empty_list(tmp_path: Path, hidden: str) -> None:
    write(tmp_path, f"{{:hidden {hidden}}}")
    settings = load_logseq_settings(tmp_path)
    assert settings.problems == ("Logseq's hidden files in logseq/config.edn are not a list.",)
    assert not settings.complete


@pytest.mark.parametrize(
    ("hidden", "prefixes"),
    [
        ('["/archiv" "b.md" 3 "" nil]', ("archiv", "b.md")),
        ('["Fotos/été" "引っ越し"]', ("Fotos/été", "引っ越し")),
        ("[]", ()),
        ("nil", ()),
    ],
)
def test_hidden_files_are_beginnings_of_paths(tmp_path: Path, hidden: str, prefixes: tuple[str, ...]) -> None:
    write(tmp_path, f"{{:hidden {hidden}}}")
    assert (load_logseq_settings(tmp_path).hidden, load_logseq_settings(tmp_path).complete) == (prefixes, True)


def test_settings_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    write(tmp_path, b'\xef\xbb\xbf{:hidden ["a"]}')
    assert load_logseq_settings(tmp_path).hidden == ("a",)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_a_fifo_in_place_of_settings_does_not_block(tmp_path: Path) -> None:
    (tmp_path / "logseq").mkdir()
    os.mkfifo(tmp_path / "logseq" / "config.edn")
    assert not load_logseq_settings(tmp_path).complete


def test_a_folder_in_place_of_settings_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "logseq" / "config.edn").mkdir(parents=True)
    assert not load_logseq_settings(tmp_path).complete


@pytest.mark.parametrize(
    ("java", "moment"),
    [
        ("MMM do, yyyy", "MMM Do, YYYY"),
        ("do MMMM yyyy", "Do MMMM YYYY"),
        ("E, dd-MM-yyyy", "ddd, DD-MM-YYYY"),
        ("EEE, MM/dd/yyyy", "ddd, MM/DD/YYYY"),
        ("EEEE, yyyy/MM/dd", "dddd, YYYY/MM/DD"),
        ("yyyy-MM-dd EEEE", "YYYY-MM-DD dddd"),
        ("yyyy_MM_dd", "YYYY_MM_DD"),
        ("yyyyMMdd", "YYYYMMDD"),
        ("yyyy年MM月dd日", "YYYY年MM月DD日"),
        ("'Tag' d", "[Tag] D"),
        ("xxxx-'W'ww", "GGGG-[W]WW"),
        ("", ""),
    ],
)
def test_formats_are_written_in_the_letters_of_moment(java: str, moment: str) -> None:
    assert moment_format(java) == moment


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("nil", None),
        ("true", True),
        ("-12", -12),
        ("3N", 3),
        ("2.5M", 2.5),
        ("1e3", 1000.0),
        ("9" * 30, Symbol(name="9" * 30)),
        (":a/b", Keyword(name="a/b")),
        ("a.b/c", Symbol(name="a.b/c")),
        (r'"a\n\"b\" \\ \u00e9 \ud83d\ude00"', 'a\n"b" \\ é 😀'),
        (r'"\ud83d"', "\ufffd"),
        (r"\newline", "newline"),
        ("[1, 2 ;three\n 3]", (1, 2, 3)),
        ("#{1 2}", (1, 2)),
        ("(fn [x] x)", (Symbol(name="fn"), (Symbol(name="x"),), Symbol(name="x"))),
        ("{:a {:b [1]}}", {Keyword(name="a"): {Keyword(name="b"): (1,)}}),
        ("{[1 {}] 2}", {"(1, {})": 2}),
        ("[1 #_2 #_[3 #_4] 5]", (1, 5)),
        ('#inst "2024-03-05"', "2024-03-05"),
        (r'#"\d+"', r"\d+"),
        ("#(f %)", (Symbol(name="f"), Symbol(name="%"))),
        ("^:private {:a 1}", {Keyword(name="a"): 1}),
        ("'a", Symbol(name="a")),
        ("#_1 2 3", 2),
        ("1 ]", 1),
    ],
)
def test_edn_is_read(text: str, value: Edn) -> None:
    assert read_edn(text) == value


@pytest.mark.parametrize(
    "text", ["", "  ;x", "[", "(]", "}", "#", "#_", "'", '"', '"a\\"', "{1}", "{1 2 1 3}", "#{", "^:a", "\\"]
)
def test_what_is_no_edn_is_an_error_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_edn(text)


def test_a_hundred_levels_are_read_and_more_are_an_error() -> None:
    assert read_edn("[" * 100 + "]" * 100) is not None
    with pytest.raises(ValueError, match="nested"):
        read_edn("[" * 101 + "]" * 101)


_PIECES = st.sampled_from(
    [*"{}()[]\"#_\\;^':a1 \n,", "#{", "#(", "#_", ":hidden", '"x"', "nil", "\\u12", "é", "\x00", "\ud800"]
)


@given(st.one_of(st.text(max_size=60), st.lists(_PIECES, max_size=60).map("".join)))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = read_edn(text)
    except ValueError:
        return
    assert value == read_edn(text + " ")


def test_a_megabyte_is_read_in_bounded_time() -> None:
    started = time.process_time()
    assert len(str(read_edn("[" + "{:a [1 2]} " * 90_000 + "]"))) > 1_000_000
    # Linear code needs a second or two of its own time for this; quadratic code needs minutes.
    assert time.process_time() - started < 15
