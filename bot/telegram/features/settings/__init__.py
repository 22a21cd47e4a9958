"""/settings: how people want to be spoken to, chosen by buttons."""
