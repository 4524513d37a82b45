"""What the server and the Obsidian plugin have agreed on: answers of a real server, as JSON that both are held to.

`python -m tests.contract` writes the files anew. `tests/test_contract.py` checks that a live server still answers in
their shape; the plugin's tests read them with what reads answers there.
"""
