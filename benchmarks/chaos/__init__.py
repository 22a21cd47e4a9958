"""The bot under fire: every part of it is killed in turn, and every message is accounted for."""
