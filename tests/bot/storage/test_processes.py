"""Several real processes on one database: one that dies, and some that race."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

from bot.storage import Cipher, Database, Inbox, LeaseOwner, Turns, generate_key, utc_now
from tests.bot.storage.conftest import Replica

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CHAT = 5


def _start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(HERE / program), *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _race(racers: list[subprocess.Popen[str]]) -> list[tuple[int, ...]]:
    """Start all at the same moment; (chat, number, update) of every turn they won."""
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = []
    for racer in racers:
        output, _ = racer.communicate(timeout=60)
        assert racer.returncode == 0
        won += [tuple(map(int, line.split())) for line in output.splitlines()]
    return won


async def test_what_a_killed_process_had_taken_up_is_finished_by_the_next(
    database_url: str,
) -> None:
    key = generate_key()
    dying = _start("dying_replica.py", database_url, key, str(CHAT))
    dying.communicate(timeout=60)
    assert dying.returncode == -signal.SIGKILL

    def after_the_lease() -> datetime:
        return utc_now() + timedelta(seconds=31)

    database, cipher = Database(database_url), Cipher.from_keys([key])
    lease_owner = LeaseOwner(id="the next", clock=after_the_lease)
    inbox, turns = Inbox(database, cipher, lease_owner), Turns(database, cipher, lease_owner)
    turn = await turns.claim_unfinished(CHAT)
    assert turn is not None
    assert (turn.user_text, turn.answer_message_id, turn.attempts) == ("别走", 77, 2)
    assert await turns.finish(turn.id, "我不走", "answered") is not None
    counts = await inbox.counts()
    assert (counts.new, counts.claimed, counts.failed) == (0, 0, 0)
    await database.aclose()


async def test_processes_that_race_answer_every_message_once_and_in_order(
    postgres_url: str,
) -> None:
    key = generate_key()
    database = Database(postgres_url)
    replica = Replica(database, Cipher.from_keys([key]), "here", utc_now)
    chats, messages = range(1, 7), 5
    for _ in range(messages):
        for chat_id in chats:
            await replica.arrives(chat_id)
    await database.aclose()

    won = _race([_start("racing_replica.py", postgres_url, key) for _ in range(3)])
    assert len(won) == len(chats) * messages
    for chat_id in chats:
        in_order = [(n, u) for c, n, u in sorted(won) if c == chat_id]
        assert [number for number, _ in in_order] == list(range(1, messages + 1))
        assert [update for _, update in in_order] == sorted(update for _, update in in_order)
