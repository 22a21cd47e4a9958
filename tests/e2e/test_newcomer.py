"""`python -m bot` with nothing configured: the packaged model and a Telegram of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from bot.locales import Language, texts_for
from bot.locales.crisis import crisis_texts_for
from bot.safety import Step, spoken
from devtools.processes import BotProcess, free_port
from inference.local.engine import PACKAGED_MODEL
from tests.e2e.house import REDO, Kept, records
from tests.e2e.people import Telegram, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.e2e.spoken import Spoken

pytest.importorskip("xllamacpp", reason="the local engine needs the extra `local`")

SEEDED_PERSON = 1001
QUESTIONS = crisis_texts_for(Language.ZH_CN).questions
ASKS = [spoken(Step(question=question), Language.ZH_CN) for question in QUESTIONS]


@pytest.fixture
def bot(tmp_path: Path, new_bot: Callable[..., BotProcess]) -> BotProcess:
    assert PACKAGED_MODEL.is_file()
    return new_bot(tmp_path, {"SANDBOX_PORT": str(free_port())}, kind=BotProcess)


@pytest.fixture
async def page(bot: BotProcess, spoken: Spoken) -> AsyncIterator[Telegram]:
    """What the page in the browser talks to."""
    url = f"http://127.0.0.1:{bot.settings['SANDBOX_PORT']}"
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client:
        yield Telegram(client, spoken)


async def test_a_newcomer_chats_restarts_and_is_remembered(bot: BotProcess, page: Telegram) -> None:
    bot.start()
    assert f"Open http://127.0.0.1:{bot.settings['SANDBOX_PORT']} " in bot.output
    person = await page.someone(SEEDED_PERSON)
    await person.says("/start")
    await person.hears("很小的试用模型")
    await person.says("今天心里有点乱，想找人说说话")
    first = await person.hears("", button=REDO)
    page.spoken.add(first.text)

    assert bot.end() == 0
    bot.start()

    seen = [m.text for m in await page.messages(person.id)]
    asked_age = texts_for(Language.ZH_CN).care_ask_age  # behind the first answer
    assert [text for text in seen if text != asked_age][-2:] == [
        "今天心里有点乱，想找人说说话",
        first.text,
    ]
    await person.says("谢谢你愿意听我说")

    async def is_answered() -> str | None:
        *_, last = await person.sees()
        return last.text if last.id != first.id and REDO in last.buttons else None

    second = await eventually(is_answered, "the second turn is answered")
    page.spoken.add(second)
    async with records(bot) as kept:
        assert await kept.turns(person.id) == [
            Kept("今天心里有点乱，想找人说说话", first.text, "answered"),
            Kept("谢谢你愿意听我说", second, "answered"),
        ]
    await person.says("我不想活了")
    shown = await person.hears("你说的我当真")
    await person.says("不知道")

    async def is_asked() -> str | None:
        *_, last = await person.sees()
        return last.text.rpartition("\n")[2] if last.id != shown.id else None

    asked = await eventually(is_asked, "the talk after the card goes on")
    assert asked in ASKS  # reviewed words, not the small model's
    assert asked not in shown.text
    plain = [p for p in bot.data_dir.rglob("*") if "有点乱".encode() in p.read_bytes()]
    assert plain == []
