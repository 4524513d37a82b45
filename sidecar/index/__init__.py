"""The index of one vault: a SQLite file with the notes' ledger, chunks, words and vectors. A cache, never the truth."""
