"""Promise 2: a web page you did not allow reaches nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.reliability.counting import Counted, serve_counted
from tests.reliability.surface import endpoints
from tests.reliability.wire import Header, key_of, port_of, wire

pytestmark = pytest.mark.promise(2)

Recorder = Callable[[str, object], None]
OBSIDIAN = "app://obsidian.md"
TARGETS = (("GET", "/v1/models"), ("GET", "/vault/status"), ("POST", "/vault/search"))
QUERY = b'{"query": "cabin"}'


def hosts(port: int) -> list[str | bytes | None]:
    """Two hundred values that are not this server's name and port."""
    names = ["127.0.0.1", "localhost"]
    odd: list[str | bytes | None] = [
        None,
        "",
        " ",
        *names,
        "[::1]",
        *(f"{name}:{wrong}" for name in names for wrong in (port + 1, port - 1, 80, 0, 65536, f"{port}0", f"0{port}")),
        *(f"{name}:" for name in names),
        *(f"{name}.:{port}" for name in names),
        *(f"{name}.evil.example:{port}" for name in names),
        *(f"{name}:{port}.evil.example" for name in names),
        *(f"evil.example.{name}:{port}" for name in names),
        *(f"evil{name}:{port}" for name in names),
        *(f"evil.example@{name}:{port}" for name in names),
        *(f"{name}:{port}@evil.example" for name in names),
        *(f"{name}:{port},evil.example" for name in names),
        *(f"{name}:{port} evil.example" for name in names),
        *(f"{name}:{port}/" for name in names),
        *(f"{name}:{port}#" for name in names),
        *(f"http://{name}:{port}" for name in names),
        *(f"{name}:{port}\t" + "x" for name in names),
        f"0.0.0.0:{port}",
        f"[::]:{port}",
        f"::1:{port}",
        f"[::ffff:127.0.0.1]:{port}",
        f"[0:0:0:0:0:0:0:1]:{port}",
        f"127.0.0.2:{port}",
        f"127.1:{port}",
        f"127.000.000.001:{port}",
        f"2130706433:{port}",
        f"0x7f000001:{port}",
        f"0177.0.0.1:{port}",
        f"ⓛocalhost:{port}",
        f"localhost:{port}é".encode("latin-1"),
        f"127.0.0.1:{''.join(chr(ord(digit) + 0xFEE0) for digit in str(port))}",
        f"127.0.0.1.nip.io:{port}",
        f"localtest.me:{port}",
        f"sidecar.local:{port}",
        "a" * 4000,
    ]
    return [*odd, *(f"rebound-{number}.evil.example:{port}" for number in range(200 - len(odd)))]


def origins(port: int) -> list[str]:
    """Origins of pages that are not allowed."""
    return [
        "null",
        "https://evil.example",
        "http://localhost",
        f"http://localhost:{port + 1}",
        f"https://localhost:{port}",
        f"http://127.0.0.1:{port + 1}",
        "file://",
        "capacitor://localhost",
        "app://obsidian.md.evil.example",
        "app://evil.obsidian.md",
        "app://obsidian.md/",
        "APP://obsidian.md",
        "app://obsidian.md:443",
        f"http://127.0.0.1:{port}.evil.example",
        f"http://127.0.0.1:{port} ,{OBSIDIAN}",
        "chrome-extension://abcdefghijklmnop",
        "vscode-webview://1",
        "",
    ]


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    with serve_counted(folder=tmp_path_factory.mktemp("pages")) as counted:
        yield counted


def test_two_hundred_wrong_hosts_run_no_handler(counted: Counted, record_property: Recorder) -> None:
    server, before = counted.server, counted.passed
    wrong = hosts(port_of(server))
    assert len(wrong) == len(set(wrong)) == 200
    with wire(server) as connection:
        for host in wrong:
            for method, path in TARGETS:
                body = QUERY if method == "POST" else None
                reply = connection.ask(method, path, [key_of(server)], body=body, host=host)
                # 400: the bytes are no Host header at all.
                assert reply.status in {400, 421}, (host, path)
                assert reply.error()["code"] in {"host_not_allowed", "bad_request"}, (host, path)
        assert counted.passed == before
        assert connection.ask("GET", "/v1/models", [key_of(server)]).status == 200
    assert counted.passed == before + 1
    record_property("wrong_hosts", len(wrong))


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_the_names_of_this_machine_are_answered(counted: Counted, name: str) -> None:
    with wire(counted.server) as connection:
        host = f"{name}:{port_of(counted.server)}"
        assert connection.ask("GET", "/v1/models", [key_of(counted.server)], host=host).status == 200


