"""The filter of calls: in processes of their own, where it stays for life; its code, run for both processors."""

from __future__ import annotations

import errno
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from sidecar.offline.address import is_looked_up
from sidecar.offline.seccomp import filter_code, seccomp_available
from sidecar.offline.system import missing_walls
from tests.offline.test_lock import run

needs_seccomp = pytest.mark.skipif(not seccomp_available(), reason="this system does not filter calls")

# Without the audit hook, which would refuse some of it first: what is tried here is what native code does.
TRY = """
import sys, socket
from sidecar.offline.seccomp import restrict_sockets
S = socket
def attempt(act):
    try:
        act()
    except PermissionError:
        return "refused"
    except OSError as error:
        return type(error).__name__
    return "done"
def make(*kind):
    return attempt(lambda: S.socket(*kind).close())
def fast_open():
    with S.create_server(("127.0.0.1", 0)) as listening, S.socket() as sock:
        sock.sendto(b"x", S.MSG_FASTOPEN, listening.getsockname())
def served():
    with S.create_server(("127.0.0.1", 0)) as listening, S.create_connection(listening.getsockname()) as sock:
        listening.accept()[0].sendmsg([b"x"])
        sock.sendall(b"x")
"""
CLOSED = {
    "a datagram": "make(S.AF_INET, S.SOCK_DGRAM)",
    "a datagram by IPv6": "make(S.AF_INET6, S.SOCK_DGRAM)",
    "a datagram that does not wait": "make(S.AF_INET, S.SOCK_DGRAM | S.SOCK_NONBLOCK | S.SOCK_CLOEXEC)",
    "a name service": "make(S.AF_UNIX, S.SOCK_STREAM)",
}
NEVER = {
    "an echo request": "make(S.AF_INET, S.SOCK_DGRAM, S.IPPROTO_ICMP)",
    "a raw packet": "make(S.AF_INET, S.SOCK_RAW, S.IPPROTO_UDP)",
    "a frame": "make(S.AF_PACKET, S.SOCK_RAW)",
    "Multipath TCP": "make(S.AF_INET, S.SOCK_STREAM, 262)",
    "SCTP": "make(S.AF_INET, S.SOCK_STREAM, 132)",
    "the virtual machine's host": "make(S.AF_VSOCK, S.SOCK_STREAM)",
    "TCP Fast Open": "attempt(fast_open)",
}
OPEN = {
    "TCP": "make(S.AF_INET, S.SOCK_STREAM)",
    "TCP by name": "make(S.AF_INET, S.SOCK_STREAM, S.IPPROTO_TCP)",
    "TCP by IPv6": "make(S.AF_INET6, S.SOCK_STREAM | S.SOCK_NONBLOCK)",
    "a pair": "attempt(S.socketpair)",
    "what CUDA listens on": "make(S.AF_UNIX, S.SOCK_SEQPACKET)",
    "the system's own addresses": "make(S.AF_NETLINK, S.SOCK_RAW)",
    "localhost": "attempt(lambda: S.getaddrinfo('localhost', 80))",
    "a connection here": "attempt(served)",
}


def verdicts(tried: dict[str, str], *, names: bool) -> dict[str, str]:
    lines = "\n".join(f"print({what})" for what in tried.values())
    code = f"{TRY}\nassert restrict_sockets(look_up_names={names})\n{lines}"
    return dict(zip(tried, run(code, hook=False).split(), strict=True))


@needs_seccomp
def test_what_landlock_has_no_rule_for_is_refused() -> None:
    tried = CLOSED | NEVER
    assert verdicts(tried, names=False) == dict.fromkeys(tried, "refused")


@needs_seccomp
def test_what_a_server_of_this_machine_needs_is_left() -> None:
    assert verdicts(OPEN, names=False) == dict.fromkeys(OPEN, "done")


@needs_seccomp
def test_where_names_are_looked_up_datagrams_are_left_and_nothing_else() -> None:
    assert verdicts(CLOSED, names=True) == dict.fromkeys(CLOSED, "done")
    assert verdicts(NEVER, names=True) == dict.fromkeys(NEVER, "refused")


@needs_seccomp
def test_it_holds_threads_that_run_already_and_child_processes() -> None:
    code = f"""{TRY}
import subprocess, threading
begun, closed, seen = threading.Event(), threading.Event(), []
def work():
    begun.set()
    closed.wait()
    seen.append(make(S.AF_INET, S.SOCK_DGRAM))
thread = threading.Thread(target=work)
thread.start()
begun.wait()
assert restrict_sockets(look_up_names=False)
closed.set()
thread.join()
child = subprocess.run([sys.executable, "-c", "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"],
                       capture_output=True, text=True)
print(seen[0], "PermissionError" in child.stderr)
"""
    assert run(code, hook=False).split() == ["refused", "True"]


