"""What people in danger read, one file a language: for translators and for the clinician."""

from bot.locales.crisis.texts import SECTIONS, CrisisTexts, build_crisis_texts, crisis_texts_for

__all__ = ["SECTIONS", "CrisisTexts", "build_crisis_texts", "crisis_texts_for"]
