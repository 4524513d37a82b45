"""Scripts that drive the Python clients, each run by the Python of the environment that its client is in."""
