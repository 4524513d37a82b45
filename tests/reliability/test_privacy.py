"""Figure 13: made-up words in notes, questions and answers are where they belong, and after the deletion nowhere."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import apsw
import psutil
import pytest

from tests.reliability.canaries import found, holders
from tests.reliability.echoing_upstream import MODEL, echoing_upstream
from tests.reliability.traced import needs_strace, watching
from tests.serving import Server, serve, until

pytestmark = pytest.mark.promise(13)

FAULTS = Path(__file__).parent / "faults"
# No stemmer takes their ends away, and no two begin alike.
BODY, ALIAS, TAG, PROPERTY, HEADING, LINK, TASK, CODE = (
    "bramblozbrk",
    "culvertozfnk",
    "dapplozgrf",
    "ewerozhwk",
    "flintozjrk",
    "gambozklf",
    "hessozmrk",
    "ingotozpwf",
)
RUSSIAN, CHINESE, THAI, ARABIC = "щекмырбр", "鼙鞶罍簠", "ฆฌฎฏฐฑฒ", "ظضغثذخطظ"
RAISED, ABORTED = "jarlozqrk", "kelpozrwf"
READ, REPEATED = "juniperozpqk", "kaleozrqf"
IN_NOTES = (BODY, ALIAS, TAG, PROPERTY, HEADING, LINK, TASK, CODE, RUSSIAN, CHINESE, THAI, ARABIC)
QUESTION, STREAMED, EMBEDDED, HEADER, QUERY, PATH, MALFORMED, MISTYPED, METHOD, FAULT, LATE, STORED, PASSED_ON = (
    "lathozswk",
    "marlozthf",
    "nixozvrk",
    "opalozwhf",
    "pewterozbxk",
    "quernozdxf",
    "rushozfxk",
    "sedgozgxf",
    "TALLOZHXK",
    "umbrozjxf",
    "velumozkxk",
    "wickozlxf",
    "yarrozmxk",
)
ASKED = (QUESTION, STREAMED, EMBEDDED, HEADER, QUERY, PATH, MALFORMED, MISTYPED, METHOD, FAULT, LATE, STORED, PASSED_ON)

SECRET = f"""---
aliases: [{ALIAS}]
tags: [{TAG}]
owner: {PROPERTY} house
---
# The {HEADING} cellar

