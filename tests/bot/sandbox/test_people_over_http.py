"""The control API: what the page and tests in another process do, and who is kept out."""

import json

import httpx
import pytest

from bot.sandbox import ActError, Sandbox
from tests.bot.sandbox.parts import GROUP, XIAOLIN, YATING


async def test_people_write_edit_and_attach(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    person = f"/sandbox/people/{XIAOLIN}"
    [said] = (await http.post(f"{person}/say", json={"text": "你好"})).json()
    edited = await http.post(
        f"{person}/edit", json={"message_id": said["message_id"], "text": "你好呀"}
    )
    assert edited.json()["text"] == "你好呀"
    for kind in ("photo", "voice", "sticker", "document"):
        sent = (await http.post(f"{person}/media", data={"kind": kind})).json()
        assert kind in sent
    file = {"file": ("猫.png", b"\x89PNG", "image/png")}
    photo = (await http.post(f"{person}/media", data={"kind": "photo"}, files=file)).json()
    shown = await http.get(f"/sandbox/files/{photo['photo'][0]['file_id']}")
    assert (shown.content, shown.headers["content-type"]) == (b"\x89PNG", "image/png")
    page = {"file": ("x.html", b"<script>", "text/html")}
    document = (await http.post(f"{person}/media", data={"kind": "document"}, files=page)).json()
    download = await http.get(f"/sandbox/files/{document['document']['file_id']}")
    assert download.headers["content-disposition"].startswith("attachment")
    assert download.headers["content-type"] == "application/octet-stream"


async def test_what_the_apps_do_not_offer_is_one_sentence(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    person = f"/sandbox/people/{XIAOLIN}"
    tries = [
        ("/sandbox/people/777/say", {"text": "x"}),
        (f"{person}/say", {"text": "  "}),
        (f"{person}/say", {"text": "x", "chat_id": YATING}),
        (f"{person}/edit", {"message_id": 1, "text": "x"}),
        (f"{person}/press", {"message_id": 1, "data": "x"}),
        ("/sandbox/people", {"name": ""}),
        ("/sandbox/people", {"name": "x", "id": XIAOLIN}),
    ]
    for path, body in tries:
        answer = await http.post(path, json=body)
        assert (answer.status_code, list(answer.json())) == (400, ["error"]), path
    sandbox.people.block(XIAOLIN)
    with pytest.raises(ActError, match="blocked"):
        sandbox.people.say(XIAOLIN, "x")


async def test_new_people_and_groups(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    added = (await http.post("/sandbox/people", json={"name": "阿宁", "language": "en"})).json()
    assert added == {"id": 1004, "name": "阿宁", "language": "en", "is_admin": False}
    assert added["id"] in sandbox.world.chats[GROUP].members
    group = (await http.post("/sandbox/groups", json={"title": "新群"})).json()
    assert added["id"] in group["members"]
    assert "my_chat_member" in (await http.get("/sandbox/updates")).json()[-1]


async def test_a_page_sees_only_its_persons_chats(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.people.say(YATING, "别人的话")
    async with http.stream("GET", f"/sandbox/events?person={XIAOLIN}") as stream:
        lines = stream.aiter_lines()
        snapshot = await event_from(lines)
        assert set(snapshot["messages"]) == {str(XIAOLIN), str(GROUP)}
        sandbox.people.say(YATING, "还是别人的")
        sandbox.people.say(XIAOLIN, "我的")
        event = await event_from(lines)
        assert event["message"]["text"] == "我的"


async def event_from(lines) -> dict:
    async for line in lines:
        if line.startswith("data: "):
            return json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ended")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
async def test_foreign_pages_are_kept_out(
    sandbox: Sandbox, http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answers = [
        await http.get("/sandbox/state", headers=headers),
        await http.post(f"/bot{sandbox.token}/getMe", headers=headers),
        await http.post(f"/sandbox/people/{XIAOLIN}/say", headers=headers, json={"text": "x"}),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert sandbox.world.history[XIAOLIN] == {}


async def test_the_page_may_run_only_its_own_scripts(http: httpx.AsyncClient) -> None:
    answer = await http.get("/", headers={"Origin": str(http.base_url).rstrip("/")})
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
