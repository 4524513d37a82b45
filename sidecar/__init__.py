"""Sidecar answers from an Obsidian vault through OpenAI-compatible endpoints, on the user's own machine."""

__version__ = "0.1.0"
