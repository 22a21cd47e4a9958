"""Everything kept of a person, as a file for that person."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from bot.safety import RiskLevel
from bot.safety.quoted import as_told
from bot.storage import PlanStep

if TYPE_CHECKING:
    from bot.storage import Disclosure, Turn, UserExport


def export_file(user_id: int, export: UserExport) -> bytes | None:
    """Everything kept of a person as JSON in UTF-8; None if there is nothing."""
    if not _holds_anything(export):
        return None
    content = {
        "user_id": user_id,
        "about_you": _about(export.disclosure),
        "emergency_contact": asdict(export.contact) if export.contact else None,
        "trusted_person": _trusted(export),
        "safety_plan": _plan(export),
        "from_humans": [
            {"at": said.at.isoformat(), "a human of the operators": said.text}
            for said in export.from_humans
        ],
        "turns": [_entry(turn) for turn in export.turns],
        "safety": _safety(export),
        "feedback": _feedback(export),
    }
    return json.dumps(content, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace")


def _holds_anything(export: UserExport) -> bool:
    user = export.user
    chose = user is not None and (user.region or user.check_ins_off_at)
    return bool(
        export.turns
        or export.disclosure
        or export.cards
        or export.questions
        or export.risk.ends
        or export.contact
        or export.plan
        or export.trusts
        or export.trusted_by
        or export.from_humans
        or export.ratings
        or export.consent
        or chose
    )


def _about(disclosure: Disclosure | None) -> dict[str, object]:
    """What the person answered about themselves, and when they were told and asked what."""
    known = asdict(disclosure) if disclosure is not None else {}
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in known.items()
    }


def _entry(turn: Turn) -> dict[str, object]:
    return {
        "conversation": turn.conversation_id,
        "number": turn.number,
        "at": turn.created_at.isoformat(),
        "you": as_told(turn.user_text),
        "shudong": turn.answer,
        "state": turn.state,
    }


def _safety(export: UserExport) -> dict[str, object]:
    """What is kept for a person's safety: danger kept in mind, cards shown, what they chose."""
    user = export.user
    return {
        "kept_in_mind": {
            RiskLevel(level).label: until.isoformat() for level, until in export.risk.ends.items()
        },
        "cards": [
            {"at": shown.at.isoformat(), "level": RiskLevel(shown.level).label}
            for shown in export.cards
        ],
        "asked": [
            {
                "question": asked.question,
                "at": asked.asked_at.isoformat() if asked.asked_at else None,
                "answered_at": asked.answered_at.isoformat() if asked.answered_at else None,
            }
            for asked in export.questions
        ],
        "region": user.region if user is not None else None,
        "check_ins": user is None or user.check_ins_off_at is None,
    }


def _trusted(export: UserExport) -> dict[str, object]:
    """Whom the person trusts, and who trusts them: names as they were given, and since when."""
    trusts = export.trusts
    return {
        "you_trust": None
        if trusts is None
        else {
            "name": trusts.name,
            "calls_you": trusts.called,
            "agreed_at": trusts.agreed_at.isoformat() if trusts.agreed_at else None,
            "sends": trusts.sends,
            "also_when_you_are_hurt": trusts.for_harm,
            "told_at": trusts.sent_at.isoformat() if trusts.sent_at else None,
        },
        "trust_you": [
            {
                "called": one.called,
                "agreed_at": one.agreed_at.isoformat() if one.agreed_at else None,
            }
            for one in export.trusted_by
        ],
    }


def _plan(export: UserExport) -> dict[str, list[str]]:
    """The lines of the person's safety plan, by step."""
    return {
        step.value: [said for of_step, said in export.plan if of_step is step]
        for step in PlanStep
        if any(of_step is step for of_step, _ in export.plan)
    }


def _feedback(export: UserExport) -> dict[str, object]:
    """What the person thinks of answers, and whether they agreed to training with that."""
    return {
        "training_consent": export.consent,
        "ratings": [
            {
                "at": rated.rated_at.isoformat(),
                "answer": rated.text,
                "rating": rated.rating,
                "you_would_say": rated.rewritten,
            }
            for rated in export.ratings
        ],
    }
