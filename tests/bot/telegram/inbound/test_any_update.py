"""Whatever Telegram, a button or a caller of the webhook sends costs no other message anything."""

from __future__ import annotations

import copy
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from bot.ops.health import health_routes
from bot.telegram.inbound.intake import is_id
from bot.telegram.inbound.webhook import SECRET_HEADER, webhook_route
from tests.bot.telegram.updates import GROUP, OTHER, PHOTO, edit, message, press

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.telegram.client import RawUpdate
    from tests.bot.telegram.room import Room

# One bot meets all examples: what an earlier one left behind is what a real one has, too.
on_one_bot = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
later_ids = count(5_000_000)

NUMBERS = st.sampled_from([0, -1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**400, 1e308])
LEAVES = (
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | st.sampled_from(["\ud800", "\x00"])
)
FIELDS = ["text", "caption", "id", "chat", "from", "type", "entities", "date", "newer_field"]
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Logs are kept and not drawn: a failure of ours is told with all that it held."""
    with capture_logs():
        yield


def nested(depth: int) -> object:
    inner: object = "深"
    for level in range(depth):
        inner = {"newer_field": inner} if level % 2 else [inner]
    return inner


BASES = (
    message("你好"),
    message("/start from_a_link"),
    message("我想死", chat=GROUP),
    message(caption="我想死", photo=PHOTO),
    edit(message("一"), "二"),
    press("stop:1"),
    {**message(), "my_chat_member": {"chat": {"id": 42, "type": "private"}}},
)


def places_in(value: object, above: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """The way to everything that an update holds."""
    items: list[tuple[object, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, inner in items:
        yield (*above, key)
        yield from places_in(inner, (*above, key))


@st.composite
def odd_updates(draw: st.DrawFn) -> RawUpdate:
    """An update of a kind that exists, with one field changed, gone, or new."""
    update = copy.deepcopy(draw(st.sampled_from(BASES)))
    place = draw(st.sampled_from([p for p in places_in(update) if p != ("update_id",)]))
    inside: object = update
    for key in place[:-1]:
        inside = inside[key]  # type: ignore[index]
    change = draw(st.sampled_from(["other", "gone", "new"]))
    if change == "gone":
        del inside[place[-1]]  # type: ignore[attr-defined]
    elif change == "new" and isinstance(inside, dict):
        inside["newer_field"] = draw(ANYTHING)
    else:
        inside[place[-1]] = draw(ANYTHING)  # type: ignore[index]
    return update


@on_one_bot
@given(odd_updates() | st.dictionaries(st.sampled_from(["message", "poll", "newer"]), ANYTHING))
@example({"message": nested(150)})
@example({"message": {**message("在")["message"], "newer_field": nested(150)}})
async def test_no_update_keeps_another_from_being_heard(room: Room, odd: RawUpdate) -> None:
    odd["update_id"], good = next(later_ids), message("今晚就去跳楼", person=OTHER)
    good["update_id"] = next(later_ids)
    await room.arrive(odd, good)
    assert await room.update(good["update_id"]) is not None
    await room.passes(20)
    state = await room.update(odd["update_id"])
    assert state is None or state[0] in {"new", "done", "failed"}, state
    assert (await room.update(good["update_id"])) == ("done", None)


@on_one_bot
@given(st.data())
@example("desk:take:٣")
@example("plan:step:-1:42")
@example("rate:up:²")
async def test_any_data_of_a_button_ends_its_loading_and_fails_nothing(
    room: Room, data: object
) -> None:
    prefixes = st.sampled_from(sorted(room.router.callbacks))
    words = st.sampled_from(["yes", "no", "42", "-1", "0", str(2**64), "٣", "²", "", "x", "all"])
    likely = st.tuples(prefixes, st.lists(words, max_size=5)).map(
        lambda parts: ":".join([parts[0], *parts[1]])
    )
    pressed = data if isinstance(data, str) else data.draw(likely | st.text(max_size=64))  # type: ignore[attr-defined]
    answered = len(room.bot.answered)
    update = press(pressed.encode("utf-8", "replace")[:64].decode("utf-8", "ignore"))
    update["update_id"] = next(later_ids)
    await room.arrive(update)
    await room.passes(20)
    assert await room.update(update["update_id"]) == ("done", None)
    assert len(room.bot.answered) == answered + 1


class Kept:
    """Takes what the webhook takes."""

    def __init__(self) -> None:
        self.updates: list[RawUpdate] = []

    async def keep(self, updates: list[RawUpdate]) -> None:
        self.updates += updates


async def is_up() -> bool:
    return True


@given(
    st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS"]),
    st.sampled_from(["/hook", "/hook/", "//hook", "/healthz", "/readyz", "/%00", "/..%2fhook"]),
    st.binary(max_size=80)
    | st.dictionaries(st.sampled_from(["update_id", "x"]), ANYTHING).map(
        lambda value: repr(value).replace("'", '"').encode("utf-8", "replace")
    ),
    st.sampled_from(["s3cret", "", "s3cre", "é", "s3cret\t"]),
)
@example("POST", "/hook", b'{"update_id": ' + b"9" * 5000 + b"}", "s3cret")
@example("POST", "/hook", b'{"update_id": 1, "a": ' + b"[" * 100_000, "s3cret")
@example("POST", "/hook", b'{"update_id": true}', "s3cret")
@example("POST", "/hook", b'{"update_id": 1, "a": NaN}', "s3cret")
def test_any_request_is_answered_and_only_updates_with_the_secret_are_kept(
    method: str, path: str, body: bytes, secret: str
) -> None:
    kept = Kept()
    routes = [
        *health_routes(keeping={"database": is_up}, answering={"engine": is_up}),
        webhook_route("https://bot.example.org/hook", "s3cret", kept),  # type: ignore[arg-type]
    ]
    client = TestClient(Starlette(routes=routes), follow_redirects=False)
    headers = {SECRET_HEADER: secret.encode("latin-1")}
    answer = client.request(method, path, content=body, headers=headers)
    assert answer.status_code in {200, 307, 400, 401, 404, 405, 413}
    assert all(is_id(update["update_id"]) for update in kept.updates)
    if kept.updates:
        assert (method, secret, answer.status_code) == ("POST", "s3cret", 200)
