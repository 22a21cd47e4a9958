"""The placeholders of the texts for operators."""

from __future__ import annotations

from bot.locales.templates import Template


class NumberText(Template):
    """A text about one person, or one thing with a number: {number}."""

    __slots__ = ()
    placeholders = frozenset({"number"})

    def __call__(self, *, number: int) -> str:
        """The text, filled in."""
        return self.text.format(number=number)


class NumberCountText(Template):
    """A text about one person or thing, and how many: {number}, {count}."""

    __slots__ = ()
    placeholders = frozenset({"number", "count"})

    def __call__(self, *, number: int, count: int) -> str:
        """The text, filled in."""
        return self.text.format(number=number, count=count)


class InviteMadeText(Template):
    """A new code: {number}, {uses}, {until}, {code}, {link}."""

    __slots__ = ()
    placeholders = frozenset({"number", "uses", "until", "code", "link"})

    def __call__(self, *, number: int, uses: int, until: str, code: str, link: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, uses=uses, until=until, code=code, link=link)


class InviteLineText(Template):
    """A code in a list: {number}, {used}, {uses}, {until}."""

    __slots__ = ()
    placeholders = frozenset({"number", "used", "uses", "until"})

    def __call__(self, *, number: int, used: int, uses: int, until: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, used=used, uses=uses, until=until)


class BanLineText(Template):
    """A ban in a list: {number}, {by}, {at}, {reason}."""

    __slots__ = ()
    placeholders = frozenset({"number", "by", "at", "reason"})

    def __call__(self, *, number: int, by: int, at: str, reason: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, by=by, at=at, reason=reason)


class QuotaText(Template):
    """What a person has of their answers: {number}, {used}, {of}."""

    __slots__ = ()
    placeholders = frozenset({"number", "used", "of"})

    def __call__(self, *, number: int, used: int, of: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, used=used, of=of)


class NumberRoleText(Template):
    """A person and their role: {number}, {role}."""

    __slots__ = ()
    placeholders = frozenset({"number", "role"})

    def __call__(self, *, number: int, role: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, role=role)


class RoleText(Template):
    """A text with the name of a role: {role}."""

    __slots__ = ()
    placeholders = frozenset({"role"})

    def __call__(self, *, role: str) -> str:
        """The text, filled in."""
        return self.text.format(role=role)


class AtText(Template):
    """A text with a moment: {at}."""

    __slots__ = ()
    placeholders = frozenset({"at"})

    def __call__(self, *, at: str) -> str:
        """The text, filled in."""
        return self.text.format(at=at)


class IncidentText(Template):
    """A fault in a list: {event}, {count}, {at}."""

    __slots__ = ()
    placeholders = frozenset({"event", "count", "at"})

    def __call__(self, *, event: str, count: int, at: str) -> str:
        """The text, filled in."""
        return self.text.format(event=event, count=count, at=at)


class LimitText(Template):
    """A text with a limit: {count}."""

    __slots__ = ()
    placeholders = frozenset({"count"})

    def __call__(self, *, count: int) -> str:
        """The text, filled in."""
        return self.text.format(count=count)


class CastReportText(Template):
    """How far a broadcast has come: its {number}, and how many people by what became of it."""

    __slots__ = ()
    placeholders = frozenset({"number", "sent", "left", "gone", "refused", "unsure", "in_danger"})

    def __call__(
        self,
        *,
        number: int,
        sent: int,
        left: int,
        gone: int,
        refused: int,
        unsure: int,
        in_danger: int,
    ) -> str:
        """The text, filled in."""
        return self.text.format(
            number=number,
            sent=sent,
            left=left,
            gone=gone,
            refused=refused,
            unsure=unsure,
            in_danger=in_danger,
        )


class CastStatusText(Template):
    """A broadcast: {number}, {state}, {at}, {report}."""

    __slots__ = ()
    placeholders = frozenset({"number", "state", "at", "report"})

    def __call__(self, *, number: int, state: str, at: str, report: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, state=state, at=at, report=report)


class PeopleText(Template):
    """How many people wrote: {day}, {week}, {month}, {ever}."""

    __slots__ = ()
    placeholders = frozenset({"day", "week", "month", "ever"})

    def __call__(self, *, day: int, week: int, month: int, ever: int) -> str:
        """The text, filled in."""
        return self.text.format(day=day, week=week, month=month, ever=ever)


class TurnsText(Template):
    """How turns ended: {answered}, {stopped}, {failed}, {unfinished}."""

    __slots__ = ()
    placeholders = frozenset({"answered", "stopped", "failed", "unfinished"})

    def __call__(self, *, answered: int, stopped: int, failed: int, unfinished: int) -> str:
        """The text, filled in."""
        return self.text.format(
            answered=answered, stopped=stopped, failed=failed, unfinished=unfinished
        )


class NamesText(Template):
    """A text with names and numbers: {names}."""

    __slots__ = ()
    placeholders = frozenset({"names"})

    def __call__(self, *, names: str) -> str:
        """The text, filled in."""
        return self.text.format(names=names)


class LatencyText(Template):
    """Seconds: {median}, {p95}."""

    __slots__ = ()
    placeholders = frozenset({"median", "p95"})

    def __call__(self, *, median: str, p95: str) -> str:
        """The text, filled in."""
        return self.text.format(median=median, p95=p95)


class EngineText(Template):
    """The engine: {model}, {state}."""

    __slots__ = ()
    placeholders = frozenset({"model", "state"})

    def __call__(self, *, model: str, state: str) -> str:
        """The text, filled in."""
        return self.text.format(model=model, state=state)


class NodeText(Template):
    """A node: {number}, {address}, {model}, {running}, {state}."""

    __slots__ = ()
    placeholders = frozenset({"number", "address", "model", "running", "state"})

    def __call__(self, *, number: int, address: str, model: str, running: int, state: str) -> str:
        """The text, filled in."""
        return self.text.format(
            number=number, address=address, model=model, running=running, state=state
        )


class QueueText(Template):
    """What waits: {waiting}, {running}, {outbox}, {seconds}."""

    __slots__ = ()
    placeholders = frozenset({"waiting", "running", "outbox", "seconds"})

    def __call__(self, *, waiting: int, running: int, outbox: int, seconds: int) -> str:
        """The text, filled in."""
        return self.text.format(waiting=waiting, running=running, outbox=outbox, seconds=seconds)


class DangerCountsText(Template):
    """Danger: {people}, {cards}, {calls}."""

    __slots__ = ()
    placeholders = frozenset({"people", "cards", "calls"})

    def __call__(self, *, people: str, cards: str, calls: int) -> str:
        """The text, filled in."""
        return self.text.format(people=people, cards=cards, calls=calls)


class ComplaintCameText(Template):
    """A new complaint: {number}, {day}."""

    __slots__ = ()
    placeholders = frozenset({"number", "day"})

    def __call__(self, *, number: int, day: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, day=day)


class ComplaintLineText(Template):
    """A complaint in a list: {number}, {made}, {due}."""

    __slots__ = ()
    placeholders = frozenset({"number", "made", "due"})

    def __call__(self, *, number: int, made: str, due: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, made=made, due=due)


class ComplaintShownText(Template):
    """A complaint to be read: {number}, {person}, {made}, {words}, {answer}."""

    __slots__ = ()
    placeholders = frozenset({"number", "person", "made", "words", "answer"})

    def __call__(self, *, number: int, person: int, made: str, words: str, answer: str) -> str:
        """The text, filled in."""
        return self.text.format(number=number, person=person, made=made, words=words, answer=answer)
