"""How good search is: questions with the notes they should find, asked of a real retriever, measured and compared."""
