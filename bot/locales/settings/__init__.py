"""What /settings says to people, one file a language."""

from bot.locales.settings.texts import SettingsTexts, settings_texts_for

__all__ = ["SettingsTexts", "settings_texts_for"]
