"""What an operator does with the data: migrate, change keys, read counters and the audit."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from bot.commands.opened import opened, opened_with_keys
from bot.compliance import gather, render
from bot.feedback.deidentify import Deidentifier
from bot.feedback.export import export_feedback
from bot.storage import (
    Audit,
    Counters,
    Disclosures,
    RatedConversations,
    SchemaStatus,
    schema_status,
    upgrade,
    utc_now,
)

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from bot.compliance import Law
    from bot.settings import Settings


async def migrate(settings: Settings) -> str:
    """Bring the database up to date; returns a sentence that says what was done.

    Raises:
        StartupError: it cannot be reached, or is newer than this program.
    """
    async with opened(settings, may_be_new=True) as database:
        before = await schema_status(database)
        await upgrade(database)
    if before is SchemaStatus.CURRENT:
        return "The database is up to date already."
    if before is SchemaStatus.NEWER:
        return "The database is newer than this program, which may work on it; nothing was changed."
    return "The database is up to date now."


async def counted(settings: Settings, year: int) -> str:
    """The counters of a year as a small table: a name and how often, nothing about a person.

    Raises:
        StartupError: the database cannot be reached, or has no counters yet.
    """
    async with opened(settings) as database:
        totals = await Counters(database, utc_now).totals(date(year, 1, 1), date(year, 12, 31))
    if not totals:
        return f"Nothing was counted in {year}."
    width = max(map(len, totals))
    return "\n".join([f"{year}", *(f"{name:<{width}}  {count}" for name, count in totals.items())])


async def report_of(settings: Settings, law: Law, year: int) -> str:
    """The report of a year that a law asks for, as Markdown, without an identifier.

    Raises:
        StartupError: the database cannot be reached, or has no tables yet.
    """
    async with opened(settings) as database:
        facts = await gather(
            Counters(database, utc_now), Disclosures(database, utc_now), year, utc_now().date()
        )
    return render(law, facts, settings)


async def audited(settings: Settings, last: int) -> str:
    """The `last` acts of admins, a line each, newest first: when, who, what, to what, outcome.

    Raises:
        StartupError: the database cannot be reached, or has no tables yet.
    """
    async with opened(settings) as database:
        acts = await Audit(database, utc_now).list_recent(last)
    lines = [
        f"{act.at:%Y-%m-%d %H:%M:%S}  {act.admin_id}  {act.action} {act.target}: {act.outcome}"
        for act in acts
    ]
    return "\n".join(lines) or "No admin has done anything yet."


async def export_feedback_to(settings: Settings, file: Path, since: datetime | None) -> str:
    """Write what people agreed to give for training; returns sentences that say how much.

    Raises:
        StartupError: the database cannot be reached, the file not be written, jieba is missing.
    """
    deidentifier = Deidentifier()
    async with opened_with_keys(settings) as (database, cipher):
        conversations = RatedConversations(database, cipher)
        exported = await export_feedback(conversations, file, deidentifier, since)
    said = [
        f"{exported.prompts} rated prompts of {exported.conversations} conversations are in {file}."
    ]
    if deidentifier.taken_out:
        found = ", ".join(f"{put} {n}" for put, n in deidentifier.taken_out.most_common())
        said.append(f"Taken out and replaced: {found}.")
    said += [f"Left out: {n}, because {why}." for why, n in exported.left_out.items()]
    said.append("Names slip through: a person has to read the file before anybody uses it.")
    return "\n".join(said)
