"""What the model may not say to anybody, whoever talked it into saying it.

    Guard(GuardContext).feed(piece) -> what may be shown      raises Blocked(kind)

The rules are for people to read and check. They know open words only; a model that hints is not
stopped by them, and a sentence that refuses or asks about a danger is not hit.
"""

from bot.safety.guard.minors import says_minor
from bot.safety.guard.reasons import BlockReason
from bot.safety.guard.reviewed import instead_of
from bot.safety.guard.span import GuardContext
from bot.safety.guard.stream import Blocked, Guard, judge

__all__ = ["BlockReason", "Blocked", "Guard", "GuardContext", "instead_of", "judge", "says_minor"]
