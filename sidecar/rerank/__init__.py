"""Reranking: models that read a query and a text together, and how what they say changes a list of hits."""
