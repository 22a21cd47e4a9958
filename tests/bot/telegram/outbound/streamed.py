"""What tests of a streamed reply share: where its id goes, its buttons, and waiting for its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bot.telegram.outbound.saying import soon

if TYPE_CHECKING:
    from bot.telegram.outbound.streaming import StreamedReply
    from tests.bot.telegram.outbound.scripted_bot import ScriptedBot
    from tests.clock import FakeClock

STOP, REDO = "stop", "redo"


class Ids:
    """Where the message's id is stored; fails as often as it is told."""

    def __init__(self, bot: ScriptedBot) -> None:
        self.bot = bot
        self.stored: list[int] = []
        self.failures = 0
        self.calls_before: list[list[str]] = []

    async def __call__(self, message_id: int) -> None:
        self.calls_before.append([method for _, method, _ in self.bot.log()])
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        self.stored.append(message_id)


async def finish(
    reply: StreamedReply, clock: FakeClock, text: str, keyboard: str = REDO
) -> tuple[int, ...]:
    """End the reply, and wait until Telegram has it; what `StreamedReply.finish` says."""
    end = soon(reply.finish(text, keyboard))
    await clock.advance(20)
    return await end
