"""Keeps the index of one vault true to its folder: which files changed, what became of them, what is still to do."""
