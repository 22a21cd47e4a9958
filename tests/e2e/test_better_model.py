"""A bot that changes over to a better model while people talk to it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import httpx
import pytest

from devtools.processes import BotProcess, free_port
from tests.e2e.house import REDO, records
from tests.e2e.people import Telegram, eventually
from tests.inference.fetch.hub import Hub
from tests.inference.local.tiny_model import write_tiny_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.spoken import Spoken

pytest.importorskip("xllamacpp", reason="the local engine needs the extra `local`")

PERSON = 1001
ENTRY = """
[[model]]
name = "{name}"
title = "{name}"
note = {{ zh = "试", en = "test" }}
licence = "Apache-2.0"
licence_url = ""
file = "{name}.gguf"
bytes = {size}
sha256 = "{digest}"
parameters = 1
memory = {memory}
context = 512
template = "chatml"
sampling = {{ max_tokens = 40 }}
{rest}
"""


def entry(path: Path, memory: int, rest: str) -> str:
    data = path.read_bytes()
    return ENTRY.format(
        name=path.stem,
        size=len(data),
        digest=hashlib.sha256(data).hexdigest(),
        memory=memory,
        rest=rest,
    )


async def test_the_bot_changes_over_while_people_talk_and_no_turn_is_lost(
    tmp_path: Path, new_bot: Callable[..., BotProcess], spoken: Spoken
) -> None:
    better = write_tiny_model(tmp_path / "better.gguf", name="the-better-one", context_length=8192)
    first = write_tiny_model(tmp_path / "first.gguf", name="the-first-one", context_length=8192)
    source = 'source = [{ kind = "hugging-face", repository = "a/b", revision = "main" }]'
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(entry(better, 1000, source) + entry(first, 1, f'packaged = "{first}"'))
    with Hub(better.read_bytes()) as hub:
        bot = new_bot(
            tmp_path,
            {
                "SANDBOX_PORT": str(free_port()),
                "MODEL_CATALOGUE": str(catalogue),
                "MODELS_DIR": str(tmp_path / "models"),
                "HF_ENDPOINT": hub.url,
            },
        )
        bot.start()
        assert "A better model: better (0.0 GB, Apache-2.0), by `make model`" in bot.output
        url = f"http://127.0.0.1:{bot.settings['SANDBOX_PORT']}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
            person = await Telegram(client, spoken).someone(PERSON)
            await person.says("/about")
            await person.hears("the-first-one")
            assert (await client.get("/sandbox/model")).json()["state"] == "offered"
            assert hub.asked == []

            await client.post("/sandbox/model/fetch")
            said = [f"今天又加班到很晚，第 {number} 天了" for number in range(8)]
            for text in said[:4]:
                await person.says(text)

            async def is_served() -> bool | None:
                state = (await client.get("/sandbox/model")).json()["state"]
                assert state != "failed"
                return True if state == "serving" else None

            await eventually(is_served, "the better model serves")
            for text in said[4:]:
                await person.says(text)
            await person.says("/about")
            await person.hears("the-better-one")

            async def all_answered() -> bool | None:
                async with records(bot) as kept:
                    turns = await kept.turns(PERSON)
                told = "\n".join(turn.said for turn in turns)
                return True if all(text in told for text in said) else None

            await eventually(all_answered, "every message is in a turn")
            async with records(bot) as kept:
                turns = await kept.turns(PERSON)
            for turn in turns:
                spoken.add(turn.answer or "")
            assert {turn.state for turn in turns} == {"answered"}
            assert all(turn.answer for turn in turns)
            assert any(REDO in message.buttons for message in await person.sees())
        assert bot.end() == 0
