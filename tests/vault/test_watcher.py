from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from sidecar.vault import notices
from sidecar.vault.changes import Changes
from sidecar.vault.exclusions import Exclusions
from sidecar.vault.files import scan
from sidecar.vault.settings import SETTINGS_FILES
from sidecar.vault.watcher import watch
from tests.vault.listening import covers, listening

pytestmark = pytest.mark.anyio


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    root = (tmp_path / "vault").resolve()
    (root / "Sub").mkdir(parents=True)
    (root / "Note.md").write_bytes(b"1")
    (root / "Sub" / "Other.md").write_bytes(b"1")
    return root


async def test_a_save_is_told_as_the_notes_path(vault: Path) -> None:
    async with listening(vault) as listener:
        (vault / "Sub" / "Other.md").write_bytes(b"22")
        await listener.covered("Sub/Other.md")
        assert listener.told == [Changes(paths=frozenset({"Sub/Other.md"}))]


async def test_a_save_is_told_well_under_half_a_second(vault: Path) -> None:
    taken = []
    async with listening(vault) as listener:
        for round_ in range(5):
            listener.forget()
            began = time.perf_counter()
            (vault / "Note.md").write_bytes(b"x" * round_)
            await listener.covered("Note.md")
            taken.append(listener.times[0] - began)
    assert statistics.median(taken) < 0.4


async def test_notes_saved_without_a_pause_are_told_while_the_saving_goes_on(vault: Path) -> None:
    going = True

    def keep_saving() -> None:
        while going:
            (vault / "Note.md").write_bytes(str(time.perf_counter()).encode())

    thread = threading.Thread(target=keep_saving)
    async with listening(vault) as listener:
        thread.start()
        try:
            await listener.until(lambda told: sum(covers([c], "Note.md") for c in told) >= 3)
        finally:
            going = False
            thread.join()


