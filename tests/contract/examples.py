"""What the plugin asks and what a real server answers, without what differs each time."""

from __future__ import annotations

import json
import re
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from sidecar.runtime.client_keys import Scope, create
from sidecar.runtime.datafolder import write_private
from sidecar.runtime.proof import proof, proves
from tests.contract.writer import MODEL, writer
from tests.serving import DEMO_VAULT, Server, serve

KEY = "sk-sidecar-of-the-contract-0123456789"
PORT = 8484
"""The recorded answers come from this port."""
_NONCE = "a-nonce-of-the-contract"
_NOTE = "House/Boiler.md"
_CLIENTS = ("smart-connections", "copilot", "claude-desktop")
"""A few of the clients that the server knows: two plugins, and one that starts a program."""
_CROWD = 256
_NUMBERS = {"took_ms": 1.0, "created": 1_700_000_000, "modified": 1_700_000_000}

Example = Mapping[str, Any]


@contextmanager
def contract_server(folder: Path) -> Iterator[Server]:
    """A server with a copy of the demo vault, a note in it that cannot be read well, and a second vault."""
    vault, data, second = folder / "demo", folder / "data", folder / "Second"
    shutil.copytree(DEMO_VAULT, vault)
    second.mkdir()
    (second / "Alone.md").write_text("# Alone\n\nNothing links here.\n", encoding="utf-8")
    (vault / "Broken.md").write_text("---\ntags: [unclosed\n---\n\nThe frontmatter is broken.\n", encoding="utf-8")
    data.mkdir()
    write_private(data / "token", KEY + "\n")
    with writer() as url:
        config = folder / "config.toml"
        config.write_text(f'model = "extractive"\n\n[upstreams.writer]\nurl = "{url}"\n', encoding="utf-8")
        with serve(vault, second, "--offline", "--config", config, data_dir=data) as server:
            yield server


def examples(server: Server) -> dict[str, Example]:
    """Ask everything that the plugin asks. By the name of its file."""
    found = {**_answers(server), **_chats(server), "errors": _errors(server)}
    return {name: _settled(example, server) for name, example in found.items()}


def _answers(server: Server) -> dict[str, Example]:
    lists = "list=excluded&list=failed&list=problems"
    search = {"query": "boiler repair", "limit": 2, "vault": "demo"}
    return {
        "healthz": _health(server),
        "status": _get(server, "/vault/status"),
        "status_lists": _get(server, f"/vault/status?{lists}"),
        "search": _post(server, "/vault/search", search),
        "search_explained": _post(server, "/vault/search", {**search, "explain": True}),
        "related": _get(server, f"/vault/related?path={_NOTE}&vault=demo&limit=2"),
        "why_indexed": _get(server, f"/vault/why?path={_NOTE}&vault=demo"),
        "why_excluded": _get(server, "/vault/why?path=Private/Diary.md&vault=demo"),
        "why_problem": _get(server, "/vault/why?path=Broken.md&vault=demo"),
        "why_unknown": _get(server, "/vault/why?path=Nowhere.md&vault=demo"),
        "why_found": _get(server, f"/vault/why?path={_NOTE}&query=boiler&vault=demo"),
        "why_outranked": _get(server, f"/vault/why?path={_NOTE}&query=porto&vault=demo"),
        "note": _get(server, f"/vault/notes/{_NOTE}?vault=demo"),
        "sync": _post(server, "/vault/sync", {"vault": "demo"}),
        "models": _get(server, "/v1/models"),
        "clients": _clients(server),
    }


def _chats(server: Server) -> dict[str, Example]:
    question = "When was the boiler serviced?"
    plain = {"model": f"writer/{MODEL}", "vault": {"mode": "never"}}
    return {
        "chat_cited": _chat(
            server, question, model="vault", vault={"mode": "auto", "name": "demo", "question": question}
        ),
        "chat_reasoning": _chat(server, "Write.", **plain),
        "chat_broken": _chat(server, "Please break off.", **plain),
    }


def _errors(server: Server) -> Example:
    phone = create(server.data_dir, name="phone", scope=Scope.READ, now=time.time())
    asked = {"model": f"writer/{MODEL}", "messages": [{"role": "user", "content": "Please refuse."}]}
    answers = {
        "no_key": _plain(server, "/vault/status", key=None),
        "wrong_key": _plain(server, "/vault/status", key="sk-sidecar-of-somebody-else"),
        "scope": _plain(server, "/v1/chat/completions", key=phone, body=asked),
        "origin": _plain(server, "/vault/status", origin="https://example.com"),
        "no_note": _plain(server, "/vault/notes/Nowhere.md?vault=demo"),
        "no_vault": _plain(server, "/vault/search", body={"query": "boiler", "vault": "nobody's"}),
        "no_model": _plain(server, "/v1/chat/completions", body={**asked, "model": "nobody's"}),
        "not_json": _plain(server, "/vault/search", body={"query": 7}),
        "host": _plain(server, "/vault/status", host="example.com"),
        "away": _plain(server, "/v1/chat/completions", body=asked),
    }
    with _crowd(server):
        answers["crowded"] = _plain(server, "/vault/search", body={"query": "boiler"})
    return {"answers": answers}


