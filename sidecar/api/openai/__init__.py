"""OpenAI's endpoints over the runtime."""
