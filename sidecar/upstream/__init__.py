"""One server that runs models, over HTTP, shared by the rooms that chat with it and embed through it."""
