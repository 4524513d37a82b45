"""Promise 16, of hostile files: no note, table, canvas, book, export or setting takes the server down."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.truth import left_out, notes_known, resident_mib
from tests.serving import Server, environment, serve, until

_MIB = 2**20
_ALIASES = "\n".join(["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)])
_NOTES: Mapping[str, Callable[[], bytes]] = {
    "deep yaml.md": lambda: b"---\na: " + b"[" * 100_000 + b"\n---\ntext",
    "deep yaml by indentation.md": lambda: b"---\n" + b"".join(b" " * n + b"a:\n" for n in range(300)) + b"---\ntext",
    "alias bomb.md": lambda: f"---\n{_ALIASES}\n---\ntext".encode(),
    "yaml of objects.md": lambda: b"---\na: !!python/object/apply:os.system ['true']\n---\ntext",
    "one line of 30 MB.md": lambda: b"x" * 30 * _MIB,
    "a million brackets.md": lambda: b"[" * 1_000_000,
    "a million quotes.md": lambda: b"> " * 500_000,
    "nested lists.md": lambda: b"".join(b"  " * n + b"- item\n" for n in range(2_000)),
    "nul.md": lambda: b"before\0after" * 10_000,
    "not utf-8.md": lambda: bytes(range(256)) * 1_000,
    "half a surrogate.md": lambda: b"\xed\xa0\x80 \xf0\x9f " * 10_000,
    "100,000 links.md": lambda: b"".join(b"[[Note %d|alias]] " % n for n in range(100_000)),
    "unclosed links.md": lambda: b"[[" * 200_000 + b"![](" * 100_000,
    "backtracking.md": lambda: b"*" * 50_000 + b"_*" * 50_000 + b"`" * 50_000 + b"<!--" * 50_000,
    "tables.md": lambda: b"|" * 100_000 + b"\n" + b"|-" * 100_000 + b"\n" + b"|" * 100_000,
    "tags.md": lambda: b"#a/" * 200_000,
    "combining marks.md": lambda: ("e" + "\u0301" * 1_000_000).encode(),
    "no spaces.md": lambda: ("字" * 300_000).encode(),
    "headings.md": lambda: b"# h\n" * 50_000,
    "numbers.md": lambda: b"---\nn: 1" + b"0" * 50_000 + b"\nd: 99999-99-99\n---\n- [ ] due:: 9999-99-99\n" * 100,
    "deep.canvas": lambda: b'{"nodes":' + b"[" * 200_000,
    "mistyped.canvas": lambda: b'{"nodes": {"a": 1}, "edges": [1, null, {"fromNode": []}]}',
    "table.csv": lambda: b'"' * 500_000 + b"\n" + b"," * 500_000,
    "bomb.pdf": lambda: _pdf(zlib.compress(b"BT (lol) Tj ET\n" * 4_000_000, 9)),
    "no book.pdf": lambda: b"%PDF-1.7\n" + b"1 0 obj\n<<" * 50_000,
}
_SLOW = frozenset(
    {"one line of 30 MB.md", "100,000 links.md", "unclosed links.md", "nested lists.md", "headings.md", "bomb.pdf"}
    | {"combining marks.md", "tags.md"}
)
"""What takes the parser longer than a second on an idle machine."""
_SETTINGS: Mapping[str, bytes] = {
    "app.json": b'{"a": "' + b"x" * 50 * _MIB + b'"}',
    "templates.json": b'{"folder": ["not", 1, "text"]}',
    "daily-notes.json": b"[" * 100_000,
    "types.json": b'{"types": {"a": 1, "b": [[]], "c": null}}',
    "core-plugins.json": b'"nothing of the kind"',
    "plugins/templater-obsidian/data.json": b'{"templates_folder": {"a": {}}}',
    "plugins/periodic-notes/data.json": b'\xff\xfe{"daily": 7}',
}


def _pdf(packed: bytes) -> bytes:
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(packed) + packed + b"\nendstream"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        stream,
    ]
    body = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + table + b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def _vault(status: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = status["vaults"][0]
    return found


@pytest.mark.promise(16)
@pytest.mark.parametrize(
    "names", [pytest.param(_NOTES.keys() - _SLOW, id="some"), pytest.param(_NOTES, marks=pytest.mark.nightly, id="all")]
)
def test_a_folder_of_hostile_files_leaves_the_server_up_and_the_other_notes_found(
    tmp_path: Path, names: Collection[str], record_property: Callable[[str, object], None]
) -> None:
    vault = tmp_path / "vault"
    (vault / ".obsidian" / "plugins" / "templater-obsidian").mkdir(parents=True)
    (vault / ".obsidian" / "plugins" / "periodic-notes").mkdir()
    (vault / "Harbour.md").write_text("lighthouse", encoding="utf-8")
    with serve(vault, "--embedding-model", "none", data_dir=tmp_path / "data") as server:
        before = resident_mib(server) if sys.platform.startswith("linux") else 0
        began = time.monotonic()
        for name in sorted(names):
            (vault / name).write_bytes(_NOTES[name]())
        (vault / "Pier.md").write_text("windmill", encoding="utf-8")
        until(lambda: server.best("windmill") == "Pier.md", seconds=120)
        until(lambda: set(names) <= notes_known(server) | left_out(server).keys(), seconds=240)
        record_property(f"seconds_until_{len(names)}_hostile_files_were_dealt_with", round(time.monotonic() - began, 1))
        for name, content in _SETTINGS.items():
            (vault / ".obsidian" / name).write_bytes(content)
        until(lambda: any("app.json" in problem for problem in _vault(server.status())["problems"]))
        (vault / "Quay.md").write_text("anchorage", encoding="utf-8")
        until(lambda: server.best("anchorage") == "Quay.md", seconds=60)
        assert server.best("lighthouse") == "Harbour.md"
        assert all(left_out(server).get(name) != "" for name in names)
        _assert_answers(server)
        if before:
            record_property("server_mib_before_hostile_files", before)
            record_property("server_mib_after_hostile_files", resident_mib(server))
    assert server.process.returncode == 0
    assert "Traceback" not in (tmp_path / "data" / "serve.log").read_text(encoding="utf-8")


def _assert_answers(server: Server) -> None:
    body = {"model": "vault/extractive", "messages": [{"role": "user", "content": "lighthouse"}]}
    assert server.client.post("/v1/chat/completions", json=body).status_code == 200
    json.loads(server.client.get("/vault/status?list=failed&list=problems&list=unresolved").text)


@pytest.mark.promise(16)
@pytest.mark.parametrize("kind", ["bomb", "outside"])
def test_a_hostile_export_is_refused_and_leaves_nothing_behind(tmp_path: Path, kind: str) -> None:
    export = tmp_path / "Export.zip"
    with zipfile.ZipFile(export, "w", zipfile.ZIP_DEFLATED) as archive:
        if kind == "bomb":
            archive.writestr("Page.md", bytes(64 * _MIB))
        else:
            archive.writestr("../Page.md", b"")
    command = [sys.executable, "-m", "sidecar", "serve", str(export), "--port", "0", "--data-dir", str(tmp_path / "d")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False, timeout=60)
    assert done.returncode == 1
    assert "Error: The archive" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "d").rglob("*.md"))
