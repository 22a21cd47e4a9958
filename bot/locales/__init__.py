"""What the bot says to people, in every language it speaks."""

from bot.locales.catalog import texts_for
from bot.locales.language import Language, language_for
from bot.locales.texts import Texts

__all__ = ["Language", "Texts", "language_for", "texts_for"]
