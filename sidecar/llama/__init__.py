"""llama.cpp: GGUF metadata, the worker process that holds a model, and its client. For embedding and inference."""