@needs_seccomp
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_name_that_a_socket_connects_to_is_not_looked_up(tmp_path: Path) -> None:
    """What the audit hook comes too late for: Python looks the name up before it audits the connection."""
    code = (
        "import socket\nfrom sidecar.offline.seccomp import restrict_sockets\nrestrict_sockets(look_up_names=False)\n"
        "socket.socket().connect(('models.example', 80))"
    )
    trace = tmp_path / "trace"
    watched = ["strace", "-f", "-qq", "-e", "trace=socket,connect,sendto,sendmsg,sendmmsg", "-o", str(trace)]
    done = subprocess.run([*watched, sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert b"gaierror" in done.stderr
    asked = [
        line for line in trace.read_text(encoding="utf-8").splitlines() if "SOCK_STREAM|SOCK_CLOEXEC, " not in line
    ]
    assert [line for line in asked if "SOCK_DGRAM" in line]
    assert [line for line in asked if "EACCES" not in line] == []


@pytest.mark.parametrize(
    ("host", "looked_up"),
    [
        *(("127.0.0.1", False), ("[::1]", False), ("localhost", False), ("LOCALHOST.", False), ("192.168.1.7", False)),
        *(("2001:db8::7", False), ("llm.example", True), ("nas", True), ("127.0.0.1.example", True), ("", True)),
    ],
)
def test_a_name_is_what_somebody_has_to_be_asked_about(host: str, looked_up: bool) -> None:
    assert is_looked_up(host) is looked_up


def test_a_system_says_what_it_lacks_and_why() -> None:
    assert set(missing_walls()) <= {"landlock", "seccomp"}
    assert all(missing_walls().values())
    assert seccomp_available() == ("seccomp" not in missing_walls())


MACHINES = {"x86_64": (0xC000003E, 41, 44, 46, 307), "aarch64": (0xC00000B7, 198, 206, 211, 269)}
_FAST_OPEN = 0x20000000
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EACCES


def judged(code: bytes, processor: int, call: int, *arguments: int) -> int:
    """Run the filter on a call as the kernel does."""
    seen = struct.pack("=IIQ6Q", call, processor, 0, *(*arguments, *[0] * (6 - len(arguments))))
    at = value = 0
    while True:
        operation, yes, no, operand = struct.unpack_from("=HBBI", code, at * 8)
        at += 1
        match operation:
            case 0x20:
                (value,) = struct.unpack_from("=I", seen, operand)
            case 0x54:
                value &= operand
            case 0x06:
                return int(operand)
            case 0x15 | 0x35 | 0x45:
                holds = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[operation]
                at += yes if holds else no
            case _:
                raise AssertionError(f"the kernel has no operation {operation:#x}")


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_judges_alike_on_both_processors(machine: str, names: bool) -> None:
    processor, make, sendto, sendmsg, sendmmsg = MACHINES[machine]
    code = filter_code(machine, look_up_names=names)

    def allowed(call: int, *arguments: int, of: int = processor) -> bool:
        verdict = judged(code, of, call, *arguments)
        assert verdict in (_ALLOW, _REFUSE)
        return verdict == _ALLOW

    assert allowed(make, socket.AF_INET, socket.SOCK_STREAM)
    assert allowed(make, socket.AF_INET, socket.SOCK_DGRAM) is names
    assert not allowed(make, socket.AF_INET, socket.SOCK_RAW)
    # Every family but internet, the file system's and netlink, whether this Python knows it or not.
    others = set(range(64)) - {1, 2, 10, 16}
    assert not any(allowed(make, family, kind) for family in others for kind in range(16))
    # The kernel ignores the upper half of these arguments: it must not hide what stands in the lower one.
    assert not allowed(make, socket.AF_INET | 1 << 32, socket.SOCK_RAW)
    for call, flags in (
        (sendto, (0, 0, 0, _FAST_OPEN)),
        (sendmsg, (0, 0, _FAST_OPEN)),
        (sendmmsg, (0, 0, 0, _FAST_OPEN)),
    ):
        assert not allowed(call, *flags)
        assert allowed(call, 1, 2, 0, 0)
    assert not allowed(425)
    assert not allowed(make + 0x40000000, socket.AF_INET, socket.SOCK_STREAM)
    assert not allowed(make, socket.AF_INET, socket.SOCK_STREAM, of=0x40000003)
    assert all(allowed(call, 17, 3) for call in range(400) if call not in (make, sendto, sendmsg, sendmmsg))
