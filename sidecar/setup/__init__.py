"""The first run: what is on this machine, the set-up that it suggests, and the settings file that holds it."""
