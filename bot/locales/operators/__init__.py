"""What operators read in the chat, one file a language."""

from bot.locales.operators.texts import OperatorTexts, operator_texts_for

__all__ = ["OperatorTexts", "operator_texts_for"]
