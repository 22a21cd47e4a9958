"""A process that takes up a message and dies in the middle of the answer. Run by test_processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from bot.storage import Cipher, Database, Inbox, LeaseOwner, NewUpdate, Turns, utc_now


async def main(url: str, key: str, chat_id: int) -> None:
    lease_owner = LeaseOwner(id=f"process {os.getpid()}")
    database, cipher = Database(url), Cipher.from_keys([key])
    inbox, turns = Inbox(database, cipher, lease_owner), Turns(database, cipher, lease_owner)
    assert await inbox.add(NewUpdate(1, chat_id, "chat", b"{}", utc_now()))
    turn = await turns.begin(chat_id, chat_id, "别走", [1])
    assert turn is not None
    assert await turns.set_answer_message(turn.id, 77)
    os.kill(os.getpid(), signal.SIGKILL)


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
