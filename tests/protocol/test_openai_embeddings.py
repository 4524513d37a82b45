"""The embeddings request and its encodings."""

from __future__ import annotations

import base64
import struct

import pytest

from sidecar.protocol.fields import read_body
from sidecar.protocol.openai_embeddings import MAX_INPUTS, EmbeddingsBody, base64_vector


def test_one_text_is_a_list_of_one() -> None:
    assert read_body(EmbeddingsBody, {"model": "m", "input": "a"}).input == ["a"]
    assert read_body(EmbeddingsBody, {"model": "m", "input": ["a", " "]}).input == ["a", " "]


def test_the_largest_batch_that_clients_send_fits() -> None:
    assert len(read_body(EmbeddingsBody, {"model": "m", "input": ["a"] * MAX_INPUTS}).input) == 2048


@pytest.mark.parametrize(("given", "read"), [([1, 2], [[1, 2]]), ([[1, 2], [3]], [[1, 2], [3]])])
def test_token_ids_of_one_text_are_a_list_of_one(given: object, read: object) -> None:
    assert read_body(EmbeddingsBody, {"model": "m", "input": given}).input == read


def test_nulls_are_defaults() -> None:
    body = read_body(EmbeddingsBody, {"model": "m", "input": "a", "encoding_format": None, "dimensions": None})
    assert (body.encoding_format, body.dimensions) == ("float", None)


def test_base64_holds_the_bytes_as_they_are() -> None:
    vector = struct.pack("<2f", 1.0, -2.5)
    assert base64.b64decode(base64_vector(vector)) == vector