async def test_changes_are_told_also_while_it_looks_rarely(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Quiet from the start and for good; in steps so long that a change never falls between two of them by chance.
    monkeypatch.setattr(notices, "_QUIET_AFTER_SECONDS", -1.0)
    monkeypatch.setattr(notices, "_QUIET_STEP_MS", 500)
    async with listening(vault) as listener:
        for act in (create, atomic_save, rename_a_folder):
            listener.forget()
            await listener.covered(*act(vault))


def atomic_save(vault: Path) -> set[str]:
    (vault / ".Note.md.tmp~").write_bytes(b"22")
    (vault / ".Note.md.tmp~").replace(vault / "Note.md")
    return {"Note.md"}


def create(vault: Path) -> set[str]:
    (vault / "Sub" / "New.md").write_bytes(b"1")
    return {"Sub/New.md"}


def delete(vault: Path) -> set[str]:
    (vault / "Note.md").unlink()
    return {"Note.md"}


def rename(vault: Path) -> set[str]:
    (vault / "Note.md").rename(vault / "Sub" / "Renamed.md")
    return {"Note.md", "Sub/Renamed.md"}


def rename_in_case_only(vault: Path) -> set[str]:
    (vault / "Note.md").rename(vault / "note.md")
    return {"Note.md", "note.md"}


def rename_in_unicode_form_only(vault: Path) -> set[str]:
    (vault / "Note.md").rename(vault / "Cafe\u0301.md")
    (vault / "Cafe\u0301.md").rename(vault / "Caf\u00e9.md")
    return {"Note.md", "Caf\u00e9.md"}


def rename_a_folder(vault: Path) -> set[str]:
    (vault / "Sub").rename(vault / "Below")
    return {"Sub/Other.md", "Below/Other.md"}


def remove_a_folder(vault: Path) -> set[str]:
    shutil.rmtree(vault / "Sub")
    return {"Sub/Other.md"}


def move_a_note_out(vault: Path) -> set[str]:
    (vault / "Note.md").rename(vault.parent / "Note.md")
    return {"Note.md"}


def move_a_note_in(vault: Path) -> set[str]:
    (vault.parent / "In.md").write_bytes(b"1")
    (vault.parent / "In.md").rename(vault / "In.md")
    return {"In.md"}


def move_a_folder_out(vault: Path) -> set[str]:
    (vault / "Sub").rename(vault.parent / "Sub")
    return {"Sub/Other.md"}


def move_a_folder_in(vault: Path) -> set[str]:
    (vault.parent / "In" / "deep").mkdir(parents=True)
    (vault.parent / "In" / "deep" / "x.md").write_bytes(b"1")
    (vault.parent / "In").rename(vault / "In")
    return {"In/deep/x.md"}


def replace_a_note_by_a_folder(vault: Path) -> set[str]:
    (vault / "Note.md").unlink()
    (vault / "Note.md").mkdir()
    (vault / "Note.md" / "x.md").write_bytes(b"1")
    return {"Note.md", "Note.md/x.md"}


def replace_a_note_by_a_link(vault: Path) -> set[str]:
    (vault / "Note.md").unlink()
    (vault / "Note.md").symlink_to("Sub/Other.md")
    return {"Note.md"}


def evict_to_icloud(vault: Path) -> set[str]:
    (vault / "Note.md").rename(vault / ".Note.md.icloud")
    return {"Note.md"}


@pytest.mark.parametrize(
    "act",
    [
        atomic_save,
        create,
        delete,
        rename,
        rename_in_case_only,
        rename_in_unicode_form_only,
        rename_a_folder,
        remove_a_folder,
        move_a_note_out,
        move_a_note_in,
        move_a_folder_out,
        move_a_folder_in,
        replace_a_note_by_a_folder,
        replace_a_note_by_a_link,
        evict_to_icloud,
    ],
)
async def test_whatever_happens_to_a_note_is_told(vault: Path, act: Callable[[Path], set[str]]) -> None:
    async with listening(vault) as listener:
        expected = act(vault)
        await listener.covered(*expected)
        assert not any(c.everything for c in listener.told)


async def test_a_note_in_a_renamed_folder_is_told_under_its_new_path(vault: Path) -> None:
    async with listening(vault) as listener:
        (vault / "Sub").rename(vault / "Below")
        await listener.covered("Below/Other.md")
        # The folder is told again once things are quiet; after that, silence.
        await listener.until(lambda told: sum("Below" in c.folders for c in told) >= 2)
        listener.forget()
        (vault / "Below" / "Other.md").write_bytes(b"22")
        await listener.covered("Below/Other.md")
        assert listener.told == [Changes(paths=frozenset({"Below/Other.md"}))]


async def test_550_notes_in_new_folders_are_all_told(vault: Path) -> None:
    wanted = [f"New/{a}/{b}/{c}.md" for a in range(11) for b in range(10) for c in range(5)]
    async with listening(vault) as listener:
        for path in wanted:
            (vault / path).parent.mkdir(parents=True, exist_ok=True)
            (vault / path).write_bytes(b"1")
        await listener.covered(*wanted)


async def test_scanning_what_is_told_finds_every_note_however_fast_folders_grow(vault: Path) -> None:
    """Notes arrive while the system still adds its watches: the second telling, once quiet, catches what slipped by."""
    wanted = {f"Deep/{a}/{b}/{c}/{c}.md" for a in range(6) for b in range(6) for c in range(6)}
    found: set[str] = set()
    scanned = 0

    async with listening(vault) as listener:

        def fill() -> None:
            for path in sorted(wanted):
                (vault / path).parent.mkdir(parents=True, exist_ok=True)
                (vault / path).write_bytes(b"1")

        filling = asyncio.create_task(asyncio.to_thread(fill))

        def scan_what_was_told(told: list[Changes]) -> bool:
            nonlocal scanned
            for change in told[scanned:]:
                for below in [""] if change.everything else [*change.paths, *change.folders]:
                    found.update(file.path for file in scan(vault, Exclusions(), below=below).files)
            scanned = len(told)
            return wanted <= found

        await listener.until(scan_what_was_told)
        await filling


async def test_a_burst_asks_for_everything_and_again_once_it_is_over(vault: Path) -> None:
    # A slow machine makes few files in 150 ms: here a batch ends only when no file has come for 300 ms.
    async with listening(vault, debounce_ms=10_000, step_ms=300) as listener:
        for number in range(3000):
            (vault / f"{number}.md").touch()
        await listener.until(lambda told: sum(c.everything for c in told) >= 2)


@pytest.mark.parametrize(
    "path",
    [
        ".obsidian/workspace.json",
        ".obsidian/plugins/other/data.json",
        ".trash/x.md",
        ".git/index",
        "node_modules/x.md",
        "Sub/.x.md",
        "image.png",
    ],
)
async def test_a_save_of_what_is_not_read_or_hidden_is_not_told(vault: Path, path: str) -> None:
    (vault / path).parent.mkdir(parents=True, exist_ok=True)
    (vault / path).touch()
    async with listening(vault) as listener:
        (vault / path).write_bytes(b"22")
        (vault / "Note.md").write_bytes(b"22")
        await listener.covered("Note.md")
        assert listener.told == [Changes(paths=frozenset({"Note.md"}))]


async def test_an_excluded_note_is_told_when_it_comes_or_goes_but_not_when_it_is_saved(vault: Path) -> None:
    async with listening(vault, exclusions=Exclusions.build(globs=["Sub/**"])) as listener:
        (vault / "Sub" / "Other.md").write_bytes(b"22")
        (vault / "Note.md").write_bytes(b"22")
        await listener.covered("Note.md")
        assert not covers(listener.told, "Sub/Other.md")
        (vault / "Sub" / "Other.md").unlink()
        await listener.covered("Sub/Other.md")


async def test_a_file_that_nothing_reads_is_told_when_it_comes_or_goes(vault: Path) -> None:
    async with listening(vault) as listener:
        (vault / "Sub" / "image.png").touch()
        await listener.covered("Sub/image.png")
        assert {path for c in listener.told for path in c.paths | c.folders} == {"Sub/image.png"}
        listener.forget()
        (vault / "Sub" / "image.png").rename(vault / "photo.png")
        await listener.covered("Sub/image.png", "photo.png")


async def test_of_two_names_that_differ_in_normalisation_only_the_one_that_is_gone_is_told(vault: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "café.md") for form in ("NFC", "NFD"))
    (vault / composed).touch()
    (vault / apart).touch()
    if not {composed, apart} <= {file.name for file in vault.iterdir()}:
        pytest.skip("this file system keeps one spelling of a name")
    async with listening(vault) as listener:
        (vault / apart).unlink()
        await listener.covered(apart)


