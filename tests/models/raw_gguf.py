"""GGUF metadata taken from one file and written into another as the bytes it is: the gguf package needs ten seconds to
read a vocabulary of 150,000 tokens.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.models.gguf_parts import Array

_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_UINT32, _FLOAT32, _STRING, _ARRAY = 4, 6, 8, 9
_ALIGNMENT = 32
_TENSOR_TYPES = {"float32": 0, "float16": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """One value: its type and its bytes."""

    kind: int
    raw: bytes

    @classmethod
    def text(cls, value: str) -> Metadata:
        return cls(kind=_STRING, raw=_string(value.encode()))

    @classmethod
    def count(cls, value: int) -> Metadata:
        return cls(kind=_UINT32, raw=struct.pack("<I", value))

    @classmethod
    def real(cls, value: float) -> Metadata:
        return cls(kind=_FLOAT32, raw=struct.pack("<f", value))

    def string(self) -> str:
        return self.raw[8:].decode()

    def number(self) -> int:
        return int.from_bytes(self.raw, "little")

    def strings(self) -> list[bytes]:
        """The entries of a list of strings."""
        found, at = [], 12
        while at < len(self.raw):
            (length,) = struct.unpack_from("<Q", self.raw, at)
            found.append(self.raw[at + 8 : at + 8 + length])
            at += 8 + length
        return found

    def of_strings(self, values: Sequence[bytes]) -> Metadata:
        return Metadata(kind=_ARRAY, raw=self.raw[:4] + struct.pack("<Q", len(values)) + b"".join(map(_string, values)))

    def numbers(self, form: str) -> list[int | float]:
        """The entries of a list of numbers; `form` as in `struct`."""
        return list(struct.unpack_from(f"<{(len(self.raw) - 12) // struct.calcsize(form)}{form}", self.raw, 12))

    def of_numbers(self, form: str, values: Sequence[float]) -> Metadata:
        packed = struct.pack(f"<Q{len(values)}{form}", len(values), *values)
        return Metadata(kind=_ARRAY, raw=self.raw[:4] + packed)


def read_metadata(path: Path) -> dict[str, Metadata]:
    """Read all metadata of a file."""
    raw = path.read_bytes()
    _, _, pairs = struct.unpack_from("<IQQ", raw, 4)
    at = 24
    found = {}
    for _ in range(pairs):
        (length,) = struct.unpack_from("<Q", raw, at)
        key = raw[at + 8 : at + 8 + length].decode()
        at += 8 + length
        (kind,) = struct.unpack_from("<I", raw, at)
        end = _end(raw, at + 4, kind)
        found[key] = Metadata(kind=kind, raw=raw[at + 4 : end])
        at = end
    return found


def write_gguf(path: Path, metadata: Mapping[str, Metadata], tensors: Mapping[str, Array]) -> None:
    """Write a file of metadata and of matrices of half or single precision."""
    header = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    for key, value in metadata.items():
        header += [_string(key.encode()), struct.pack("<I", value.kind), value.raw]
    offset = 0
    for name, values in tensors.items():
        shape = values.shape[::-1]
        kind = _TENSOR_TYPES[values.dtype.name]
        header += [_string(name.encode()), struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)]
        offset += _aligned(values.nbytes)
    with path.open("wb") as file:
        file.write(b"".join(header))
        file.write(bytes(_aligned(file.tell()) - file.tell()))
        for values in tensors.values():
            file.write(np.ascontiguousarray(values).data)
            file.write(bytes(_aligned(values.nbytes) - values.nbytes))


def _end(raw: bytes, at: int, kind: int) -> int:
    if kind == _STRING:
        return at + 8 + int.from_bytes(raw[at : at + 8], "little")
    if kind != _ARRAY:
        return at + _SIZES[kind]
    entry, length = int.from_bytes(raw[at : at + 4], "little"), int.from_bytes(raw[at + 4 : at + 12], "little")
    at += 12
    if entry != _STRING:
        return at + length * _SIZES[entry]
    for _ in range(length):
        at += 8 + int.from_bytes(raw[at : at + 8], "little")
    return at


def _string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def _aligned(length: int) -> int:
    return -(-length // _ALIGNMENT) * _ALIGNMENT
