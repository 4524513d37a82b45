"""The console: one local page at `/`, how it signs in, and the few routes that only it asks."""
