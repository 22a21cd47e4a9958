"""What the bot does for people besides answering: one module or folder a feature."""
