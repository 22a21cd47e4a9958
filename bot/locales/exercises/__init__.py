"""What /exercises says to people, one file a language."""

from bot.locales.exercises.texts import ExerciseTexts, exercise_texts_for

__all__ = ["ExerciseTexts", "exercise_texts_for"]
