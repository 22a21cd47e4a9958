"""What is said to a person and to the one they trust, one file a language."""

from bot.locales.trusted.texts import TrustedTexts, trusted_texts_for

__all__ = ["TrustedTexts", "trusted_texts_for"]
