"""`/v1/responses`, over a socket."""