async def test_formats_that_are_read_are_told_like_notes(vault: Path) -> None:
    (vault / "x.canvas").touch()
    async with listening(vault, exclusions=Exclusions.build(unread=lambda path: None)) as listener:
        (vault / "x.canvas").write_bytes(b"{}")
        await listener.covered("x.canvas")
        listener.forget()
        (vault / "x.canvas").unlink()
        await listener.covered("x.canvas")
        assert listener.told == [Changes(paths=frozenset({"x.canvas"}))]


async def test_many_files_gone_from_one_folder_are_told_as_that_folder(vault: Path) -> None:
    for number in range(100):
        (vault / "Sub" / f"{number}.png").touch()
    async with listening(vault, debounce_ms=10_000, step_ms=300) as listener:
        for number in range(100):
            (vault / "Sub" / f"{number}.png").unlink()
        await listener.covered(*(f"Sub/{number}.png" for number in range(100)))
        assert {path for c in listener.told for path in c.paths | c.folders} == {"Sub"}


async def test_thousands_of_files_that_nothing_reads_are_one_scan(vault: Path) -> None:
    async with listening(vault, debounce_ms=10_000, step_ms=300) as listener:

        def fill() -> None:
            for folder in range(5):
                (vault / f"Photos {folder}").mkdir()
                for number in range(1000):
                    (vault / f"Photos {folder}" / f"{number}.jpg").touch()

        await asyncio.to_thread(fill)
        await listener.until(lambda told: bool(told) and told[-1].everything)
        assert sum(len(c.paths) + len(c.folders) for c in listener.told) == 0


@pytest.mark.parametrize("path", SETTINGS_FILES)
async def test_settings_are_told_apart(vault: Path, path: str) -> None:
    (vault / path).parent.mkdir(parents=True)
    (vault / path).touch()
    async with listening(vault) as listener:
        (vault / path).write_text("{}", encoding="utf-8")
        await listener.until(lambda told: any(c.settings_changed for c in told))
        assert all(c == Changes(settings_changed=True) for c in listener.told)


@pytest.mark.parametrize("folder", [".obsidian/plugins/templater-obsidian", ".obsidian/plugins", "logseq"])
async def test_a_folder_of_settings_that_comes_in_is_told(vault: Path, folder: str) -> None:
    (vault / folder).parent.mkdir(parents=True, exist_ok=True)
    async with listening(vault) as listener:
        (vault.parent / "settings").mkdir()
        (vault.parent / "settings").rename(vault / folder)
        await listener.until(lambda told: any(c.settings_changed for c in told))


async def test_a_folder_that_becomes_an_obsidian_vault_has_its_settings_told(vault: Path) -> None:
    async with listening(vault) as listener:
        (vault.parent / "settings").mkdir()
        (vault.parent / "settings" / "app.json").write_text("{}", encoding="utf-8")
        (vault.parent / "settings").rename(vault / ".obsidian")
        await listener.until(lambda told: any(c.settings_changed for c in told))


