"""One run from the first message to the account of all of them."""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.accounting import judge
from benchmarks.chaos.environment import started
from benchmarks.chaos.faults import FaultInjector
from benchmarks.chaos.people import ARRIVAL, Person
from benchmarks.chaos.plan import Plan, make_plan
from benchmarks.chaos.silence import Silence, silence_in
from benchmarks.chaos.stored_ids import recorded_ids
from benchmarks.chatlog import Account, ChatLog
from benchmarks.errors import BenchmarkError
from benchmarks.replay import quotes_in, stored_turns, telegram_rules
from benchmarks.reviewed import is_reviewed
from devtools.engines.paced import answer_mark

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.chaos.environment import Environment
    from benchmarks.chaos.plan import SetupName

FIRST_PERSON = 100_001
BURST_WINDOW = 0.5
"""Shorter than in earnest, so that more turns fit into a run; people write within it."""
AFTERWARDS = 3.0
"""Seconds after the last answer in which something may still be said twice."""
AT_REST_EVERY = 1.0
"""Seconds between two looks into the database."""


@dataclass(frozen=True, slots=True)
class ChaosConfig:
    """What the command line asks for."""

    seed: int
    setup: SetupName
    chats: int
    turns: int
    kills: int
    replicas: int
    patience: float
    logs: Path | None = None
    """Where to leave what the bots logged."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found."""

    config: ChaosConfig
    account: Account
    silence: Silence
    faults: Counter[str]
    kills: int
    retries: int
    ended_by_itself: int
    quotes_in_log: int
    left_in_inbox: int
    wall_seconds: float

    @property
    def passed(self) -> bool:
        """Whether every promise was kept."""
        return self.account.flawless and not (
            self.ended_by_itself
            or self.quotes_in_log
            or self.left_in_inbox
            or self.silence.untold
            or self.kills != self.config.kills
        )


async def run(config: ChaosConfig) -> Outcome:
    """Play the whole plan of a seed and account for it."""
    plan = make_plan(
        config.seed,
        config.setup,
        chats=config.chats,
        turns=config.turns,
        kills=config.kills,
        replicas=config.replicas,
    )
    begun = time.monotonic()
    async with started(config.setup, config.replicas, BURST_WINDOW) as environment:
        faults = FaultInjector(environment, plan.faults)
        try:
            people = await _play(config, plan, environment, faults)
        finally:
            await faults.stop()
        return await _settle(config, environment, people, faults, begun)


async def _play(
    config: ChaosConfig, plan: Plan, environment: Environment, faults: FaultInjector
) -> list[Person]:
    dice = random.Random(config.seed)
    people = [
        Person(
            environment.telegram,
            FIRST_PERSON + number,
            script,
            on_said=faults.said,
            patience=config.patience,
        )
        for number, script in enumerate(plan.scripts)
    ]
    playing = [asyncio.create_task(person.play(dice.uniform(0, ARRIVAL))) for person in people]
    try:
        await asyncio.gather(*playing)
    finally:
        for task in playing:
            task.cancel()
        await asyncio.gather(*playing, return_exceptions=True)
    await faults.finish()
    return people


async def _come_to_rest(
    config: ChaosConfig, environment: Environment, people: Sequence[Person]
) -> None:
    """Wait until no turn is in work; a person in danger who has read a card does not wait for it.

    What is in work for longer than people's patience is left as it is, and found.
    """
    until = time.monotonic() + config.patience
    while time.monotonic() < until:
        left, stored = await stored_turns(environment.storage, [item.number for item in people])
        states = {turn.state for turns in stored.values() for turn in turns}
        if not left and states.isdisjoint({"pending", "answering"}):
            break
        await asyncio.sleep(AT_REST_EVERY)
    await asyncio.sleep(AFTERWARDS)


async def _settle(
    config: ChaosConfig,
    environment: Environment,
    people: Sequence[Person],
    faults: FaultInjector,
    begun: float,
) -> Outcome:
    """Stop every bot in order and compare what Telegram shows with what SQL holds."""
    await _come_to_rest(config, environment, people)
    wall = time.monotonic() - begun
    statuses = [await bot.stop() for bot in environment.bots]
    if any(statuses):
        raise BenchmarkError(f"A bot ended with status {max(statuses)}.")
    telegram, rules = environment.telegram, telegram_rules(answer_mark)
    if config.logs is not None:
        for bot in environment.bots:
            shutil.copy(bot.log, config.logs)
    known = await recorded_ids(environment.storage)
    left, stored = await stored_turns(environment.storage, [person.number for person in people])
    bot_kills = [at for target in environment.targets["bot"] for at in target.kills]
    database_away = [
        gap for target in environment.targets.get("postgres", ()) for gap in target.away
    ]
    account, silence = Account(), Silence()
    texts: set[str] = set()
    for person in people:
        shown = await telegram.shown(person.number)
        log = ChatLog(
            said=person.said,
            shown=shown,
            turns=stored[person.number],
            kills=bot_kills,
            outages=database_away,
            unheard=await telegram.unheard(person.number),
            stored=frozenset(known.get(person.number, ())),
        )
        judged = judge(log, rules)
        judged.remarks = [f"chat {person.number}: {remark}" for remark in judged.remarks]
        account.add(judged)
        signs = await telegram.signs(person.number)
        silence.add(silence_in(log, signs, environment.all_targets(), rules))
        texts |= {said.text for said in person.said} | {item.text for item in shown}
    return Outcome(
        config=config,
        account=account,
        silence=silence,
        faults=faults.done,
        kills=sum(len(target.kills) for target in environment.all_targets()),
        retries=sum(person.retries for person in people),
        ended_by_itself=sum(bot.ended_by_itself for bot in environment.bots),
        quotes_in_log=sum(
            quotes_in(bot.process.output, (text for text in texts if not is_reviewed(text)))
            for bot in environment.bots
        ),
        left_in_inbox=left,
        wall_seconds=wall,
    )
