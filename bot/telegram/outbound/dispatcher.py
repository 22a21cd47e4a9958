"""The machinery behind the outbox: lanes, workers, and what happens after a failed call."""

from __future__ import annotations

import asyncio
import heapq
from math import inf
from typing import TYPE_CHECKING

import structlog
from telegram.error import ChatMigrated, RetryAfter, TelegramError

from bot.telegram.outbound.delivery import call
from bot.telegram.outbound.failures import (
    Closed,
    Expired,
    OutboxError,
    SendFailure,
    Undeliverable,
    Unreachable,
    failure_of,
    reason,
    retry_after,
)
from bot.telegram.outbound.lane import Lane
from bot.telegram.outbound.operation import Priority
from bot.waiting import wait_with_limit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from bot.telegram.outbound.delivery import SendApi
    from bot.telegram.outbound.operation import Operation
    from bot.telegram.outbound.pace import Pace

log = structlog.get_logger(__name__)

PREVIEW_TRIES = 3
FIRST_BACKOFF = 1.0
MAX_BACKOFF = 30.0
MAX_CRISIS_BACKOFF = 4.0
TYPING_TIMEOUT = 3.0


class Dispatcher:
    """Takes operations, calls Telegram when their slot has come, and tells how it ended."""

    def __init__(
        self,
        bot: SendApi,
        pace: Pace,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        random: Random,
    ) -> None:
        self._bot = bot
        self._pace = pace
        self._clock = clock
        self._sleep = sleep
        self._random = random
        self.lanes: dict[int, Lane] = {}
        self._idle: list[tuple[float, int]] = []
        self.unreachable: set[int] = set()
        self.on_migrated: Callable[[int, int], None] = lambda _old, _new: None
        self._successors: dict[int, int] = {}
        """Groups that became supergroups, and the id each has now. Asked of Telegram again after
        a restart: the first call to the old id tells."""
        self._typing: set[asyncio.Task[None]] = set()
        self._closing = False
        self._closed = False
        self.uncertain_sends = 0
        self.floods = 0

    def submit(self, chat_id: int, operation: Operation) -> None:
        """Put `operation` in line; its future tells how it ended.

        Raises:
            Unreachable: the person blocked the bot.
            Closed: the bot is stopping.
            Expired: Telegram wants the chat left alone for longer than the operation can wait.
        """
        if chat_id in self._successors:
            chat_id = self._successors[chat_id]
            if not operation.move_to_successor():
                return
        if chat_id in self.unreachable:
            raise Unreachable
        if self._closed or (self._closing and operation.priority > Priority.SEND):
            raise Closed("the bot is stopping")
        lane = self._lane(chat_id)
        if operation.kind == "edit" and not lane.replace_older(operation):
            operation.settle(operation.message_id)
            return
        if lane.ready_at(operation) > operation.deadline:
            raise Expired("Telegram wants this chat left alone for longer")
        lane.waiting.append(operation)
        self._wake(lane, operation)

    def recall(self, chat_id: int, operation: Operation) -> bool:
        """Take `operation` back; True if it is on its way and will still come to an end."""
        operation.recalled = True
        lane = self.lanes.get(self._successors.get(chat_id, chat_id))
        if operation.done.done() or (lane is not None and operation in lane.running):
            return True
        operation.done.cancel()
        return False

    def type(self, chat_id: int, operation: Operation) -> None:
        """Begin a typing action if that keeps nothing else from being said.

        It is made beside the lane and not waited for: one that hangs must not hold up a message.

        Raises:
            Unreachable: the person blocked the bot.
        """
        chat_id = self._successors.get(chat_id, chat_id)
        if chat_id in self.unreachable:
            raise Unreachable
        lane, now = self._lane(chat_id), self._clock()
        if self._closing or lane.busy or lane.ready_at(operation) > now:
            return
        if not self._pace.mostly_free() or not self._pace.take_now():
            return
        lane.called(now)
        heapq.heappush(self._idle, (lane.idle_at(), chat_id))
        task = asyncio.create_task(self._type(lane, operation), name="typing")
        self._typing.add(task)
        task.add_done_callback(self._typing.discard)

    async def _type(self, lane: Lane, operation: Operation) -> None:
        action = call(self._bot, lane.chat_id, operation, None)
        try:
            await wait_with_limit(action, self._sleep(TYPING_TIMEOUT))
        except TelegramError as error:
            self._failed(lane, operation, error)
        finally:
            self._pace.release()

    async def aclose(self, drain_seconds: float) -> None:
        """See `Outbox.aclose`."""
        self._closing = True
        for lane in self.lanes.values():
            for operation in lane.waiting:
                if operation.priority > Priority.SEND:
                    operation.fail(Closed("the bot is stopping"))
        await wait_with_limit(self._wait_for_workers(), self._sleep(drain_seconds))
        self._closed = True
        tasks = (*self._workers(), *self._typing)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in self.lanes.values():
            for operation in lane.waiting:
                operation.fail(Closed("the bot has stopped"))
        self.lanes.clear()

    async def _wait_for_workers(self) -> None:
        while workers := self._workers():
            await asyncio.wait(workers)

    def _workers(self) -> set[asyncio.Task[None]]:
        return {
            task
            for lane in self.lanes.values()
            for task in (lane.worker, *lane.couriers)
            if task is not None
        }

    def _lane(self, chat_id: int) -> Lane:
        now = self._clock()
        while self._idle and self._idle[0][0] <= now:
            lane = self.lanes.get(heapq.heappop(self._idle)[1])
            if lane is not None and not lane.busy and lane.idle_at() <= now:
                del self.lanes[lane.chat_id]
        return self.lanes.setdefault(chat_id, Lane(chat_id))

    def _wake(self, lane: Lane, new: Operation) -> None:
        """Make sure that a worker looks at `new` no later than it may start."""
        if lane.worker is None:
            self._start_worker(lane)
        elif lane.wakes_at is not None:
            if lane.ready_at(new) < lane.wakes_at:
                lane.worker.cancel()
                self._start_worker(lane)
        elif new.priority is Priority.CRISIS:
            # Neither a call that hangs nor the line for the whole bot's pace may hold it.
            lane.couriers.add(asyncio.create_task(self._work(lane, Priority.CRISIS)))
        elif lane.turn is not None and all(
            new.priority < other.priority for other in lane.waiting if other is not new
        ):
            self._pace.hurry(lane.turn, new.priority)

    def _start_worker(self, lane: Lane) -> None:
        lane.wakes_at = None
        lane.worker = asyncio.create_task(self._work(lane, Priority.TYPING))

    async def _work(self, lane: Lane, lowest: Priority) -> None:
        """Do what waits in a lane, down to priority `lowest`, and end when nothing is left."""
        courier = lowest is Priority.CRISIS
        try:
            while True:
                now = self._clock()
                operation, ready = lane.next(now, lowest)
                if operation is None:
                    if ready == inf:
                        break
                    lane.wakes_at = lane.wakes_at if courier else ready
                    await self._sleep(ready - now)
                    lane.wakes_at = lane.wakes_at if courier else None
                    continue
                crisis = operation.priority is Priority.CRISIS
                turn = self._pace.take(operation.priority, overdraw=crisis)
                if turn is not None:
                    lane.turn = lane.turn if courier else turn
                    await turn
                    lane.turn = lane.turn if courier else None
                    operation, _ = lane.next(self._clock(), lowest)  # a better one may have come
                if operation is None:
                    self._pace.release(used=False)
                else:
                    await self._perform(lane, operation)
        finally:
            self._retire(lane, asyncio.current_task())

    def _retire(self, lane: Lane, task: asyncio.Task[None] | None) -> None:
        """Note that a worker has ended; a worker that was replaced while it slept is not noted."""
        if lane.worker is task:
            lane.worker = None
        elif task is not None:
            lane.couriers.discard(task)
        if not lane.busy:
            heapq.heappush(self._idle, (lane.idle_at(), lane.chat_id))

    async def _perform(self, lane: Lane, operation: Operation) -> None:
        """Make one call. The slot for it has been taken and is given back here."""
        lane.waiting.remove(operation)
        content = None
        try:
            if operation.content is not None:
                content = operation.content()
        except Exception as error:  # a fault of the caller's, for the caller to see
            operation.fail(error)
        if operation.content is not None and content is None:
            operation.settle(0)
            self._pace.release(used=False)
            return
        lane.running.append(operation)
        lane.occupy(self._clock())
        try:
            operation.settle(await call(self._bot, lane.chat_id, operation, content))
        except ChatMigrated as error:
            self._follow(lane, operation, error)
        except TelegramError as error:
            self._failed(lane, operation, error)
        except asyncio.CancelledError:
            operation.fail(Closed("the bot has stopped"))
            raise
        except Exception as error:  # the lane goes on; the caller sees what it was
            operation.fail(error)
        finally:
            lane.running.remove(operation)
            lane.called(self._clock())
            self._pace.release()

    def _failed(self, lane: Lane, operation: Operation, error: TelegramError) -> None:
        """Decide what a refused or failed call means for its operation and its lane."""
        match failure_of(error):
            case SendFailure.UNCHANGED:
                operation.settle(operation.message_id)
            case SendFailure.UNREACHABLE:
                self.unreachable.add(lane.chat_id)
                log.info("chat_unreachable", chat_id=lane.chat_id)
                for pending in (operation, *lane.waiting):
                    pending.fail(Unreachable())
            case SendFailure.FLOOD if isinstance(error, RetryAfter):
                self._leave_alone(lane, retry_after(error))
                if operation.priority is Priority.CRISIS:
                    operation.not_before = self._clock() + retry_after(error)
                self._again(lane, operation)
            case failure if operation.leave_out(failure):
                log.info("sent_in_another_way", chat_id=lane.chat_id, reason=reason(error))
                self._again(lane, operation)
            case SendFailure.UNSENT | SendFailure.UNCERTAIN as kind:
                if kind is SendFailure.UNCERTAIN and operation.kind in ("send", "document"):
                    self.uncertain_sends += 1
                self._back_off(lane, operation, error)
            case _:
                log.warning("refused", kind=operation.kind, reason=reason(error))
                operation.fail(Undeliverable(reason(error)))

    def _follow(self, lane: Lane, operation: Operation, error: ChatMigrated) -> None:
        """Go on in the supergroup that a group became, with all that waits for the group."""
        if operation.followed:
            self._failed(lane, operation, error)
            return
        log.info("chat_migrated", chat_id=lane.chat_id, new_chat_id=error.new_chat_id)
        self._successors[lane.chat_id] = error.new_chat_id
        self.on_migrated(lane.chat_id, error.new_chat_id)
        moving, lane.waiting = [operation, *lane.waiting], []
        for one in moving:
            one.followed = True
            try:
                if not one.done.done() and one.move_to_successor():
                    self.submit(error.new_chat_id, one)
            except OutboxError as refusal:
                one.fail(refusal)

    def _leave_alone(self, lane: Lane, seconds: float) -> None:
        self.floods += 1
        log.warning("flood_wait", chat_id=lane.chat_id, seconds=seconds)
        lane.free_at = max(lane.free_at, self._clock() + seconds)
        for waiting in lane.waiting:
            if lane.ready_at(waiting) > waiting.deadline:
                waiting.fail(Expired("Telegram wants this chat left alone for longer"))

    def _back_off(self, lane: Lane, operation: Operation, error: TelegramError) -> None:
        operation.attempts += 1
        crisis = operation.priority is Priority.CRISIS
        pause = min(
            FIRST_BACKOFF * 2 ** (operation.attempts - 1),
            MAX_CRISIS_BACKOFF if crisis else MAX_BACKOFF,
        )
        operation.not_before = self._clock() + pause * self._random.uniform(0.5, 1.0)
        log.info("call_failed", kind=operation.kind, reason=reason(error), tries=operation.attempts)
        if operation.preview and operation.attempts >= PREVIEW_TRIES:
            operation.fail(Expired("three tries failed"))
        else:
            self._again(lane, operation)

    def _again(self, lane: Lane, operation: Operation) -> None:
        """Put an operation back in front of its equals."""
        if operation.kind == "typing" or operation.recalled or operation.done.done():
            operation.settle(0)
        elif lane.ready_at(operation) > operation.deadline:
            operation.fail(Expired("it did not succeed within its time"))
        elif self._closing and operation.priority > Priority.SEND:
            operation.fail(Closed("the bot is stopping"))
        else:
            newer = lane.edit_of(operation.message_id) if operation.kind == "edit" else None
            if newer is not None and newer.priority <= operation.priority:
                operation.settle(operation.message_id)
                newer.inherit_backoff(operation)
            else:
                lane.waiting.insert(0, operation)
