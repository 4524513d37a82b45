"""A note becomes chunks: the pieces that are embedded, searched, quoted and cited."""

from sidecar.chunking.chunk import CHUNKING_VERSION, Chunk, embedding_text
from sidecar.chunking.chunker import chunk_note
from sidecar.chunking.fitting import TokenLimit

__all__ = ["CHUNKING_VERSION", "Chunk", "TokenLimit", "chunk_note", "embedding_text"]