The gate code for the cellar is {BODY}. See [[{LINK}]] and [x](https://example.org/{LINK}).

- [ ] ask {TASK}

Код от погреба {RUSSIAN}. 地窖的密码是{CHINESE}。 รหัส{THAI} رمز القبو {ARABIC}

`{CODE}`
"""
NOTES = {
    "Secret.md": SECRET,
    "Raise.md": f"FAULT-RAISE {RAISED}",
    "Abort.md": f"FAULT-ABORT {ABORTED}",
    **{f"Other {number}.md": f"The gate of house {number} is green." for number in range(12)},
}


def make_vault(folder: Path, notes: dict[str, str] = NOTES) -> Path:
    for path, text in notes.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def own_folders(folder: Path, **extra: str) -> list[str]:
    """A command line in front of the server's that gives it a home and a temporary folder of its own."""
    homes = {name: folder / name for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    for home in homes.values():
        home.mkdir(parents=True, exist_ok=True)
    return ["env", *(f"{name}={value}" for name, value in {**homes, **extra}.items())]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("privacy")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    arguments = ("--log-level", "debug", "--model", MODEL)
    under = own_folders(folder / "own", PYTHONPATH=str(FAULTS))
    with echoing_upstream() as upstream:
        vault = make_vault(folder / "vault")
        with serve(vault, *arguments, "--upstream", upstream, data_dir=folder / "data", under=under) as server:
            yield server


def ask(server: Server, question: str, *, model: str = "vault/extractive", **body: Any) -> Any:
    messages = [{"role": "user", "content": question}]
    return server.client.post("/v1/chat/completions", json={"model": model, "messages": messages, **body})


def respond(server: Server, question: str, **body: Any) -> dict[str, Any]:
    answer = server.client.post("/v1/responses", json={"model": "vault/extractive", "input": question, **body})
    assert answer.status_code == 200, answer.text
    whole: dict[str, Any] = answer.json()
    return whole


def raw(server: Server, sent: bytes) -> None:
    address = urlsplit(server.url)
    with contextlib.suppress(ConnectionError), socket.create_connection((address.hostname, address.port)) as wire:
        wire.sendall(sent)
        wire.shutdown(socket.SHUT_WR)
        while wire.recv(4096):
            pass


def say_everything(server: Server) -> None:
    """Every way by which words reach the server, those that fail above all."""
    client = server.client
    assert BODY in ask(server, f"What is the gate code for the cellar, {QUESTION}?").text
    assert ask(server, f"What is the gate code, {STREAMED}?", stream=True).status_code == 200
    respond(server, f"What is the gate code for the cellar, {STORED}?")
    client.post("/v1/embeddings", json={"model": "builtin", "input": [EMBEDDED]}).raise_for_status()
    assert ask(server, f"What is the gate code for the cellar, {PASSED_ON}?", model="vault").status_code == 400
    client.get("/vault/status", headers={"x-note": HEADER, "user-agent": HEADER, "cookie": HEADER})
    client.get("/vault/status", headers={"authorization": f"Bearer {HEADER}"})
    client.get("/vault/why", params={"path": "Secret.md", "query": QUERY})
    client.get(f"/vault/notes/{PATH}/x.md?{QUERY}={QUERY}")
    client.get(f"/{PATH}?q={QUERY}")
    client.post(
        "/v1/chat/completions", content=f'{{"model": "{MALFORMED}', headers={"content-type": "application/json"}
    )
    client.post("/vault/search", json={"query": {"a": MISTYPED}, MISTYPED: [MISTYPED]})
    client.post("/v1/chat/completions", json={"model": MISTYPED, "messages": MISTYPED})
    client.request(METHOD, "/v1/models")
    raw(server, f"GET /{PATH} HTTP/1.1\r\nHost: {HEADER}\r\n{HEADER} \x01\r\n\r\n".encode())
    raw(server, f"{METHOD}\x00{PATH}\r\n\r\n".encode())
    assert ask(server, f"gate code FAULT {FAULT}").status_code == 500
    ask(server, f"gate code FAULT-LATE {LATE}", stream=True)


def logs_of(server: Server) -> dict[str, bytes]:
    written = {path.name: path.read_bytes() for path in (server.data_dir / "logs").iterdir()}
    return {**written, "stderr": (server.data_dir / "serve.log").read_bytes()}


def test_no_log_traceback_or_temporary_file_holds_what_notes_questions_and_answers_say(
    server: Server, folder: Path, record_property: Callable[[str, object], None]
) -> None:
    say_everything(server)
    words = (*IN_NOTES, RAISED, ABORTED, *ASKED)

    until(lambda: logs_of(server)["sidecar.log"].count(b"ValueError") >= 6)
    logs = logs_of(server)
    assert set(logs) == {"sidecar.log", "stderr"}
    for name in ("sidecar.log", "stderr"):
        # What failed is in them, by its type and place.
        for told in (b"KeyError", b"OSError", b"sitecustomize", b"UserWarning", b" 500 "):
            assert told in logs[name], told
    assert {name: here for name, data in logs.items() if (here := found(words, data))} == {}
    # What a terminal or a login service is shown is a log too; the rest is what the program keeps.
    held = holders(folder / "data", words)
    assert {name for name in held if not name.startswith(("vaults/", "responses.db"))} == set()
    assert {name.rpartition("/")[2].partition("-")[0] for name in held if name.startswith("vaults/")} == {"index"}
    in_index = set().union(*(here for name, here in held.items() if name.startswith("vaults/")))
    assert in_index == {*IN_NOTES}
    in_responses = set().union(*(here for name, here in held.items() if name.startswith("responses.db")))
    assert in_responses >= {STORED, BODY}
    assert in_responses <= {STORED, *IN_NOTES}
    assert holders(folder / "own", words) == {}
    record_property("words_planted", len(words))


@pytest.mark.nightly
def test_a_model_of_this_machine_leaves_no_word_of_what_it_read_or_wrote(tmp_path: Path, copybot_gguf: Path) -> None:
    """Also when its process crashes with the prompt in its memory."""
    vault = make_vault(tmp_path / "vault", {"Secret.md": f"The gate code for the cellar is {BODY}."})
    under = own_folders(tmp_path / "own")
    arguments = ("--model", copybot_gguf, "--log-level", "debug")
    with serve(vault, *arguments, data_dir=tmp_path / "data", under=under) as server:
        assert BODY in ask(server, "What is the gate code for the cellar?", model="vault").text
        for child in psutil.Process(server.process.pid).children():
            child.send_signal(signal.SIGABRT)
        until(lambda: BODY in ask(server, "What is the gate code for the cellar?", model="vault").text)
        written = logs_of(server)
    assert {name for name, data in written.items() if found([BODY, "cellar"], data)} == set()
    assert holders(tmp_path / "own", [BODY, "cellar"]) == {}
    assert not list(Path.cwd().glob("core*"))


def vectors_of(data_dir: Path, path: str) -> list[bytes]:
    (index,) = data_dir.glob("vaults/*/index-*.db")
    connection = apsw.Connection(str(index), flags=apsw.SQLITE_OPEN_READONLY)
    rows: list[Any] = connection.execute(
        "SELECT embedding FROM vectors JOIN chunks ON chunks.id = chunk_id JOIN notes ON notes.id = note_id"
        " WHERE path = ?",
        (path,),
    ).fetchall()
    connection.close()
    return [row[0] for row in rows]


def obsidian_excludes(vault: Path, *filters: str) -> None:
    (vault / ".obsidian").mkdir(exist_ok=True)
    (vault / ".obsidian" / "app.json").write_text(json.dumps({"userIgnoreFilters": filters}), encoding="utf-8")


def flag(text: str) -> Callable[[Path], object]:
    return lambda note: note.write_text(text.format(note.read_text(encoding="utf-8")), encoding="utf-8")


def to_trash(note: Path) -> None:
    (note.parent / ".trash").mkdir(exist_ok=True)
    note.rename(note.parent / ".trash" / note.name)


ENDINGS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "deleted": ("zincozbqk", Path.unlink),
    "private: true": ("axlozdqf", flag("---\nprivate: true\n---\n{}")),
    "sidecar: false": ("birchozfqk", flag("---\nsidecar: false\n---\n{}")),
    "a tag": ("cloverozgqf", flag("{} #private")),
    "a flag in frontmatter that is broken": ("drossozhqk", flag("---\nprivate: yes\nx: [\n---\n{}")),
    "to the trash": ("elmozjqf", to_trash),
    "excluded in Obsidian": ("fernozkqk", lambda note: obsidian_excludes(note.parent, note.name)),
    "edited": ("gorseozlqf", lambda note: note.write_text("Nothing.", encoding="utf-8")),
}


def test_what_is_deleted_or_withheld_is_in_no_byte_of_any_file(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The answers that were made from such notes go with them; a note that only moved, or was edited, keeps its."""
    notes = {
        f"{name.replace(':', '')}.md": f"The gate code of {word} is {word}." for name, (word, _) in ENDINGS.items()
    }
    moved, globbed = "hazelozmqk", "irisoznqf"
    more = {
        "Moved.md": f"The gate code of {moved} is 4.",
        "Journal/Day.md": f"The gate code of {globbed} is {globbed}.",
    }
    others = {f"Other {number}.md": f"House {number} is green." for number in range(60)}
    vault, data = make_vault(tmp_path / "vault", {**notes, **more, **others}), tmp_path / "data"
    words = [word for word, _ in ENDINGS.values()]
    with serve(vault, data_dir=data) as server:
        # One passage each: an answer goes with any of the notes that it was made from, cited or not.
        one: dict[str, Any] = {"vault": {"limit": 1}}
        answers = {
            word: respond(server, f"What is the gate code of {word}?", **one) for word in (*words, moved, globbed)
        }
        names = {word: f"{name.replace(':', '')}.md" for name, (word, _) in ENDINGS.items()}
        vectors = [vector for name in notes for vector in vectors_of(data, name)]
        assert len(vectors) == len(notes)
        questions = answer_only(server, answers.values())
        assert set(questions) == {*words, moved, globbed}
        for word, change in ENDINGS.values():
            change(vault / names[word])
        (vault / "Moved.md").rename(vault / "Elsewhere.md")
        gone = [word for name, (word, _) in ENDINGS.items() if name != "edited"]
        # The questions are the user's own words; they go with their responses.
        until(lambda: set(answer_only(server, answers.values())) == {"gorseozlqf", moved, globbed}, seconds=15)
        continued = respond(server, "And then?", previous_response_id=answers[gone[0]]["id"])
        assert continued["status"] == "completed"
        for answer in (*(answers[word] for word in words), continued):
            server.client.delete(f"/v1/responses/{answer['id']}").raise_for_status()
        until(lambda: not holders(data, words), seconds=10)
        kept = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
        assert not [vector for vector in vectors if vector in kept]
    # What is excluded while the server is away is gone with its start.
    (tmp_path / "config.toml").write_text('exclude = ["Journal/**"]\n', encoding="utf-8")
    with serve(vault, "--config", tmp_path / "config.toml", data_dir=data) as server:
        until(lambda: set(answer_only(server, [answers[moved], answers[globbed]])) == {moved}, seconds=15)
        server.client.delete(f"/v1/responses/{answers[globbed]['id']}").raise_for_status()
        until(lambda: not holders(data, [*words, globbed]), seconds=10)
    record_property("ways_of_leaving", len(ENDINGS) + 1)


def answer_only(server: Server, responses: Any) -> list[str]:
    """The words of ours that the answers themselves still say."""
    words = [word for word, _ in ENDINGS.values()] + ["hazelozmqk", "irisoznqf"]
    bodies = [server.client.get(f"/v1/responses/{each['id']}").json() for each in responses]
    said = json.dumps([body["output"] for body in bodies])
    return [word for word in words if word in said]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("small")
    others = {f"Other {number}.md": f"House {number} is green." for number in range(5)}
    secrets = {f"{word}.md": f"The gate code of {word} is {word}." for word in (READ, REPEATED)}
    with serve(make_vault(folder / "vault", {**secrets, **others}), data_dir=folder / "data") as server:
        yield server


def test_text_leaves_the_disk_as_soon_as_another_program_that_reads_lets_go_of_it(small: Server) -> None:
    answer = respond(small, "What is the gate code?", vault={"filters": {"path": f"{READ}.md"}})
    (index,) = small.data_dir.glob("vaults/*/index-*.db")
    readers = [apsw.Connection(str(path)) for path in (index, small.data_dir / "responses.db")]
    for reader in readers:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchall()
    (small.data_dir.parent / "vault" / f"{READ}.md").unlink()
    until(lambda: "was removed" in small.client.get(f"/v1/responses/{answer['id']}").text)
    assert holders(small.data_dir, [READ])
    for reader in readers:
        reader.close()
    until(lambda: not holders(small.data_dir, [READ]), seconds=20)


def test_a_response_that_repeats_an_earlier_one_goes_with_the_note_too(small: Server) -> None:
    """The second answer is made from the first one's words alone; a third is given an item of it."""
    only: dict[str, Any] = {"vault": {"filters": {"path": f"{REPEATED}.md"}}}
    first = respond(small, "What is the gate code?", **only)
    assert REPEATED in json.dumps(first["output"])
    item = {"type": "item_reference", "id": first["output"][-1]["id"]}
    plain: dict[str, Any] = {"vault": {"mode": "never"}}
    told = [first, respond(small, "house 3", previous_response_id=first["id"], **plain)]
    told.append(respond(small, "", input=[item, {"role": "user", "content": "house 3"}], **plain))
    (small.data_dir.parent / "vault" / f"{REPEATED}.md").unlink()
    until(lambda: not holders(small.data_dir, [REPEATED]), seconds=15)
    for each in told:
        shown = small.client.get(f"/v1/responses/{each['id']}").json()
        assert (shown["status"], "was removed" in json.dumps(shown["output"])) == ("completed", True)
        events = small.client.get(f"/v1/responses/{each['id']}", params={"stream": "true"}).text
        assert ("response.completed" in events, REPEATED in events) == (True, False)
    items = small.client.get(f"/v1/responses/{told[2]['id']}/input_items").json()
    assert "was removed" in json.dumps(items)


FLAGGED = {
    "yes": "---\nprivate: yes\n---\n{}",
    "on": "---\nprivate: On\n---\n{}",
    "one": "---\nprivate: 1\n---\n{}",
    "quoted": '---\nprivate: "true"\n---\n{}',
    "single quotes": "---\nprivate: 'TRUE'\n---\n{}",
    "a list": "---\nprivate: [true]\n---\n{}",
    "upper case": "---\nPRIVATE: TRUE\n---\n{}",
    "sidecar false": "---\nsidecar: false\n---\n{}",
    "sidecar no": '---\nsidecar: "no"\n---\n{}',
    "tag": "---\ntags: private\n---\n{}",
    "tag in a list": "---\ntags:\n  - a\n  - private\n---\n{}",
    "tag inline": "---\ntags: [a, '#private']\n---\n{}",
    "tag below it": "---\ntags: [private/family]\n---\n{}",
    "tag in the text": "{} #private",
    "tag in a comment": "{} %%#private%%",
    "tag in capitals": "{} #Private",
    "a field": "private:: true\n\n{}",
    "a field in brackets": "{} [private:: true]",
    "broken list": "---\nprivate: true\nx: [\n---\n{}",
    "broken quotes": '---\nprivate: "true\n---\n{}',
    "broken with a tag": "---\ntags: [private\n---\n{}",
    "tabs": "---\nprivate:\ttrue\nx:\n\t- y\n---\n{}",
    "Windows line ends": "---\r\nprivate: true\r\n---\r\n{}",
    "a byte order mark": "\ufeff---\nprivate: true\n---\n{}",
    "twice": "---\nprivate: false\nprivate: true\n---\n{}",
    "too long": "---\nprivate: true\nx: " + "y" * 70_000 + "\n---\n{}",
}


def test_a_flag_in_any_spelling_keeps_a_note_out_of_every_file(tmp_path: Path) -> None:
    word = "larchozsqk"
    notes = {f"{name}.md": text.format(f"The gate code is {word}.") for name, text in FLAGGED.items()}
    card = {
        "id": "1",
        "type": "text",
        "text": f"The gate code is {word}. #private",
        "x": 0,
        "y": 0,
        "width": 9,
        "height": 9,
    }
    notes["card.canvas"] = json.dumps({"nodes": [card]})
    vault = make_vault(tmp_path / "vault", {**notes, "Open.md": "The gate is green."})
    with serve(vault, data_dir=tmp_path / "data", under=own_folders(tmp_path / "own")) as server:
        assert server.indexed() == {"Open.md"}
        assert holders(server.data_dir, [word]) == {}
        assert holders(tmp_path / "own", [word]) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="the limits of a running process can be read on Linux alone")
def test_no_process_may_leave_an_image_of_its_memory(server: Server) -> None:
    processes = [server.process.pid, *(child.pid for child in psutil.Process(server.process.pid).children())]
    for pid in processes:
        limits = Path(f"/proc/{pid}/limits").read_text(encoding="utf-8")
        (cores,) = [line for line in limits.split("\n") if line.startswith("Max core file size")]
        assert cores.split()[4] == "0"
        # What a program would be given that the system hands images to.
        assert int(Path(f"/proc/{pid}/coredump_filter").read_text(encoding="ascii"), 16) == 0


HIDDEN = (
    "Attic/Old.md",
    ".trash/Gone.md",
    ".obsidian/plugins/x/README.md",
    ".git/notes.md",
    "Journal/Day.md",
    ".dot.md",
)


@needs_strace
def test_what_is_excluded_is_never_opened_and_nothing_is_written_elsewhere(tmp_path: Path) -> None:
    """As the system saw it, of the server and all its processes; also after a settings file broke while it was off."""
    notes = {path: f"{path} says mallowozthk." for path in (*HIDDEN, "Open.md", "Folder/Open too.md")}
    vault = make_vault(tmp_path / "vault", notes)
    obsidian_excludes(vault, "Attic/")
    (tmp_path / "config.toml").write_text('exclude = ["Journal/**"]\n', encoding="utf-8")
    for start in ("first", "second"):
        trace = tmp_path / f"trace-{start}"
        under = [*own_folders(tmp_path / "own"), *watching(trace, "open,openat,openat2,creat"), "-y"]
        with serve(vault, "--config", tmp_path / "config.toml", data_dir=tmp_path / "data", under=under) as server:
            assert server.indexed() == {"Open.md", "Folder/Open too.md"}
            for path in HIDDEN:
                note = vault / path
                note.write_text(note.read_text(encoding="utf-8") + " again", encoding="utf-8")
                server.client.get(f"/vault/notes/{quote(path)}")
                server.client.get("/vault/why", params={"path": path, "query": "mallow"})
            (vault / "Open.md").write_text(f"Read anew, {start}: nettle{start}.", encoding="utf-8")
            until(lambda word=f"nettle{start}": server.best(word) == "Open.md")  # type: ignore[misc]  # mypy cannot infer a lambda's default
            server.client.post("/vault/sync", json={}).raise_for_status()
            respond(server, "What is read?")
        opened = trace.read_text(encoding="utf-8", errors="replace").split("\n")
        assert [line for line in opened if '"Open.md"' in line or "/Open.md" in line]
        for path in HIDDEN:
            name = Path(path).name
            assert [line for line in opened if f'"{name}"' in line or f'/{name}"' in line] == []
        allowed = (str(tmp_path / "data"), str(tmp_path / "own"), "/dev/", "/proc/", "data/")
        made = [line for line in opened if "O_CREAT" in line and "ENOENT" not in line and "__pycache__" not in line]
        assert made
        assert [line for line in made if not any(place in line for place in allowed)] == []
        (vault / ".obsidian" / "app.json").write_text('{"userIgnoreFilters": ["Att', encoding="utf-8")
