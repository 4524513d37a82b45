"""The offline lock, each time in a process of its own: a hook that is set stays for a process's whole life."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from sidecar.offline.landlock import landlock_version

# Addresses for documentation (RFC 5737, RFC 3849): nobody has them.
_ELSEWHERE = "203.0.113.7"
_NETWORK_RULES = 4


@pytest.fixture
def port() -> Iterator[int]:
    """A port of this machine that something listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def run(code: str, *arguments: object, hook: bool = True) -> str:
    """What a process with the lock prints, or one without the hook; `refused` is what it says for each refusal."""
    locked = (
        "import sys, socket, ctypes\n"
        "from sidecar.offline.landlock import restrict_tcp\nfrom sidecar.offline.lock import OutgoingLock\n"
        "lock = OutgoingLock()\nlock.install()\n"
    )
    program = (locked if hook else "") + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


TRY = """
def attempt(act, *arguments):
    try:
        act(*arguments)
    except PermissionError as error:
        return "refused" if "offline lock" in str(error) or error.errno == 13 else str(error)
    except OSError as error:
        return type(error).__name__
    return "done"

def tcp(host, port, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.settimeout(0.2)
        sock.connect((host, port))

def native(host, port):
    "Connect as native code does, past Python."
    libc = ctypes.CDLL(None, use_errno=True)
    address = (socket.AF_INET).to_bytes(2, sys.byteorder) + port.to_bytes(2, "big") + socket.inet_aton(host) + bytes(8)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        if libc.connect(sock.fileno(), address, len(address)) != 0:
            raise OSError(ctypes.get_errno(), "refused")
"""


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(f"tcp('{_ELSEWHERE}', 443)", id="a connection"),
        pytest.param("tcp('2001:db8::1', 443, socket.AF_INET6)", id="a connection by IPv6"),
        pytest.param(f"tcp('::ffff:{_ELSEWHERE}', 443, socket.AF_INET6)", id="IPv4 written as IPv6"),
        pytest.param("socket.create_connection(('example.org', 80), 1)", id="a connection by a name that is looked up"),
        pytest.param("socket.getaddrinfo('example.org', 80)", id="looking up a name"),
        pytest.param("socket.getaddrinfo(b'example.org', 80)", id="looking up a name given as bytes"),
        pytest.param("socket.gethostbyname('example.org')", id="looking up a name the old way"),
        pytest.param(f"socket.gethostbyaddr('{_ELSEWHERE}')", id="looking up whose address it is"),
        pytest.param(f"socket.getnameinfo(('{_ELSEWHERE}', 80), 0)", id="looking up an address's name"),
        pytest.param(
            f"socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('{_ELSEWHERE}', 53))", id="a datagram"
        ),
        pytest.param(
            f"socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('{_ELSEWHERE}', 53))",
            id="a datagram in parts",
        ),
        pytest.param("__import__('urllib.request').request.urlopen('http://example.org')", id="a library's request"),
    ],
)
def test_nothing_elsewhere_is_reached(act: str) -> None:
    assert run(f"{TRY}\nlock_refused = attempt(lambda: {act})\nprint(lock.refused)\nprint(lock_refused)").split() in (
        ["1", "refused"],
        # urllib wraps what kept it.
        ["1", "URLError"],
    )


def test_this_machine_is_reached(port: int) -> None:
    code = f"""{TRY}
print(attempt(tcp, '127.0.0.1', int(sys.argv[1])))
print(attempt(socket.getaddrinfo, 'localhost', 80))
print(attempt(socket.getaddrinfo, None, 0))
print(attempt(socket.socketpair))
"""
    assert run(code, port).split() == ["done"] * 4


def test_a_named_server_is_reached_at_its_port_alone() -> None:
    code = f"""{TRY}
lock.allow('{_ELSEWHERE}', 8443)
print(attempt(tcp, '{_ELSEWHERE}', 8443), attempt(tcp, '{_ELSEWHERE}', 443), attempt(tcp, '198.51.100.1', 8443))
"""
    first, *others = run(code).split()
    # Whoever routes this network answers as they like; the lock does not stand in the way.
    assert first != "refused"
    assert others == ["refused", "refused"]


def test_a_server_named_by_name_may_be_looked_up_and_no_other() -> None:
    code = f"""{TRY}
lock.allow('Models.Example.', 8443)
print(attempt(socket.getaddrinfo, 'models.example', 8443), attempt(socket.getaddrinfo, 'example', 8443))
"""
    assert run(code).split() == ["gaierror", "refused"]


def test_a_name_to_listen_on_may_be_looked_up_and_not_connected_to() -> None:
    code = f"""{TRY}
lock.allow_name('{_ELSEWHERE}')
lock.allow_name('models.example')
print(attempt(socket.getaddrinfo, 'models.example', 8443), attempt(tcp, '{_ELSEWHERE}', 8443))
"""
    assert run(code).split() == ["gaierror", "refused"]


def test_an_open_lock_stands_in_nobodys_way() -> None:
    assert run(f"{TRY}\nlock.open()\nprint(attempt(socket.getaddrinfo, 'models.invalid', 80))") == "gaierror"


def test_what_is_refused_is_logged_by_address() -> None:
    code = f"""{TRY}
import logging
logging.basicConfig(stream=sys.stdout, format="%(message)s")
attempt(tcp, '{_ELSEWHERE}', 443)
"""
    assert run(code) == f"the offline lock refused a connection to {_ELSEWHERE}, port 443"


@pytest.mark.skipif(landlock_version() < _NETWORK_RULES, reason="this system has no Landlock for the network")
def test_landlock_holds_native_code_and_child_processes(port: int) -> None:
    code = f"""{TRY}
import subprocess
port = int(sys.argv[1])
before = attempt(native, '127.0.0.1', port)
closed = restrict_tcp([1])
child = "import socket; socket.create_connection(('127.0.0.1', " + str(port) + "))"
print(before, closed, attempt(native, '127.0.0.1', port), attempt(tcp, '127.0.0.1', port))
print("PermissionError" in subprocess.run([sys.executable, '-c', child], capture_output=True, text=True).stderr)
"""
    assert run(code, port).split() == ["done", "True", "refused", "refused", "True"]


@pytest.mark.skipif(landlock_version() < _NETWORK_RULES, reason="this system has no Landlock for the network")
def test_landlock_leaves_the_ports_that_were_named(port: int) -> None:
    code = f"{TRY}\nport = int(sys.argv[1])\nprint(restrict_tcp([port]), attempt(native, '127.0.0.1', port))"
    assert run(code, port).split() == ["True", "done"]


@pytest.mark.skipif(landlock_version() < _NETWORK_RULES, reason="this system has no Landlock for the network")
def test_a_restricted_process_still_listens(port: int) -> None:
    assert run(f"{TRY}\nrestrict_tcp([])\nprint(attempt(socket.create_server, ('127.0.0.1', 0)))", port) == "done"
