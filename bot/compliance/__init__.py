"""The yearly reports that laws ask for, from counters and settings; nothing of a person."""

from bot.compliance.facts import AgeCount, Month, YearFacts, gather
from bot.compliance.report import Law, render

__all__ = ["AgeCount", "Law", "Month", "YearFacts", "gather", "render"]
