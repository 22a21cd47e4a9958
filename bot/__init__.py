"""Shudong (树洞): a Telegram companion that listens."""

__version__ = "0.1.0"
