"""What the program writes of itself: log lines without anybody's text, their file, and what crashes leave behind."""
