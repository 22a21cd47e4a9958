"""The terminal chat, as a person at a keyboard finds it: a process with a pipe for the keyboard."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devtools.engines.lmdeploy import FakeLMDeploy
from tests.inference.local.tiny_model import SAYS, write_tiny_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[2]


class Terminal:
    """One run of the command."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self.stdin = process.stdin
        self.stdout = process.stdout
        self.seen = ""

    @classmethod
    async def open(cls, *flags: str) -> Terminal:
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "inference", "chat", *flags, cwd=ROOT,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                env=os.environ | {"PYTHONIOENCODING": "utf-8"},
            )
        )  # fmt: skip

    def type(self, line: str) -> None:
        self.stdin.write(f"{line}\n".encode())

    async def sees(self, text: str) -> str:
        """What comes up to and with `text`."""
        async with asyncio.timeout(60):
            while text not in self.seen:
                data = await self.stdout.read(4096)
                assert data, self.seen
                self.seen += data.decode(errors="replace")
        before, found, self.seen = self.seen.partition(text)
        return before + found

    async def close(self) -> int:
        self.stdin.close()
        await self.stdout.read()
        return await self.process.wait()


@pytest.fixture
async def fake() -> AsyncIterator[FakeLMDeploy]:
    async with FakeLMDeploy(context_window=4000).serve() as fake:
        yield fake


def said(fake: FakeLMDeploy, number: int) -> list[tuple[str, str]]:
    return [(m["role"], m["content"]) for m in fake.requests[number]["messages"][1:]]


async def test_it_says_what_it_is_and_remembers_until_it_is_told_to_forget(
    fake: FakeLMDeploy,
) -> None:
    terminal = await Terminal.open("--address", fake.url)
    notice = await terminal.sees("你> ")
    assert "AI" in notice
    assert "没有机器人的安全流程" in notice
    for line in ("在吗", "睡不着"):
        terminal.type(line)
        assert fake.answer in await terminal.sees("你> ")
    terminal.type("/reset")
    await terminal.sees("forgotten")
    terminal.type("换个话题")
    await terminal.sees(str(fake.answer))
    assert await terminal.close() == 0
    assert said(fake, 1) == [("user", "在吗"), ("assistant", fake.answer), ("user", "睡不着")]
    assert said(fake, 2) == [("user", "换个话题")]


async def test_ctrl_c_stops_the_answer_and_not_the_program(fake: FakeLMDeploy) -> None:
    fake.answer, fake.token_delay = "听" * 500, 0.02
    terminal = await Terminal.open("--address", fake.url)
    await terminal.sees("你> ")
    terminal.type("在吗")
    await terminal.sees("听听听")
    terminal.process.send_signal(signal.SIGINT)
    await terminal.sees("(stopped)")
    fake.answer, fake.token_delay = "我在。", 0
    terminal.type("还在吗")
    await terminal.sees("我在。")
    assert await terminal.close() == 0
    (_, first), (role, stopped), _ = said(fake, 1)
    assert (first, role) == ("在吗", "assistant")
    assert 3 <= len(stopped) < 500
    assert (fake.finished, fake.aborted) == (1, 1)


async def test_an_answer_that_fails_is_told_and_not_remembered(fake: FakeLMDeploy) -> None:
    terminal = await Terminal.open("--address", fake.url)
    await terminal.sees("你> ")
    fake.status = 503
    terminal.type("在吗")
    assert "status 503" in await terminal.sees("你> ")
    fake.status = 0
    terminal.type("还在吗")
    await terminal.sees(str(fake.answer))
    await terminal.close()
    assert said(fake, 1) == [("user", "还在吗")]


async def test_a_long_talk_forgets_its_beginning(fake: FakeLMDeploy) -> None:
    fake.context_window = 330
    terminal = await Terminal.open("--address", fake.url)
    await terminal.sees("你> ")
    for number in range(8):
        terminal.type(f"第{number}句" + "话" * 20)
        assert str(fake.answer) in await terminal.sees("你> ")
    await terminal.close()
    assert said(fake, -1)[0][1].startswith("第")
    assert not said(fake, -1)[0][1].startswith("第0")
    assert said(fake, -1)[-1][1].startswith("第7")


async def test_it_talks_to_a_model_on_the_cpu(tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "tiny.gguf", context_length=4096)
    terminal = await Terminal.open("--local", str(model))
    await terminal.sees("你> ")
    terminal.type("在吗")
    answer = await terminal.sees("你> ")
    assert "no answer" not in answer
    assert set(answer) & set(SAYS)
    terminal.type("/quit")
    assert await terminal.close() == 0


async def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    terminal = await Terminal.open("--local", str(tmp_path / "nothing.gguf"))
    assert await terminal.close() == 1
    terminal = await Terminal.open("--address", "http://127.0.0.1:9/v1")
    assert await terminal.close() == 1
