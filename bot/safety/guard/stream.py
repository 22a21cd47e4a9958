"""The guard on the model's words as they are made: nothing is shown that was not judged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.safety.guard.anchors import may_begin_a_hit
from bot.safety.guard.span import GuardContext, judge_span
from bot.safety.levels import RiskLevel
from inference.answer_text import AnswerText

if TYPE_CHECKING:
    from bot.safety.guard.reasons import BlockReason

MAX_SENTENCE = 240
"""Characters after which a span without an end is judged as if it had one."""
TAIL = 80
"""... of which the newest are judged again with what follows: no rule looks further."""

_END = re.compile(r"[。！？!?；;\n…]|\.(?=\s)")
_CLAUSE_END = re.compile(r"[，,、：:—~～）)]")
# A sentence with one of these is judged again with the next, before either is shown.
_MORE_TO_COME = re.compile("[药藥炭绳繩刀桥橋楼樓煤]|第一|首先|方法|步骤|步驟|[a-z]{4}|\\d[.、)]")


class Blocked(Exception):
    """The model said what nobody should read. `reason` says why; the words are not kept."""

    def __init__(self, reason: BlockReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Guard:
    """Judges one answer sentence by sentence, however it is cut into pieces.

    In the ordinary case a clause that holds none of the words the rules look for is shown as soon
    as it ends; everything else waits for the end of its sentence. To a person in danger nothing is
    shown before its sentence is judged. A thought and the marks of a template go unjudged: they
    are never shown.
    """

    def __init__(self, about: GuardContext) -> None:
        self._about = about
        self._text = AnswerText()
        self._open = ""  # from the beginning of what is judged together
        self._shown = 0  # characters of `_open` that are to be seen
        self._judged = 0  # where the sentence begins that is being written
        self._scanned = 0

    def feed(self, piece: str) -> str:
        """What may be shown more, now that the model has said `piece`; often nothing.

        Raises:
            Blocked: this answer must not go on, and what is shown of it must go.
            ThoughtLeaked: what is shown of it was a thought and must go.
        """
        self._open += self._text.feed(piece)
        released: list[str] = []
        while (end := self._next_end()) is not None:
            released.append(self._end_sentence(end))
        released.append(self._release_clauses())
        return "".join(released)

    def close(self) -> str:
        """The rest, once the model has said everything.

        Raises:
            Blocked: as `feed`.
        """
        self._open += self._text.close()
        self._judge(len(self._open))
        return self._release(len(self._open))

    def _next_end(self) -> int | None:
        limit = self._judged + MAX_SENTENCE
        found = _END.search(self._open, max(self._scanned, self._judged), limit)
        if found:
            return found.end()
        if len(self._open) > limit:
            return limit
        # A full stop at the very end may be one inside a number: it is looked at again.
        self._scanned = max(self._judged, len(self._open) - 1)
        return None

    def _end_sentence(self, end: int) -> str:
        self._judge(end)
        sentence = self._open[self._judged : end]
        self._judged = end
        if len(sentence) >= MAX_SENTENCE and not _END.match(sentence[-1]):
            return self._begin_anew_at(end - TAIL)
        if _MORE_TO_COME.search(sentence) and end <= MAX_SENTENCE:
            return ""
        return self._begin_anew_at(end)

    def _begin_anew_at(self, position: int) -> str:
        released = self._release(position)
        position = max(position, self._shown)
        self._open = self._open[position:]
        self._judged = max(0, self._judged - position)
        self._shown = self._scanned = 0
        return released

    def _release_clauses(self) -> str:
        if self._about.level >= RiskLevel.HIGH:
            return ""
        clauses = list(_CLAUSE_END.finditer(self._open, self._shown))
        if not clauses or may_begin_a_hit(self._open[: clauses[-1].end()]):
            return ""
        return self._release(clauses[-1].end())

    def _release(self, position: int) -> str:
        released = self._open[self._shown : position]
        self._shown = max(self._shown, position)
        return released

    def _judge(self, end: int) -> None:
        span = self._open[:end]
        if self._about.level is RiskLevel.NONE and not may_begin_a_hit(span):
            return
        kind = judge_span(span, self._about)
        if kind is not None:
            raise Blocked(kind)


def judge(text: str, about: GuardContext | None = None) -> BlockReason | None:
    """The verdict of the guard on a whole answer: the first kind it withholds, or None."""
    guard = Guard(about or GuardContext())
    try:
        guard.feed(text)
        guard.close()
    except Blocked as blocked:
        return blocked.reason
    return None