def test_wrong_origins_run_no_handler(counted: Counted, record_property: Recorder) -> None:
    server, before = counted.server, counted.passed
    wrong = origins(port_of(server))
    asked = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Private-Network", "true")]
    with wire(server) as connection:
        for origin in wrong:
            page: list[Header] = [key_of(server), ("Origin", origin), ("Content-Type", "application/json")]
            for method, path in (*TARGETS, ("OPTIONS", "/vault/search"), ("DELETE", "/v1/responses/x")):
                reply = connection.ask(method, path, [*page, *asked], body=QUERY if method == "POST" else None)
                assert reply.status == 403, (origin, method)
                assert reply.error()["code"] == "origin_not_allowed"
                assert not any(name.startswith("access-control-") for name, _ in reply.headers), origin
        assert counted.passed == before
        assert connection.ask("GET", "/v1/models", [key_of(server), ("Origin", OBSIDIAN)]).status == 200
    assert counted.passed == before + 1
    record_property("wrong_origins", len(wrong))


@pytest.mark.parametrize(
    "headers",
    [
        [("Origin", OBSIDIAN), ("Origin", "https://evil.example")],
        [("Origin", OBSIDIAN), ("Origin", OBSIDIAN)],
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Sec-Fetch-Site", "Cross-Site")],
        [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "cross-site")],
        [("Origin", "https://evil.example"), ("Upgrade", "websocket"), ("Connection", "Upgrade")],
        [("Origin", "https://evil.example"), ("X-Forwarded-Host", "127.0.0.1"), ("Forwarded", "host=127.0.0.1")],
    ],
    ids=lambda headers: " ".join(f"{name}={value}" for name, value in headers),
)
def test_a_foreign_pages_other_ways_run_no_handler(counted: Counted, headers: list[Header]) -> None:
    server, before = counted.server, counted.passed
    with wire(server) as connection:
        for method, path in TARGETS:
            body = QUERY if method == "POST" else None
            reply = connection.ask(method, path, [key_of(server), *headers], body=body)
            assert reply.status == 403, (method, path)
    assert counted.passed == before


def test_a_rebound_name_or_another_hosts_target_runs_no_handler(counted: Counted) -> None:
    server, before = counted.server, counted.passed
    port = port_of(server)
    # After the rebinding, the page and the server are one origin to the browser.
    rebound: list[Header] = [
        key_of(server),
        ("Origin", f"http://evil.example:{port}"),
        ("Sec-Fetch-Site", "same-origin"),
    ]
    with wire(server) as connection:
        assert connection.ask("GET", "/v1/models", rebound, host=f"evil.example:{port}").status == 421
        for target in (
            f"http://evil.example:{port}/v1/models",
            f"http://127.0.0.1:{port}@evil.example/v1/models",
            f"//evil.example:{port}/v1/models",
            "*",
            f"evil.example:{port}",
        ):
            reply = connection.ask("GET", target, [key_of(server)])
            assert reply.status == (404 if target.startswith("//") else 421), target
    # What begins with two slashes is a path like another, at which there is nothing.
    assert counted.passed == before + 1


def test_a_preflight_lists_only_what_is_allowed_and_runs_no_handler(counted: Counted) -> None:
    server, before = counted.server, counted.passed
    origin = [("Origin", OBSIDIAN), ("Access-Control-Request-Method", "DELETE")]
    with wire(server) as connection:
        for endpoint in endpoints():
            reply = connection.ask("OPTIONS", endpoint.path(), origin)
            allowed = {name: value for name, value in reply.headers if name.startswith("access-control-")}
            assert (reply.status, reply.body) == (200, b"")
            assert allowed == {
                "access-control-allow-origin": OBSIDIAN,
                "access-control-allow-methods": "GET, HEAD, POST, DELETE",
                "access-control-max-age": "600",
            }
        for asked in ("*, <script>", "x\ty:", "a b", "é"):
            odd = connection.ask("OPTIONS", "/v1/models", [*origin, ("Access-Control-Request-Headers", asked)])
            assert odd.status == 200
            assert odd.values("access-control-allow-headers") == []
            assert odd.values("access-control-allow-credentials") == []
    assert counted.passed == before
