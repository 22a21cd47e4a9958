"""Flood control keeps Telegram's pace; faults spoil exactly the calls they name."""

import pytest

from bot.sandbox.calls import CallLog
from bot.sandbox.errors import ApiError
from bot.sandbox.faults import Fault, Faults
from bot.sandbox.flood import FloodControl, FloodLimits
from bot.sandbox.model import Clock
from tests.bot.sandbox.parts import SteppedClock


@pytest.fixture
def time() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def flood(time: SteppedClock) -> FloodControl:
    return FloodControl(Clock(time, time), FloodLimits())


def test_one_message_a_second_is_never_refused(flood: FloodControl, time: SteppedClock) -> None:
    for _ in range(120):
        flood.check("sendmessage", 1)
        time.now += 1


def test_a_burst_in_one_chat_is_refused_until_retry_after(
    flood: FloodControl, time: SteppedClock
) -> None:
    for _ in range(3):
        flood.check("editmessagetext", 1)
    with pytest.raises(ApiError) as caught:
        flood.check("sendmessage", 1)
    assert (caught.value.code, caught.value.retry_after) == (429, 1)
    flood.check("sendmessage", 2)
    time.now += 1
    flood.check("sendmessage", 1)


def test_a_group_takes_twenty_a_minute(flood: FloodControl, time: SteppedClock) -> None:
    for _ in range(20):
        flood.check("sendmessage", -1)
    with pytest.raises(ApiError) as caught:
        flood.check("sendmessage", -1)
    assert caught.value.description == "Too Many Requests: retry after 3"


def test_all_chats_together_take_thirty_a_second(flood: FloodControl) -> None:
    for chat in range(30):
        flood.check("sendmessage", chat + 1)
    with pytest.raises(ApiError, match="Too Many Requests"):
        flood.check("sendmessage", 99)


def test_typing_does_not_count(flood: FloodControl) -> None:
    for _ in range(50):
        flood.check("sendchataction", 1)


def test_a_fault_spoils_its_method_and_chat_as_often_as_told() -> None:
    faults = Faults()
    faults.add(Fault("hang", method="sendMessage", chat_id=7, times=2, skip=1))
    taken = [faults.take("sendmessage", chat) for chat in (8, 7, 7, 7, 7)]
    assert [fault is not None for fault in taken] == [False, False, True, True, False]


def test_a_fault_without_a_method_leaves_polling_alone() -> None:
    faults = Faults()
    faults.add(Fault("error", times=None))
    assert faults.take("getupdates", None) is None
    assert faults.take("sendmessage", 1) is not None


def test_an_unknown_kind_of_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of"):
        Fault("explode")  # type: ignore[arg-type]


async def test_the_log_keeps_time_outcome_and_order(time: SteppedClock) -> None:
    log = CallLog(Clock(time, time))
    first = log.begin("sendMessage", 1, {"text": "a"})
    second = log.begin("getMe", None, {})
    time.now += 2
    log.end(second, "ok")
    log.end(first, "400 Bad Request: chat not found")
    calls = log.all()
    assert [call.method for call in calls] == ["sendMessage", "getMe"]
    assert calls[0].outcome == "400 Bad Request: chat not found"
    assert (calls[0].monotonic, calls[0].duration) == (1_800_000_000.0, 2.0)
    assert await log.wait_for(lambda call: call.method == "getMe") == calls[1]
    log.clear()
    assert log.all() == []
