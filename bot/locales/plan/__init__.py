"""What the safety plan says to people, one file a language."""

from bot.locales.plan.texts import PlanTexts, plan_texts_for

__all__ = ["PlanTexts", "plan_texts_for"]
