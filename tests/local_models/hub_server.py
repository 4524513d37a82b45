"""A hub on a socket that behaves as the Hugging Face Hub does: it redirects to a second port, the host of the bytes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "c0ffee" + "0" * 34


@dataclass(slots=True, kw_only=True)
class Blob:
    """A file of a repository, and how it misbehaves."""

    content: bytes
    sha256: str | None = None
    """What the hub says; its true one when `None`."""
    large: bool = True
    """Kept in the large file store: redirected, with a checksum."""
    gated: bool = False
    cut_after: list[int] = field(default_factory=list)
    """For each connection in turn, the bytes after which it breaks."""
    statuses: list[int] = field(default_factory=list)
    """For each connection to the host in turn, the status that it answers with first."""
    ranges: bool = True
    host_etag: str | None = None
    hold: threading.Event | None = None
    """Waited for in the middle of the file, and before the first byte of a rest."""
    reached: threading.Event = field(default_factory=threading.Event)
    """Set when the middle has been sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as it came."""

    server: str
    method: str
    path: str
    headers: dict[str, str]


@dataclass(slots=True, kw_only=True)
class FakeHub:
    endpoint: str = ""
    host: str = ""
    files: dict[str, Blob] = field(default_factory=dict)
    """By `owner/repo/path`."""
    licences: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    token: str = "hf_right"
    seen: list[Seen] = field(default_factory=list)

    def transfers(self) -> list[Seen]:
        """The requests for bytes."""
        return [each for each in self.seen if each.method == "GET" and "/api/" not in each.path]

    def tokens_seen(self, server: str) -> set[str | None]:
        return {each.headers.get("authorization") for each in self.seen if each.server == server}


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: FakeHub
    server_kind: str

    def log_message(self, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._handle()

    def do_GET(self) -> None:
        self._handle()

    def _handle(self) -> None:
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.hub.seen.append(Seen(server=self.server_kind, method=self.command, path=self.path, headers=headers))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if self.server_kind == "host":
                self._bytes(unquote(urlsplit(self.path).path[1:]))
            elif self.path.startswith("/api/models/"):
                self._api()
            else:
                self._resolve()

    def _answer(self, status: int, headers: dict[str, str] | None = None, content: bytes = b"") -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _resolve(self) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        repo, file = "/".join(parts[:2]), "/".join(parts[4:])
        if repo in self.hub.renamed:
            where = self.path.replace(f"/{repo}/", f"/{self.hub.renamed[repo]}/")
            self._answer(307, {"Location": where})
            return
        if not any(name.startswith(f"{repo}/") for name in self.hub.files):
            self._answer(401, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
            return
        if parts[3] not in {"main", COMMIT}:
            self._answer(404, {"X-Error-Code": "RevisionNotFound"})
            return
        blob = self.hub.files.get(f"{repo}/{file}")
        if blob is None:
            self._answer(404, {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"})
            return
        sent = self.headers.get("Authorization")
        if blob.gated and sent != f"Bearer {self.hub.token}":
            invalid = "Invalid credentials in Authorization header"
            self._answer(401, {"X-Error-Message": invalid} if sent else {"X-Error-Code": "GatedRepo"})
            return
        if not blob.large:
            self._bytes(f"{repo}/{file}")
            return
        checksum = blob.sha256 or sha256_of(blob.content)
        self._answer(
            302,
            {
                "Location": f"{self.hub.host}/{repo}/{file}?Signature=secret",
                "X-Repo-Commit": COMMIT,
                "X-Linked-Size": str(len(blob.content)),
                "X-Linked-ETag": f'"{checksum}"',
                "ETag": '"of-the-pointer"',
            },
        )

    def _bytes(self, name: str) -> None:
        blob = self.hub.files[name]
        etag = blob.host_etag or f'"{hashlib.md5(blob.content, usedforsecurity=False).hexdigest()}"'
        if self.command == "HEAD":
            self.send_response(200)
            self.send_header("ETag", etag)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(blob.content)))
            self.end_headers()
            return
        if blob.statuses and (status := blob.statuses.pop(0)) != 200:
            self._answer(status)
            return
        begin, status = 0, 200
        condition = self.headers.get("If-Range")
        if blob.ranges and "Range" in self.headers and condition in {None, etag}:
            begin, status = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")), 206
        if begin > len(blob.content) or (begin and begin == len(blob.content)):
            self._answer(416)
            return
        self.send_response(status)
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(blob.content) - begin))
        if status == 206:
            self.send_header("Content-Range", f"bytes {begin}-{len(blob.content) - 1}/{len(blob.content)}")
        self.end_headers()
        self._send(blob, begin)

    def _send(self, blob: Blob, begin: int) -> None:
        cut = blob.cut_after.pop(0) if blob.cut_after else None
        content = blob.content[begin:] if cut is None else blob.content[begin : begin + cut]
        if blob.hold is not None:
            half = 0 if begin else len(content) // 2
            self.wfile.write(content[:half])
            self.wfile.flush()
            blob.reached.set()
            blob.hold.wait(30)
            content = content[half:]
        self.wfile.write(content)
        if cut is not None:
            self.close_connection = True

    def _api(self) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        repo = "/".join(parts[2:4])
        files = sorted(name for name in self.hub.files if name.startswith(f"{repo}/"))
        if not files:
            self._answer(401, {"X-Error-Code": "RepoNotFound"})
        elif parts[4:5] == ["tree"]:
            self._tree(repo, files)
        else:
            card = {"license": self.hub.licences[repo]} if repo in self.hub.licences else {}
            self._answer(200, {}, json.dumps({"id": repo, "cardData": card}).encode())

    def _tree(self, repo: str, files: list[str]) -> None:
        """Two entries a page, so that the pages have to be followed."""
        start = int(parse_qs(urlsplit(self.path).query).get("cursor", ["0"])[0])
        entries = [
            {"type": "file", "path": name.removeprefix(f"{repo}/"), "size": len(self.hub.files[name].content)}
            for name in files
        ]
        shown = [{"type": "directory", "path": "d", "size": 0}, *entries][start : start + 2]
        following = f"{urlsplit(self.path).path}?recursive=true&cursor={start + 2}"
        more = {"Link": f'<{self.hub.endpoint}{following}>; rel="next"'} if start + 2 <= len(entries) else {}
        self._answer(200, more, json.dumps(shown).encode())


@contextlib.contextmanager
def hub_server() -> Iterator[FakeHub]:
    """Serve until the block ends."""
    hub = FakeHub()
    servers = []
    for kind in ("hub", "host"):
        handler = type("Handler", (_Handler,), {"hub": hub, "server_kind": kind})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
    hub.endpoint, hub.host = (f"http://127.0.0.1:{server.server_address[1]}" for server in servers)
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
