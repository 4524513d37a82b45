"""Messages become an answer, by one of three chat models behind one protocol: extractive, llama.cpp, or upstream."""