def _get(server: Server, path: str) -> Example:
    return _example({"method": "GET", "path": path}, server.client.get(path))


def _post(server: Server, path: str, body: Mapping[str, Any]) -> Example:
    return _example({"method": "POST", "path": path, "body": body}, server.client.post(path, json=body))


def _example(request: Mapping[str, Any], response: httpx2.Response) -> Example:
    return {"request": request, "status": response.status_code, "body": response.json()}


def _health(server: Server) -> Example:
    """The proof is checked here; what is recorded is the one of the recorded port."""
    example = _get(server, f"/healthz?nonce={_NONCE}")
    if not proves(example["body"]["proof"], KEY, _NONCE, port=urlsplit(server.url).port or 0):
        raise AssertionError("the server did not prove that it holds the key")
    body = {**example["body"], "proof": proof(KEY, _NONCE, port=PORT)}
    return {**example, "body": body, "key": KEY, "nonce": _NONCE, "port": PORT}


def _clients(server: Server) -> Example:
    example = _get(server, "/console/clients?scheme=http")
    kept = [each for each in example["body"]["clients"] if each.get("id", "") in ("", *_CLIENTS)]
    if len(kept) != 1 + len(_CLIENTS):
        raise AssertionError(f"of the clients {', '.join(_CLIENTS)} some are not there")
    return {**example, "body": {"clients": kept}}


def _chat(server: Server, question: str, **fields: Any) -> Example:
    body = {**fields, "stream": True, "messages": [{"role": "user", "content": question}]}
    path = "/v1/chat/completions"
    response = server.client.post(path, json=body)
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
    events = [json.loads(line) if line != "[DONE]" else line for line in lines]
    return {"request": {"method": "POST", "path": path, "body": body}, "status": response.status_code, "events": events}


def _plain(
    server: Server,
    path: str,
    *,
    key: str | None = KEY,
    body: Mapping[str, Any] | None = None,
    origin: str | None = None,
    host: str | None = None,
) -> Example:
    named = {"authorization": f"Bearer {key}" if key else None, "origin": origin, "host": host}
    headers = {name: value for name, value in named.items() if value is not None}
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=30) as client:
        response = client.get(path, headers=headers) if body is None else client.post(path, json=body, headers=headers)
    kept = {name: response.headers[name] for name in ("retry-after",) if name in response.headers}
    return {"status": response.status_code, "headers": kept, "body": response.json()}


@contextmanager
def _crowd(server: Server) -> Iterator[None]:
    """As many requests as the server takes at once, each waiting for a body that does not come."""
    address = urlsplit(server.url)
    head = (
        f"POST /vault/search HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {KEY}\r\n"
        "Content-Type: application/json\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n"
    )
    with ExitStack() as opened:
        for _ in range(_CROWD):
            waiting = opened.enter_context(socket.create_connection((address.hostname, address.port), timeout=10))
            waiting.sendall(head.encode("ascii"))
            # The server has begun to wait for the body when it asks for it.
            waiting.recv(64)
        yield


def _settled(value: Any, server: Server) -> Any:
    """The same without ids, times and places of this run."""
    if isinstance(value, Mapping):
        return {key: _settled_number(key, each) or _settled(each, server) for key, each in value.items()}
    if isinstance(value, list):
        return [_settled(each, server) for each in value]
    return _settled_text(value, server) if isinstance(value, str) else value


def _settled_number(key: str, value: Any) -> float | None:
    # A note may have a property of such a name, which is text.
    return _NUMBERS.get(key) if isinstance(value, int | float) else None


def _settled_text(text: str, server: Server) -> str:
    folder, address = str(server.data_dir.parent), urlsplit(server.url)
    text = text.replace(folder, "/home/ana").replace(address.netloc, f"127.0.0.1:{PORT}")
    text = text.replace(str(Path(sys.executable).parent), "/home/ana/.local/bin")
    text = re.sub(r"(chatcmpl-|req_)[0-9a-f]{32}", r"\g<1>0", text)
    return re.sub(r"127\.0\.0\.1:(?!8484)\d+", "127.0.0.1:11434", text)
