"""An answer and its passages become checked citations: wikilinks that lead somewhere, annotations, the sources used."""

from sidecar.citations.address import obsidian_uri
from sidecar.citations.checking import CitationChecker
from sidecar.citations.cited import Annotation, CitedSource

__all__ = ["Annotation", "CitationChecker", "CitedSource", "obsidian_uri"]
