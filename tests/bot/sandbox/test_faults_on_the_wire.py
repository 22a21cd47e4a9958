"""Faults that break the connection or the answer, seen from python-telegram-bot."""

import asyncio
import socket

import httpx
import pytest
from telegram import Bot
from telegram.error import NetworkError, TelegramError, TimedOut

from bot.sandbox import Fault, Sandbox
from bot.sandbox.connections import ResettableProtocol
from tests.bot.sandbox.parts import XIAOLIN


def texts(sandbox: Sandbox) -> list[str]:
    return [message.text for message in sandbox.world.history[XIAOLIN].values()]


@pytest.mark.parametrize("status", [500, 502])
async def test_server_errors(bot: Bot, sandbox: Sandbox, status: int) -> None:
    sandbox.faults.add(Fault("error", method="sendMessage", status=status))
    with pytest.raises(NetworkError):
        await bot.send_message(XIAOLIN, "x")
    assert texts(sandbox) == ["/start"]
    await bot.send_message(XIAOLIN, "x")


@pytest.mark.parametrize(
    ("kind", "happens"),
    [("reset_before", False), ("reset_after", True), ("error_after", True), ("malformed", True)],
)
async def test_broken_answers(bot: Bot, sandbox: Sandbox, kind: str, happens: bool) -> None:
    sandbox.faults.add(Fault(kind, method="sendMessage"))  # type: ignore[arg-type]
    with pytest.raises(TelegramError):
        await bot.send_message(XIAOLIN, "x")
    assert texts(sandbox) == (["/start", "x"] if happens else ["/start"])
    assert sandbox.calls.all("sendMessage")[-1].outcome == f"fault:{kind}"


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
async def test_a_reset_leaves_no_byte_of_an_answer(
    sandbox: Sandbox, http: httpx.AsyncClient, kind: str
) -> None:
    sandbox.faults.add(Fault(kind, method="getMe"))  # type: ignore[arg-type]
    with pytest.raises(httpx.ReadError):
        await http.get(f"/bot{sandbox.token}/getMe")


@pytest.mark.parametrize(("kind", "happens"), [("hang", False), ("hang_after", True)])
async def test_no_answer(bot: Bot, sandbox: Sandbox, kind: str, happens: bool) -> None:
    sandbox.faults.add(Fault(kind, method="sendMessage"))  # type: ignore[arg-type]
    with pytest.raises(TimedOut):
        await bot.send_message(XIAOLIN, "x", read_timeout=0.05)
    assert texts(sandbox) == (["/start", "x"] if happens else ["/start"])


async def test_faults_and_calls_over_http(bot: Bot, sandbox: Sandbox, http) -> None:
    body = {"kind": "error", "method": "sendMessage", "status": 502}
    await http.post("/sandbox/faults", json=body)
    assert (await http.get("/sandbox/faults")).json()[0]["status"] == 502
    with pytest.raises(NetworkError):
        await bot.send_message(XIAOLIN, "x")
    await bot.send_message(XIAOLIN, "y")
    calls = (await http.get("/sandbox/calls", params={"method": "sendMessage"})).json()
    assert [call["outcome"] for call in calls] == ["fault:error", "ok"]
    assert {"wall", "monotonic", "duration", "parameters", "chat_id"} <= set(calls[0])
    wrong = await http.post("/sandbox/faults", json={"kind": "explode"})
    assert wrong.status_code == 400
    await http.put("/sandbox/flood", json={"on": True})
    assert sandbox.flood.limits is not None


async def test_another_process_can_wait_for_a_call(bot: Bot, sandbox: Sandbox, http) -> None:
    address = "/sandbox/calls?method=sendMessage&wait=10"
    waiting = asyncio.create_task(http.get(address))
    await bot.get_me()
    await bot.send_message(XIAOLIN, "x")
    assert [call["parameters"]["text"] for call in (await waiting).json()] == ["x"]


async def test_answers_are_not_held_back_by_nagles_algorithm(bot: Bot) -> None:
    await bot.get_me()
    [transport] = ResettableProtocol.transports.values()
    connection = transport.get_extra_info("socket")
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
