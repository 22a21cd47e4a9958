"""What an operator does for one person, by their Telegram id; no command shows their words."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bot.app import storage_options
from bot.commands.opened import opened, opened_with_keys
from bot.errors import StartupError
from bot.ops.logging import IdHash
from bot.safety import RiskLevel
from bot.storage import Audit, Conversations, Traces, Users, utc_now
from bot.storage.store import open_history_cache
from bot.telegram.features.account.export import export_files

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from bot.settings import Settings
    from bot.storage import Cipher, PersonTrace, TurnTrace, UpdateTrace

BY_COMMAND_LINE = 0
"""Stands in the audit for who has the machine's shell."""


async def show(settings: Settings, user_id: int) -> str:
    """What is kept of a person, in numbers and dates.

    Raises:
        StartupError: the database cannot be read.
    """
    async with opened_with_keys(settings) as (database, cipher):
        kept = await Users(database, cipher, utc_now).export(user_id, with_turns=False)
        trace = await Traces(database).for_user(user_id, 10_000)
    if kept.user is None and not trace.is_known:
        return f"Nothing is kept of {user_id}."
    user = kept.user
    danger = [f"{RiskLevel(level).label} until {_at(end)}" for level, end in kept.risk.ends.items()]
    lines = [
        f"person         {user_id} (in logs: {IdHash(settings.log_secret)(user_id)})",
        f"first seen     {_at(user.created_at if user else None)}",
        f"last seen      {_at(user.last_seen_at if user else None)}",
        f"language       {(user.language_code if user else None) or '-'}",
        f"unreachable    {_at(user.unreachable_at if user else None)}",
        f"turns          {len(trace.turns)}",
        f"crisis cards   {len(kept.cards)}",
        f"danger kept    {', '.join(danger) or '-'}",
        f"human          {trace.handover or '-'}",
        f"safety plan    {len(kept.plan)} lines",
        f"contact        {'yes' if kept.contact else '-'}",
        f"trusted person {'yes' if kept.trusts else '-'}",
        f"ratings        {len(kept.ratings)}, training {kept.consent or '-'}",
    ]
    return "\n".join(lines)


async def reset(settings: Settings, user_id: int) -> str:
    """End the conversation in a person's private chat; nothing of it is told to the model again.

    Raises:
        StartupError: the database cannot be written.
    """
    async with opened_with_keys(settings) as (database, cipher):
        was_open = await Conversations(database, utc_now).reset(user_id)
        await _forget_copy(settings, cipher, user_id)
        outcome = "done" if was_open else "nothing"
        await Audit(database, utc_now).record(BY_COMMAND_LINE, "reset", str(user_id), outcome)
    return "The conversation was ended." if was_open else "No conversation was open."


async def erase(settings: Settings, user_id: int) -> str:
    """Delete everything stored about a person.

    Raises:
        StartupError: the database cannot be written.
    """
    async with opened_with_keys(settings) as (database, cipher):
        erased = await Users(database, cipher, utc_now).erase(user_id)
        await _forget_copy(settings, cipher, user_id)
        # Whose it was is not kept: an erasure leaves no id behind.
        await Audit(database, utc_now).record(BY_COMMAND_LINE, "erase", "person", "done")
    return (
        f"Everything of this person was deleted, {erased} turns among it. Backups keep what they "
        "hold until you delete them."
    )


async def export(settings: Settings, user_id: int, file: Path) -> str:
    """Write everything kept of a person, as /export gives it, to new files that only we can read.

    Raises:
        StartupError: the database cannot be read, or a file not be written or is there already.
    """
    written: list[str] = []
    async with opened_with_keys(settings) as (database, cipher):
        users = Users(database, cipher, utc_now)
        async for content in export_files(users, user_id):
            place = file if not written else file.with_stem(f"{file.stem}-{len(written) + 1}")
            _write_private(place, content)
            written.append(str(place))
        outcome = "done" if written else "nothing"
        await Audit(database, utc_now).record(BY_COMMAND_LINE, "export", str(user_id), outcome)
    if not written:
        return f"Nothing is kept of {user_id}; no file was written."
    return f"Written: {', '.join(written)}. These are their words: give them to nobody else."


async def why(settings: Settings, user_id: int, last: int) -> str:
    """What became of a person's last messages, oldest first: times, states, reasons; no text.

    Raises:
        StartupError: the database cannot be read.
    """
    async with opened(settings) as database:
        trace = await Traces(database).for_user(user_id, last)
    hashed = IdHash(settings.log_secret)(user_id)
    if not trace.is_known:
        return f"Nothing has ever arrived from {user_id} (in logs: {hashed}), or it was erased."
    told = [*map(_of_turn, trace.turns), *map(_of_update, trace.updates)]
    told += [
        (card.created_at, f"crisis card ({RiskLevel(card.level).label}): {card.state}")
        for card in trace.cards
    ]
    head = [f"Person {user_id}; in logs and events: {hashed}", *_remarks(trace)]
    lines = [f"{_at(moment)}  {what}" for moment, what in sorted(told)]
    return "\n".join([*head, *(lines[-last:] or ["No message of theirs is kept."])])


def _remarks(trace: PersonTrace) -> list[str]:
    remarks = []
    if trace.unreachable_at is not None:
        remarks.append(f"They blocked the bot, or Telegram says so ({_at(trace.unreachable_at)}).")
    if trace.limit_told_at is not None:
        remarks.append(f"They were told of ANSWERS_PER_DAY at {_at(trace.limit_told_at)}.")
    if trace.handover == "taken":
        remarks.append("A human has them: the model is silent.")
    elif trace.handover == "open":
        remarks.append("A human was called for them, and nobody has come yet.")
    return remarks


def _of_turn(turn: TurnTrace) -> tuple[datetime, str]:
    match turn.state:
        case "failed":
            what = f"failed: {turn.failure or 'unknown'}"
        case "pending" | "answering":
            what = f"{turn.state}, {'in work' if turn.is_claimed else 'waits for a replica'}"
        case _:
            took = ""
            if turn.answered_at is not None:
                took = f" after {(turn.answered_at - turn.created_at).total_seconds():.1f} s"
            what = f"{turn.state}{took}" + ("" if turn.is_shown else ", by a card or in silence")
    tries = f", {turn.attempts} tries" if turn.attempts > 1 else ""
    made_of = f" of {len(turn.updates)} messages" if len(turn.updates) > 1 else ""
    return turn.created_at, f"turn {turn.id}{made_of}: {what}{tries}"


def _of_update(update: UpdateTrace) -> tuple[datetime, str]:
    kind = "message" if update.lane == "chat" else "command, button or other"
    reason = f": {update.reason}" if update.reason else ""
    return update.received_at, f"update {update.id} ({kind}): {update.state}{reason}"


async def _forget_copy(settings: Settings, cipher: Cipher, chat_id: int) -> None:
    """Drop the copy in Redis; the one in the memory of a bot is of another revision by now."""
    cache = open_history_cache(storage_options(settings), cipher)
    try:
        await cache.forget(chat_id)
    finally:
        await cache.aclose()


def _write_private(path: Path, content: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise StartupError(
            f"{path} cannot be written ({error.strerror}); name a file that is not there yet."
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _at(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
