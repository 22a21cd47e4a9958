"""One turn: what the model is told, and what comes back. Knows no Telegram and no SQL."""
