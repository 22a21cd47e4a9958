"""One turn that this process works on: everything that is known of it while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import structlog

if TYPE_CHECKING:
    import asyncio

    from bot.safety import Assessment
    from bot.storage import Turn

log = structlog.get_logger(__name__)

Interruption = Literal["stopped", "edited", "raised"]


@dataclass(slots=True, eq=False, kw_only=True)
class RunningTurn:
    """A turn from its claim to its release.

        running ──> ending ──ended, or released to other replicas──> (gone)
                      └──the database is away──> unreleased ──released, or run again──> (gone)

    Args:
        turn: as it is to be answered: edits of its messages take the place of what was said.
        lease_until: the moment, by the monotonic clock, until which no other replica can have it.
        message_id: the message that shows its answer, once there is one.
        has_edits: whether edits of its messages may wait in the inbox.
        stop_requested: whether it is to stop before its first word.
        found: what a second reading of its words has found; None: not read, or not yet.
        is_overtaken: words of danger wait behind it: it ends without a word more.
        draft: what of the answer there is, without white space around.
        generation: makes the answer.
        interruption: why the generation was broken off; None: a shutdown, or the lease is lost.
    """

    turn: Turn
    lease_until: float
    message_id: int | None
    has_edits: bool
    stop_requested: bool
    found: Assessment | None = None
    is_overtaken: bool = False
    state: Literal["running", "ending", "unreleased"] = "running"
    draft: str = ""
    generation: asyncio.Task[None] | None = None
    interruption: Interruption | None = None

    def request_stop(self) -> None:
        """Stop the answer; one that has not begun is stopped as soon as it would begin."""
        if self._is_generating:
            self._interrupt("stopped")
        else:
            self.stop_requested = True

    def overtake(self) -> None:
        """Stop the answer for the sake of somebody in danger who has just written."""
        self.is_overtaken = True
        self.request_stop()

    def interrupt_for_card(self) -> None:
        """Break the answer off: a second reading brings a card, and another answer."""
        if self._is_generating and self.interruption is None:
            self._interrupt("raised")

    def note_edit(self) -> None:
        """Have edits looked for; an answer of which something is to be seen goes on as it is."""
        self.has_edits = True
        if self._is_generating and not self.draft and self.interruption is None:
            self._interrupt("edited")

    def abandon(self) -> None:
        """Stop making an answer that another replica gives by now.

        Does nothing where none is being made: what is said then asks for the lease before.
        """
        if self.generation is not None:
            log.warning("turn_lost", turn=self.turn.id)
            self.generation.cancel()

    @property
    def _is_generating(self) -> bool:
        return self.generation is not None and not self.generation.done()

    def _interrupt(self, interruption: Interruption) -> None:
        self.interruption = interruption
        if self.generation is not None:
            self.generation.cancel()
