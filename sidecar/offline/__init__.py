"""The offline lock: this process reaches no other machine but those that the user named."""
