"""Natural language as far as search and quotation need it: terms, folding, which language a question is in."""