async def test_a_note_reached_through_a_link_is_told_under_its_own_path(vault: Path) -> None:
    (vault.parent / "outside").mkdir()
    (vault / "inner").symlink_to("Sub")
    (vault / "outer").symlink_to(vault.parent / "outside")
    async with listening(vault) as listener:
        (vault.parent / "outside" / "x.md").write_bytes(b"1")
        (vault / "inner" / "Other.md").write_bytes(b"22")
        await listener.covered("Sub/Other.md")
        assert {path for c in listener.told for path in c.paths | c.folders} == {"Sub/Other.md"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only here may names be anything but UTF-8")
async def test_a_name_that_is_not_utf8_ends_nothing(vault: Path) -> None:
    async with listening(vault) as listener:
        Path(os.fsdecode(os.fsencode(vault) + b"/\xff.md")).touch()
        await listener.until(lambda told: any(c.everything for c in told))
        listener.forget()
        (vault / "Note.md").write_bytes(b"22")
        await listener.covered("Note.md")


@pytest.mark.parametrize("polling", [False, True])
async def test_a_vault_that_vanishes_is_waited_for(vault: Path, polling: bool) -> None:
    async with listening(vault, polling=polling, poll_seconds=0.1) as listener:
        vault.rename(vault.parent / "unmounted")
        await listener.until(lambda told: any(c.everything and c.problem for c in told))
        listener.forget()
        (vault.parent / "unmounted").rename(vault)
        await listener.until(lambda told: any(c.everything and c.problem is None for c in told))
        listener.forget()
        (vault / "Note.md").write_bytes(b"22")
        await listener.covered("Note.md")


async def test_a_vault_that_is_replaced_at_once_is_watched_on(vault: Path) -> None:
    async with listening(vault) as listener:
        shutil.rmtree(vault)
        vault.mkdir()
        await listener.until(lambda told: bool(told) and told[-1].everything and told[-1].problem is None)
        await listener.until(lambda told: sum(c.everything for c in told) >= 1)
        listener.forget()
        (vault / "New.md").write_bytes(b"1")
        await listener.covered("New.md")


async def test_a_vault_that_is_not_there_yet_is_waited_for(vault: Path) -> None:
    vault.rename(vault.parent / "later")
    async with listening(vault, poll_seconds=0.1) as listener:
        assert listener.told[0].problem is not None
        (vault.parent / "later").rename(vault)
        await listener.until(lambda told: told[-1].everything and told[-1].problem is None)


@pytest.mark.parametrize(
    "act", [atomic_save, create, delete, rename, rename_a_folder, remove_a_folder, move_a_folder_in, evict_to_icloud]
)
async def test_polling_tells_the_same(vault: Path, act: Callable[[Path], set[str]]) -> None:
    async with listening(vault, polling=True, poll_seconds=0.05) as listener:
        expected = act(vault)
        await listener.covered(*expected)


async def test_polling_sees_a_second_save_within_the_same_second(vault: Path) -> None:
    async with listening(vault, polling=True, poll_seconds=0.02) as listener:
        for text in (b"a", b"b", b"c"):
            listener.forget()
            (vault / "Note.md").write_bytes(text)
            await listener.covered("Note.md", seconds=5)


async def test_polling_tells_of_files_that_nothing_reads_but_not_of_their_saves(vault: Path) -> None:
    (vault / "old.png").touch()
    async with listening(vault, polling=True, poll_seconds=0.05) as listener:
        (vault / "old.png").write_bytes(b"22")
        (vault / "new.png").touch()
        await listener.covered("new.png")
        (vault / "Note.md").write_bytes(b"22")
        await listener.covered("Note.md")
        assert not covers(listener.told, "old.png")


async def test_polling_tells_of_settings(vault: Path) -> None:
    async with listening(vault, polling=True, poll_seconds=0.05) as listener:
        (vault / ".obsidian").mkdir()
        (vault / ".obsidian" / "app.json").write_text("{}", encoding="utf-8")
        await listener.until(lambda told: any(c.settings_changed for c in told))


def assert_threads_end(vault: Path) -> None:
    for thread in threading.enumerate():
        if thread.name == f"watch {vault.name}":
            thread.join(3)
            assert not thread.is_alive()


@pytest.mark.parametrize("polling", [False, True])
async def test_setting_stop_ends_the_watching_soon(vault: Path, polling: bool) -> None:
    stop = asyncio.Event()
    told = watch(vault, exclusions=Exclusions, stop=stop, polling=polling)
    assert (await anext(told)).everything
    stop.set()
    began = time.perf_counter()
    async for _ in told:
        pass
    assert time.perf_counter() - began < 3
    assert_threads_end(vault)


@pytest.mark.parametrize("polling", [False, True])
async def test_closing_the_generator_or_cancelling_its_reader_ends_the_thread_soon(vault: Path, polling: bool) -> None:
    stop = asyncio.Event()
    told = watch(vault, exclusions=Exclusions, stop=stop, polling=polling)
    await anext(told)
    began = time.perf_counter()
    await told.aclose()
    assert time.perf_counter() - began < 3

    told = watch(vault, exclusions=Exclusions, stop=stop, polling=polling)
    await anext(told)
    reader = asyncio.create_task(anext(told))
    began = time.perf_counter()
    reader.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reader
    assert time.perf_counter() - began < 3
    assert not stop.is_set()
    assert_threads_end(vault)


async def test_a_cancelled_scope_ends_the_watching_soon(vault: Path) -> None:
    began = time.perf_counter()
    with anyio.move_on_after(0.1):
        async with contextlib.aclosing(watch(vault, exclusions=Exclusions, stop=anyio.Event())) as told:
            async for _ in told:
                pass
    assert time.perf_counter() - began < 3
    assert_threads_end(vault)


async def test_what_nobody_takes_is_added_up(vault: Path) -> None:
    told = watch(vault, exclusions=Exclusions, stop=asyncio.Event())
    async with contextlib.aclosing(told), asyncio.timeout(10):
        await anext(told)
        async with listening(vault) as other:  # tells when the events have come through
            for name in ("a.md", "b.md", "c.md"):
                (vault / name).touch()
                await other.covered(name)
        seen: set[str] = set()
        while not {"a.md", "b.md", "c.md"} <= seen:
            seen |= (await anext(told)).paths


async def test_an_error_in_the_exclusions_reaches_the_reader(vault: Path) -> None:
    def broken() -> Exclusions:
        raise ZeroDivisionError

    told = watch(vault, exclusions=broken, stop=asyncio.Event())
    async with contextlib.aclosing(told), asyncio.timeout(10):
        await anext(told)
        (vault / "Note.md").write_bytes(b"22")
        with pytest.raises(ZeroDivisionError):
            await anext(told)


_LIMITED = """
import asyncio, pathlib, sys
from sidecar.vault.exclusions import Exclusions
from sidecar.vault.watcher import watch

async def main(root):
    async with asyncio.timeout(20):
        problem, seen = None, set()
        async for changes in watch(root, exclusions=Exclusions, stop=asyncio.Event(), poll_seconds=0.05):
            problem = changes.problem or problem
            if changes.everything and not problem:
                for number in range(20):
                    (root / f"new{number}").mkdir()
            elif problem and changes.everything:
                (root / "old0" / "x.md").write_text("x")
            elif "old0/x.md" in changes.paths:
                print(problem)
                return

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify's limits are Linux' own")
@pytest.mark.parametrize(
    ("limit", "folders", "reason"),
    [
        ("max_inotify_watches=0", 1, "OS file watch limit reached"),
        ("max_inotify_watches=5", 20, "OS file watch limit reached"),
        ("max_inotify_watches=12", 3, "OS file watch limit reached"),
        ("max_inotify_instances=0", 3, "Error creating recommended watcher: "),
    ],
)
def test_a_low_limit_turns_to_polling_and_says_so(vault: Path, limit: str, folders: int, reason: str) -> None:
    """Twelve watches are enough at the start, and not for the folders that are made then."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "--user", "--map-root-user", "true"], check=False).returncode:
        pytest.skip("limits can only be set in a user namespace, and none can be made here")
    for number in range(folders):
        (vault / f"old{number}").mkdir()
    name, _, value = limit.partition("=")
    limited = f'echo {value} > /proc/sys/user/{name} && exec "$@"'
    command = [unshare, "--user", "--map-root-user", "sh", "-c", limited, "sh", sys.executable, "-c", _LIMITED]
    here = Path(__file__).parents[2]  # so that the package is found without having been installed
    done = subprocess.run([*command, str(vault)], capture_output=True, text=True, check=False, timeout=60, cwd=here)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"The system cannot watch all of the vault ({reason}")
    assert done.stdout.rstrip().endswith("it is looked at every 0.05 s.")
