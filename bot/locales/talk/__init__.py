"""What is said about the talk itself: what is remembered of it, one file a language."""

from bot.locales.talk.texts import TalkTexts, talk_texts_for

__all__ = ["TalkTexts", "talk_texts_for"]
