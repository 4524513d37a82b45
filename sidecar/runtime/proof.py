"""How a server proves that it holds the key before a client sends it: an HMAC of what the client made up (RFC 2104).

Another program may take the server's port while it does not run, and be sent the key by whoever only looks at the
address. The proof names the port, so that such a program cannot pass the question on to the real server elsewhere.
"""

from __future__ import annotations

import hmac
import re
import secrets

_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}")
_PURPOSE = "sidecar-server-proof"


def new_nonce() -> str:
    """Make up what a server has to answer for: 32 random characters."""
    return secrets.token_urlsafe(24)


def proof(token: str, nonce: str, *, port: int) -> str | None:
    """Prove to hold the token, in 64 hexadecimal digits: HMAC-SHA256, keyed with the token, of `sidecar-server-proof`,
    the port and the nonce, joined by line feeds. `None` for a nonce that is none (16 to 128 of A-Z, a-z, 0-9, - and _).
    """
    if _NONCE.fullmatch(nonce) is None:
        return None
    message = "\n".join((_PURPOSE, str(port), nonce))
    return hmac.new(token.encode("utf-8"), message.encode("ascii"), "sha256").hexdigest()


def proves(answer: object, token: str, nonce: str, *, port: int) -> bool:
    """Whether a server's answer proves that it holds the token."""
    expected = proof(token, nonce, port=port)
    return isinstance(answer, str) and expected is not None and hmac.compare_digest(answer.encode(), expected.encode())
