"""Bytes of a file become a Note: pure, total, and blind to everything but the one file."""

READING_VERSION = 3
"""Part of the index's fingerprint: raise it when the same bytes become another note."""
