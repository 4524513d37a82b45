"""Texts become vectors, by one of three models behind one protocol: built in, GGUF, or upstream."""
