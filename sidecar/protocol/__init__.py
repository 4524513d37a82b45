"""Wire shapes: what clients send and what they get back. Nothing here does any work."""
