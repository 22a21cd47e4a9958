"""Runs all looks, one after the other, each with its limit."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

from bot.commands.doctor.engines import look_at_engine
from bot.commands.doctor.kept import look_at_storage
from bot.commands.doctor.machine import look_at_machine
from bot.commands.doctor.telegram import look_at_telegram
from bot.commands.doctor.verdict import Verdict, fail
from bot.errors import StartupError
from bot.storage import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.settings import Settings

WITHIN: Final = 60.0


async def examine(settings: Settings) -> str:
    """Print a verdict and a fix for everything; returns a last sentence.

    Raises:
        StartupError: something keeps the bot from its work.
    """
    verdicts = list(look_at_machine(settings))
    for verdict in verdicts:
        sys.stdout.write(f"{verdict}\n")
    for about, looks in (
        ("database", look_at_storage(settings)),
        ("engine", look_at_engine(settings)),
        ("Telegram", look_at_telegram(settings)),
    ):
        async for verdict in _in_time(about, looks):
            verdicts.append(verdict)
            sys.stdout.write(f"{verdict}\n")
            sys.stdout.flush()
    failed = sum(verdict.outcome == "fail" for verdict in verdicts)
    warned = sum(verdict.outcome == "warn" for verdict in verdicts)
    if failed:
        raise StartupError(
            f"{failed} of {len(verdicts)} are not well, {warned} are to be looked at."
        )
    return f"All {len(verdicts)} are well; {warned} are to be looked at."


async def _in_time(about: str, looks: AsyncIterator[Verdict]) -> AsyncIterator[Verdict]:
    """What was found until the limit, or until a look broke."""
    try:
        async with asyncio.timeout(WITHIN):
            async for verdict in looks:
                yield verdict
    except TimeoutError:
        yield fail(about, f"no answer in {WITHIN:.0f} s", "see that it runs and can be reached")
    except (StorageError, StartupError) as error:
        yield fail(about, str(error), "see the sentence")
