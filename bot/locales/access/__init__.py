"""What is said to who may not use the bot, who comes by an invite, and who has to wait."""

from bot.locales.access.texts import AccessTexts, access_texts_for

__all__ = ["AccessTexts", "access_texts_for"]
