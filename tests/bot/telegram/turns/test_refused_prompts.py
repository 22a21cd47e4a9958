"""What the service behind the engine refuses to read costs one turn, not the conversation."""

from __future__ import annotations

from bot.locales import Language, texts_for
from inference.engine import ContentFiltered, EngineRejected
from inference.server_errors import EndpointRefused
from tests.bot.telegram.scripted_engine import ANSWER
from tests.bot.telegram.updates import PERSON, message

TEXTS = texts_for(Language.ZH_CN)


async def test_words_that_a_filter_refused_end_no_conversation(room, engine):
    engine.will(ContentFiltered("the server's own filter stopped it"))
    await room.arrive(message("被拦的话"))
    await room.passes(10)
    assert room.bot.texts(PERSON) == [TEXTS.error_filtered]
    assert await room.turns() == [("failed", "ContentFiltered")]
    await room.arrive(message("你好呀"))
    await room.passes(10)
    assert room.bot.texts(PERSON)[-1] == ANSWER
    assert engine.prompts[-1][-1].content == "你好呀"


async def test_a_prompt_that_is_refused_is_asked_once_more_without_the_past(room, engine):
    await room.arrive(message("以前说的"))
    await room.passes(10)
    engine.will(EngineRejected("the server refused the request (status 400)"))
    await room.arrive(message("你好呀"))
    await room.passes(10)
    assert room.bot.texts(PERSON) == [ANSWER, ANSWER]
    assert [len(prompt) for prompt in engine.prompts] == [2, 4, 2]


async def test_an_endpoint_that_refuses_everything_is_asked_once(room, engine):
    await room.arrive(message("以前说的"))
    await room.passes(10)
    engine.will(EndpointRefused("the server refused the API key (status 401)"))
    await room.arrive(message("你好呀"))
    await room.passes(10)
    assert len(engine.prompts) == 2
    assert room.bot.texts(PERSON)[-1] == TEXTS.error_retry
