"""What is on disk: Obsidian's list of vaults, the files of one vault, what is excluded, and what changes."""
