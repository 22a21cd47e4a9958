"""What an operator sees of the running bot: logs, health, its HTTP server."""
