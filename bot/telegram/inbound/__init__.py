"""What comes from Telegram: two ways in, stored before it is acknowledged."""
