"""A process that claims whatever it can get and prints what it got. Run by test_processes."""

from __future__ import annotations

import asyncio
import os
import sys

from bot.storage import Cipher, Claimant, Database, Inbox, Turns


async def main(url: str, key: str) -> None:
    claimant = Claimant(owner=f"process {os.getpid()}")
    database, cipher = Database(url), Cipher.from_keys([key])
    inbox, turns = Inbox(database, cipher, claimant), Turns(database, cipher, claimant)
    await database.ping()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    while chats := await inbox.chats_with_work(100):
        for chat_id in chats:
            waiting = await inbox.pending_of_chat(chat_id)
            if not waiting:
                continue
            turn = await turns.begin_turn(chat_id, chat_id, "嗯", [waiting[0].update_id])
            if turn is None:
                continue
            sys.stdout.write(f"{chat_id} {turn.number} {waiting[0].update_id}\n")
            assert await turns.finish_turn(turn.id, "我在", "answered") is not None
    await database.aclose()


asyncio.run(main(sys.argv[1], sys.argv[2]))
