"""The APIs of neighbours: what clients ask of Ollama and LM Studio, answered here."""
