"""A process that claims whatever it can get and prints what it got. Run by test_processes."""

from __future__ import annotations

import asyncio
import os
import sys

from bot.storage import Cipher, Database, Inbox, LeaseOwner, Turns


async def main(url: str, key: str) -> None:
    lease_owner = LeaseOwner(id=f"process {os.getpid()}")
    database, cipher = Database(url), Cipher.from_keys([key])
    inbox, turns = Inbox(database, cipher, lease_owner), Turns(database, cipher, lease_owner)
    await database.ping()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    while chats := await inbox.list_chats_with_work(100):
        for chat_id in chats:
            waiting = await inbox.list_pending(chat_id)
            if not waiting:
                continue
            turn = await turns.begin(chat_id, chat_id, "嗯", [waiting[0].update_id])
            if turn is None:
                continue
            sys.stdout.write(f"{chat_id} {turn.number} {waiting[0].update_id}\n")
            assert await turns.finish(turn.id, "我在", "answered") is not None
    await database.aclose()


asyncio.run(main(sys.argv[1], sys.argv[2]))
