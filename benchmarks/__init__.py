"""What the bot costs and whether it keeps its promises, measured on the real thing."""
