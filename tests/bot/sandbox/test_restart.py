"""The world survives a restart, even kill -9; its text rests encrypted."""

import asyncio
import base64
import os
import signal
import sys
import threading
from pathlib import Path

import httpx
import pytest
from telegram import Bot

from bot.sandbox import Sandbox, SandboxError
from bot.sandbox.world import MESSAGES_PER_CHAT
from tests.bot.sandbox.parts import TOKEN, XIAOLIN, SealedBox, client
from tests.clock import settle


class SlowBox(SealedBox):
    """Encrypts, and so lets anything be written, only while it is free."""

    def __init__(self) -> None:
        super().__init__()
        self.is_free = threading.Event()
        self.is_free.set()

    def encrypt(self, data: bytes, /) -> bytes:
        self.is_free.wait()
        return super().encrypt(data)


async def started(data_dir: Path, cipher: SealedBox) -> Sandbox:
    sandbox = Sandbox("127.0.0.1", 0, TOKEN, data_dir, cipher)
    await sandbox.start()
    return sandbox


async def test_everything_is_there_after_a_restart(data_dir: Path) -> None:
    cipher = SealedBox()
    sandbox = await started(data_dir, cipher)
    sandbox.people.say(XIAOLIN, "记得我吗")
    person = sandbox.people.add("阿宁", "zh-hans")
    async with client(sandbox) as bot:
        sent = await bot.send_document(XIAOLIN, b"content", filename="a.txt")
        await bot.set_my_description("听你说")
        [update] = await bot.get_updates()
    await sandbox.stop()

    again = await started(data_dir, cipher)
    assert again.world.people[person.id] == person
    texts = [message.text for message in again.world.history[XIAOLIN].values()]
    assert texts == ["记得我吗", ""]
    async with client(again) as bot:
        [redelivered] = await bot.get_updates()
        assert redelivered.to_dict() == update.to_dict()
        await bot.get_updates(offset=update.update_id + 1)
        [newer] = again.people.say(XIAOLIN, "又来了")
        assert newer.message_id == sent.message_id + 1
        [fresh] = await bot.get_updates()
        assert fresh.update_id == update.update_id + 1
        file = await bot.get_file(sent.document.file_id)
        assert bytes(await file.download_as_bytearray()) == b"content"
        assert (await bot.get_my_description()).description == "听你说"
    await again.stop()


async def test_confirmed_updates_do_not_come_back(data_dir: Path) -> None:
    cipher = SealedBox()
    sandbox = await started(data_dir, cipher)
    sandbox.people.say(XIAOLIN, "一")
    async with client(sandbox) as bot:
        [update] = await bot.get_updates()
        await bot.get_updates(offset=update.update_id + 1)
    await sandbox.stop()
    again = await started(data_dir, cipher)
    assert again.world.updates.pending() == []
    await again.stop()


async def test_what_was_said_is_not_readable_on_disk(data_dir: Path) -> None:
    sandbox = await started(data_dir, SealedBox())
    sandbox.people.say(XIAOLIN, "a secret nobody may read")
    await sandbox.world.store.flush()
    files = list(data_dir.iterdir())  # noqa: ASYNC240
    assert files
    assert b"nobody may read" not in b"".join(path.read_bytes() for path in files)
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
    await sandbox.stop()


async def test_another_key_is_refused_in_one_sentence(data_dir: Path) -> None:
    first = await started(data_dir, SealedBox())
    await first.stop()
    with pytest.raises(SandboxError, match="cannot be read with this key"):
        await started(data_dir, SealedBox())


async def test_a_caller_that_leaves_takes_no_writes_with_him(data_dir: Path) -> None:
    cipher = SlowBox()
    sandbox = await started(data_dir, cipher)
    sandbox.people.say(XIAOLIN, "还在")
    cipher.is_free.clear()
    flush = asyncio.create_task(sandbox.world.store.flush())
    await settle()
    flush.cancel()
    await settle()
    cipher.is_free.set()
    await sandbox.stop()
    again = await started(data_dir, cipher)
    assert [item.text for item in again.world.history[XIAOLIN].values()] == ["还在"]
    await again.stop()


async def test_two_sandboxes_do_not_share_a_directory(data_dir: Path) -> None:
    cipher = SealedBox()
    first = await started(data_dir, cipher)
    with pytest.raises(SandboxError, match="Is another one running on it"):
        await started(data_dir, cipher)
    await first.stop()


async def test_an_unwritable_directory_is_one_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(SandboxError, match="cannot use"):
        await started(blocked / "data", SealedBox())


async def test_a_taken_port_is_one_sentence(sandbox: Sandbox) -> None:
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(SandboxError, match=f"cannot listen on 127.0.0.1:{port}"):
        await Sandbox("127.0.0.1", port, TOKEN).start()


@pytest.mark.parametrize(
    ("host", "token", "sentence"),
    [("0.0.0.0", TOKEN, "loopback only"), ("127.0.0.1", "no-token", "must look like")],
)
def test_wrong_settings_are_one_sentence(host: str, token: str, sentence: str) -> None:
    with pytest.raises(SandboxError, match=sentence):
        Sandbox(host, 0, token)


async def test_old_messages_make_room(sandbox: Sandbox) -> None:
    for number in range(MESSAGES_PER_CHAT + 2):
        sandbox.people.say(XIAOLIN, str(number))
    kept = sandbox.world.history[XIAOLIN]
    assert (len(kept), next(iter(kept))) == (MESSAGES_PER_CHAT, 3)


class Standalone:
    """`python -m bot.sandbox` as a process."""

    def __init__(self, data_dir: Path, key: str) -> None:
        self._data_dir = data_dir
        self._key = key

    async def __aenter__(self) -> "Standalone":
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bot.sandbox", "--port", "0", "--token", TOKEN),
            *("--data-dir", str(self._data_dir)),
            env=os.environ | {"SANDBOX_KEY": self._key},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self.url = (await self.process.stdout.readline()).decode().strip()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        self.errors = (await self.process.communicate())[1].decode()


async def test_kill_9_loses_nothing_that_was_acknowledged(data_dir: Path) -> None:
    key = base64.b64encode(os.urandom(32)).decode()
    async with Standalone(data_dir, key) as telegram, httpx.AsyncClient(trust_env=False) as http:
        address = f"{telegram.url}/sandbox/people/{XIAOLIN}/say"
        for number in range(20):
            answer = await http.post(address, json={"text": str(number)})
            assert answer.status_code == 200
        telegram.process.send_signal(signal.SIGKILL)
        await telegram.process.wait()
    async with Standalone(data_dir, key) as telegram, httpx.AsyncClient(trust_env=False) as http:
        messages = (await http.get(f"{telegram.url}/sandbox/chats/{XIAOLIN}/messages")).json()
        assert [message["text"] for message in messages] == [str(n) for n in range(20)]
        async with Bot(TOKEN, base_url=f"{telegram.url}/bot") as bot:
            updates = await bot.get_updates()
        assert [update.message.text for update in updates] == [str(n) for n in range(20)]
    assert telegram.process.returncode == 0
    assert telegram.errors == ""


async def test_standalone_without_a_key_says_so(data_dir: Path) -> None:
    async with Standalone(data_dir, "short") as telegram:
        await telegram.process.wait()
    assert telegram.process.returncode == 2
    assert telegram.errors == (
        "SANDBOX_KEY must hold 32 bytes in base64 when a data directory is given.\n"
    )
