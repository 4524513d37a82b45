"""What this machine has: memory, graphics memory, cores, disk, and how fast memory is read."""
