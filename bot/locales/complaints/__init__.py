"""What a person reads who complains, one file a language."""

from bot.locales.complaints.texts import ComplaintTexts, complaint_texts_for

__all__ = ["ComplaintTexts", "complaint_texts_for"]
