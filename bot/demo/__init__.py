"""A public page to try the companion on: the bot's conversation and safety without Telegram."""
