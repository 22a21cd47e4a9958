"""What goes to Telegram: rendered, in order, and never too fast."""
