"""What the model is told of the language a person writes in, from one turn to the next."""

from __future__ import annotations

from bot.conversation.spoken_language import BESIDE_WORDS, IN_PERSONA
from bot.locales import Language
from tests.bot.telegram.updates import message


async def test_the_model_is_told_which_language_it_is_and_only_where_it_may_be_another(room):
    told = []
    for text in (
        "今天有点累",
        "Nobody at home listens to me",
        "还是说中文吧",
        "牠每天在門口等我回家",
    ):
        await room.arrive(message(text))
        await room.passes(5)
        system, *_, last = room.engine.prompts[-1]
        told.append(
            (last.content.removeprefix(text).strip(), IN_PERSONA[Language.ZH_TW] in system.content)
        )
    assert told == [
        ("", False),
        (BESIDE_WORDS[Language.EN], False),
        (BESIDE_WORDS[Language.ZH_CN], False),
        ("", True),
    ]
