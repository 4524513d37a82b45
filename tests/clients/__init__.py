"""Real clients against a real server: a suite of its own, which `scripts/clients` installs and runs."""
