"""Model files: those on this machine, those that can be fetched, and which of them fit."""
