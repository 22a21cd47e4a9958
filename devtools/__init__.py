"""What tests and benchmarks start: servers, the bot and its Telegram as processes, fake engines."""
