"""Turns: from what waits in a chat to an answer that is shown and stored."""
