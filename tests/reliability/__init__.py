"""What the program promises, attacked: each test makes a real server keep one of the promises in `promises.toml`."""
