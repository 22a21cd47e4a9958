from __future__ import annotations

import re
from random import Random

import pytest

from training.corpora.crisis import crisis
from training.corpora.dialogue import Dialogue, Role, Turn, tidy
from training.corpora.own import FILES, SMALL_TALK, OwnWords, parse_blocks, read_blocks
from training.prepare.cleaning import clean
from training.small.answers import fixed_openings

ANSWERS = [answer for block in read_blocks() for one in block.exchanges for answer in one.answers]


def test_every_drawn_dialogue_is_tidy_and_passes_what_corpora_must_pass() -> None:
    for dialogue in OwnWords(Random(3)).dialogues(1500):
        assert tidy(dialogue) == dialogue
        assert clean(dialogue).left_out is None


def test_no_line_speaks_of_danger() -> None:
    for block in read_blocks():
        for exchange in block.exchanges:
            for asked in exchange.client:
                for answer in exchange.answers:
                    pair = (Turn(Role.CLIENT, asked), Turn(Role.COUNSELOR, answer))
                    assert crisis(Dialogue("own", "1", pair)) is None, asked


def test_answers_are_short_and_plain_and_claim_nothing() -> None:
    claims = re.compile(r"您|咨询|治疗|诊断|热线|电话|\d{3,}|保证|一定会好|作为")
    assert len(ANSWERS) > 1500
    assert [a for a in ANSWERS if claims.search(a) or len(a) > 72 or a.count("？") > 2] == []


def test_no_message_of_the_fixed_test_has_an_answer_here_beyond_small_talk() -> None:
    written = {
        asked
        for block in read_blocks(name for name in FILES if name != SMALL_TALK)
        for one in block.exchanges
        for asked in one.client
    }
    assert len(written) > 3000
    assert written.isdisjoint(fixed_openings())


def test_same_seed_gives_the_same_dialogues() -> None:
    assert list(OwnWords(Random(3)).dialogues(50)) == list(OwnWords(Random(3)).dialogues(50))


def test_greeting_goes_in_front_of_the_asked_share() -> None:
    real = Dialogue("test", "1", (Turn(Role.CLIENT, "我很累"), Turn(Role.COUNSELOR, "怎么了？")))

    greeted = list(OwnWords(Random(3)).greet([real] * 400, 0.25))

    changed = [dialogue for dialogue in greeted if dialogue != real]
    assert 60 < len(changed) < 140
    assert all(dialogue.turns[-2:] == real.turns for dialogue in changed)


def test_talk_of_several_exchanges_goes_on() -> None:
    (block,) = parse_blocks("# a\n> 你好 | 在吗\n< 我在。\n< 嗯。\n> 累\n< 歇会儿。\n")

    assert [(one.client, one.answers) for one in block.exchanges] == [
        (("你好", "在吗"), ("我在。", "嗯。")),
        (("累",), ("歇会儿。",)),
    ]


@pytest.mark.parametrize(
    "text", ["> 你好\n< 我在。", "# a\n< 我在。", "# a\n> 你好", "# a\n> 你好\n我在。", "# a"]
)
def test_block_that_is_no_talk_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"answers|begins with|neither"):
        list(parse_blocks(text))
