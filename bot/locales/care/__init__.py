"""What the care finder says beside its facts, one file a language."""

from bot.locales.care.texts import CareTexts, care_texts_for

__all__ = ["CareTexts", "care_texts_for"]
