"""The machinery behind the outbox: queues, workers, and what happens after a failed call."""

from __future__ import annotations

import asyncio
import heapq
from math import inf
from typing import TYPE_CHECKING

import structlog
from telegram.error import ChatMigrated, InvalidToken, RetryAfter, TelegramError

from bot import metrics
from bot.telegram.outbound.chat_queue import ChatQueue
from bot.telegram.outbound.delivery import call
from bot.telegram.outbound.failures import (
    Closed,
    Expired,
    OutboxError,
    SendFailure,
    Undeliverable,
    Unreachable,
    failure_of,
    is_said_by_telegram,
    reason,
    retry_after,
)
from bot.telegram.outbound.operation import Priority
from bot.timeouts import wait_with_limit

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
_WAITS = {one: metrics.OUTBOX_WAIT.labels(one.name.lower()) for one in Priority}
MUTED_FOR = 600.0
"""Seconds before a group in which the bot may not write is tried again: of the rights of all its
members nothing tells the bot."""


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
        self.queues: dict[int, ChatQueue] = {}
        self._idle: list[tuple[float, int]] = []
        self.unreachable: set[int] = set()
        self.on_migrated: Callable[[int, int], None] = lambda _old, _new: None
        self._muted_until: dict[int, float] = {}
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
        queue = self._queue(chat_id)
        if operation.kind == "edit" and not queue.replace_older(operation):
            operation.settle(operation.message_id)
            return
        operation.submitted_at = self._clock()
        if queue.ready_at(operation) > operation.deadline:
            raise Expired("Telegram wants this chat left alone for longer")
        queue.waiting.append(operation)
        self._wake(queue, operation)

    def recall(self, chat_id: int, operation: Operation) -> bool:
        """Take `operation` back; True if it is on its way and will still come to an end."""
        operation.recalled = True
        queue = self.queues.get(self._successors.get(chat_id, chat_id))
        if operation.done.done() or (queue is not None and operation in queue.running):
            return True
        operation.done.cancel()
        return False

    def is_muted(self, chat_id: int) -> bool:
        """Whether the bot was lately told that it may not write in this group."""
        until = self._muted_until.get(self._successors.get(chat_id, chat_id))
        return until is not None and self._clock() < until

    def unmute(self, chat_id: int) -> None:
        """Try a group again: the bot's rights in it have changed."""
        self._muted_until.pop(chat_id, None)

    def type(self, chat_id: int, operation: Operation) -> None:
        """Begin a typing action if that keeps nothing else from being said.

        It is made beside the queue and not waited for: one that hangs must not hold up a message.

        Raises:
            Unreachable: the person blocked the bot.
        """
        chat_id = self._successors.get(chat_id, chat_id)
        if chat_id in self.unreachable:
            raise Unreachable
        queue, now = self._queue(chat_id), self._clock()
        if self._closing or queue.busy or queue.ready_at(operation) > now:
            return
        if not self._pace.mostly_free() or not self._pace.take_now():
            return
        queue.called(now)
        heapq.heappush(self._idle, (queue.idle_at(), chat_id))
        task = asyncio.create_task(self._type(queue, operation), name="typing")
        self._typing.add(task)
        task.add_done_callback(self._typing.discard)

    async def _type(self, queue: ChatQueue, operation: Operation) -> None:
        action = call(self._bot, queue.chat_id, operation, None)
        try:
            await wait_with_limit(action, self._sleep(TYPING_TIMEOUT))
        except TelegramError as error:
            self._failed(queue, operation, error)
        finally:
            self._pace.release()

    async def aclose(self, drain_seconds: float) -> None:
        """See `Outbox.aclose`."""
        self._closing = True
        for queue in self.queues.values():
            for operation in queue.waiting:
                if operation.priority > Priority.SEND:
                    operation.fail(Closed("the bot is stopping"))
        await wait_with_limit(self._wait_for_workers(), self._sleep(drain_seconds))
        self._closed = True
        tasks = (*self._workers(), *self._typing)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for queue in self.queues.values():
            for operation in queue.waiting:
                operation.fail(Closed("the bot has stopped"))
        self.queues.clear()

    async def _wait_for_workers(self) -> None:
        while workers := self._workers():
            await asyncio.wait(workers)

    def _workers(self) -> set[asyncio.Task[None]]:
        return {
            task
            for queue in self.queues.values()
            for task in (queue.worker, *queue.couriers)
            if task is not None
        }

    def _queue(self, chat_id: int) -> ChatQueue:
        now = self._clock()
        while self._idle and self._idle[0][0] <= now:
            queue = self.queues.get(heapq.heappop(self._idle)[1])
            if queue is not None and not queue.busy and queue.idle_at() <= now:
                del self.queues[queue.chat_id]
        return self.queues.setdefault(chat_id, ChatQueue(chat_id))

    def _wake(self, queue: ChatQueue, new: Operation) -> None:
        """Make sure that a worker looks at `new` no later than it may start."""
        if queue.worker is None:
            self._start_worker(queue)
        elif queue.wakes_at is not None:
            if queue.ready_at(new) < queue.wakes_at:
                queue.worker.cancel()
                self._start_worker(queue)
        elif new.priority is Priority.CRISIS:
            # Neither a call that hangs nor the line for the whole bot's pace may hold it.
            queue.couriers.add(asyncio.create_task(self._work(queue, Priority.CRISIS)))
        elif queue.turn is not None and all(
            new.priority < other.priority for other in queue.waiting if other is not new
        ):
            self._pace.hurry(queue.turn, new.priority)

    def _start_worker(self, queue: ChatQueue) -> None:
        queue.wakes_at = None
        queue.worker = asyncio.create_task(self._work(queue, Priority.TYPING))

    async def _work(self, queue: ChatQueue, lowest: Priority) -> None:
        """Do what waits in a queue, down to priority `lowest`, and end when nothing is left."""
        courier = lowest is Priority.CRISIS
        try:
            while True:
                now = self._clock()
                operation, ready = queue.next(now, lowest)
                if operation is None:
                    if ready == inf:
                        break
                    queue.wakes_at = queue.wakes_at if courier else ready
                    await self._sleep(ready - now)
                    queue.wakes_at = queue.wakes_at if courier else None
                    continue
                crisis = operation.priority is Priority.CRISIS
                turn = self._pace.take(operation.priority, overdraw=crisis)
                if turn is not None:
                    queue.turn = queue.turn if courier else turn
                    await turn
                    queue.turn = queue.turn if courier else None
                    operation, _ = queue.next(self._clock(), lowest)  # a better one may have come
                if operation is None:
                    self._pace.release(used=False)
                else:
                    await self._perform(queue, operation)
        finally:
            self._retire(queue, asyncio.current_task())

    def _retire(self, queue: ChatQueue, task: asyncio.Task[None] | None) -> None:
        """Note that a worker has ended; a worker that was replaced while it slept is not noted."""
        if queue.worker is task:
            queue.worker = None
        elif task is not None:
            queue.couriers.discard(task)
        if not queue.busy:
            heapq.heappush(self._idle, (queue.idle_at(), queue.chat_id))

    async def _perform(self, queue: ChatQueue, operation: Operation) -> None:
        """Make one call. The slot for it has been taken and is given back here."""
        queue.waiting.remove(operation)
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
        queue.running.append(operation)
        started_at = self._clock()
        _WAITS[operation.priority].observe(started_at - operation.submitted_at)
        queue.occupy(started_at)
        try:
            operation.settle(await call(self._bot, queue.chat_id, operation, content))
            self._muted_until.pop(queue.chat_id, None)
        except ChatMigrated as error:
            self._follow(queue, operation, error)
        except TelegramError as error:
            self._failed(queue, operation, error)
        except asyncio.CancelledError:
            operation.fail(Closed("the bot has stopped"))
            raise
        except Exception as error:  # the queue goes on; the caller sees what it was
            operation.fail(error)
        finally:
            queue.running.remove(operation)
            ended_at = self._clock()
            metrics.TELEGRAM_CALL.labels(operation.kind).observe(ended_at - started_at)
            queue.called(ended_at)
            self._pace.release()

    def _failed(self, queue: ChatQueue, operation: Operation, error: TelegramError) -> None:
        """Decide what a refused or failed call means for its operation and its queue."""
        failure = failure_of(error)
        metrics.SEND_FAILURES.labels(failure.name.lower()).inc()
        match failure:
            case SendFailure.UNCHANGED:
                operation.settle(operation.message_id)
            case SendFailure.UNREACHABLE:
                self.unreachable.add(queue.chat_id)
                log.info("chat_unreachable", chat_id=queue.chat_id)
                for pending in (operation, *queue.waiting):
                    pending.fail(Unreachable())
            case SendFailure.MUTED:
                self._mute(queue.chat_id)
                operation.fail(Undeliverable(reason(error)))
            case SendFailure.FLOOD if isinstance(error, RetryAfter):
                self._leave_alone(queue, retry_after(error))
                if operation.priority is Priority.CRISIS:
                    operation.not_before = self._clock() + retry_after(error)
                self._again(queue, operation)
            case _ if operation.leave_out(failure):
                log.info("sent_in_another_way", chat_id=queue.chat_id, reason=reason(error))
                self._again(queue, operation)
            case SendFailure.UNSENT | SendFailure.UNCERTAIN as kind:
                if kind is SendFailure.UNCERTAIN and operation.kind in ("send", "document"):
                    self.uncertain_sends += 1
                    metrics.UNCERTAIN_SENDS.inc()
                self._back_off(queue, operation, error)
            case _:
                log.warning("refused", kind=operation.kind, reason=reason(error))
                operation.fail(Undeliverable(reason(error)))

    def _mute(self, chat_id: int) -> None:
        if not self.is_muted(chat_id):
            log.warning("chat_muted", chat_id=chat_id, next_try_in=MUTED_FOR)
        self._muted_until[chat_id] = self._clock() + MUTED_FOR

    def _follow(self, queue: ChatQueue, operation: Operation, error: ChatMigrated) -> None:
        """Go on in the supergroup that a group became, with all that waits for the group."""
        if operation.followed:
            self._failed(queue, operation, error)
            return
        log.info("chat_migrated", chat_id=queue.chat_id, new_chat_id=error.new_chat_id)
        self._successors[queue.chat_id] = error.new_chat_id
        self.on_migrated(queue.chat_id, error.new_chat_id)
        moving, queue.waiting = [operation, *queue.waiting], []
        for one in moving:
            one.followed = True
            try:
                if not one.done.done() and one.move_to_successor():
                    self.submit(error.new_chat_id, one)
            except OutboxError as refusal:
                one.fail(refusal)

    def _leave_alone(self, queue: ChatQueue, seconds: float) -> None:
        self.floods += 1
        metrics.RETRY_AFTER.inc()
        metrics.RETRY_AFTER_SECONDS.inc(seconds)
        log.warning("flood_wait", chat_id=queue.chat_id, seconds=seconds)
        queue.free_at = max(queue.free_at, self._clock() + seconds)
        for waiting in queue.waiting:
            if queue.ready_at(waiting) > waiting.deadline:
                waiting.fail(Expired("Telegram wants this chat left alone for longer"))

    def _back_off(self, queue: ChatQueue, operation: Operation, error: TelegramError) -> None:
        operation.attempts += 1
        crisis = operation.priority is Priority.CRISIS
        pause = min(
            FIRST_BACKOFF * 2 ** (operation.attempts - 1),
            MAX_CRISIS_BACKOFF if crisis else MAX_BACKOFF,
        )
        operation.not_before = self._clock() + pause * self._random.uniform(0.5, 1.0)
        log.info("call_failed", kind=operation.kind, reason=reason(error), tries=operation.attempts)
        if isinstance(error, InvalidToken) and is_said_by_telegram(error):
            log.error("token_refused", fix="if it goes on, set the new token from @BotFather")
        if operation.preview and operation.attempts >= PREVIEW_TRIES:
            operation.fail(Expired("three tries failed"))
        else:
            self._again(queue, operation)

    def _again(self, queue: ChatQueue, operation: Operation) -> None:
        """Put an operation back in front of its equals."""
        if operation.kind == "typing" or operation.recalled or operation.done.done():
            operation.settle(0)
        elif queue.ready_at(operation) > operation.deadline:
            operation.fail(Expired("it did not succeed within its time"))
        elif self._closing and operation.priority > Priority.SEND:
            operation.fail(Closed("the bot is stopping"))
        else:
            newer = queue.edit_of(operation.message_id) if operation.kind == "edit" else None
            if newer is not None and newer.priority <= operation.priority:
                operation.settle(operation.message_id)
                newer.inherit_backoff(operation)
            else:
                queue.waiting.insert(0, operation)
