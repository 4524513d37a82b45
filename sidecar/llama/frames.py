"""The encoding of frames between a model's worker process and its client: a JSON header, then raw bytes.

    4 bytes, big-endian length of the header | header, UTF-8 JSON object | payload (numbers: little-endian float32)

Client to worker, by `op`: load · generate · embed · rank · count · tokenize · detokenize · cancel.
Worker to client, by `event`: loaded · begun · waiting · working · delta · end · vectors · scores · counted · tokens ·
text · error. All carry the `id` of their request. `begun` says that the worker is busy with it, first to prepare its
prompt, and `waiting` that it stands in line until the next `begun`. `working`, whose id is 0, says to all that native
code is getting on, so that a long prefill, their own or another's, is not taken for a hang.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, TypeAlias

Header: TypeAlias = Mapping[str, Any]

_LENGTH = struct.Struct(">I")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "loaded": ("dimensions",),
    "begun": (),
    "waiting": (),
    "working": (),
    "delta": ("index", "text", "finish_reason"),
    "end": ("cancelled", "prompt_tokens", "cached_tokens", "generated_tokens", "reasoning_tokens"),
    "vectors": ("dimensions", "token_counts"),
    "scores": (),
    "counted": ("tokens",),
    "tokens": ("tokens",),
    "text": ("text",),
    "error": ("kind",),
}
"""What each event must hold beside its id."""


def encode_frame(header: Header, payload: bytes = b"") -> bytes:
    """Build a frame. `header` holds JSON values only; lone surrogates survive as escapes."""
    head = json.dumps(header, separators=(",", ":")).encode("ascii")
    return _LENGTH.pack(len(head)) + head + payload


def decode_frame(frame: bytes) -> tuple[Header, bytes]:
    """Take a frame apart. Raises ValueError when it is not one."""
    if len(frame) < _LENGTH.size:
        raise ValueError("frame without header")
    (length,) = _LENGTH.unpack_from(frame)
    end = _LENGTH.size + length
    header = json.loads(frame[_LENGTH.size : end])
    if not isinstance(header, dict):
        raise ValueError("frame header is not an object")
    return header, frame[end:]


def decode_reply(frame: bytes) -> tuple[Header, bytes]:
    """Take a worker's frame apart. Raises ValueError or another error of nonsense when it is none."""
    header, payload = decode_frame(frame)
    if not isinstance(header["id"], int) or any(name not in header for name in _FIELDS[header["event"]]):
        raise ValueError("not a worker's reply")
    return header, payload
