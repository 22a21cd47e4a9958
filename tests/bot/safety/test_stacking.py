"""What the scores of both readers come to together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.locales import Language
from bot.safety import BOTH, Axis, RiskLevel, Stack, StackedReader, Utterance, Who, assess, card
from bot.safety.encoder import EncoderReading
from bot.safety.stacking import Stacks, WeighedScores, log_odds, packaged_stacks

if TYPE_CHECKING:
    from collections.abc import Sequence

BY_HALVES = WeighedScores(first=0.5, encoder=0.5, reached_at=1.0)
STACK = Stack(dict.fromkeys(("concern", "high", "imminent"), BY_HALVES))


class FakeEncoder:
    def __init__(self, at_least: tuple[float, float, float], who: str = "nobody") -> None:
        self.reading = EncoderReading(RiskLevel.NONE, at_least, who, frozenset())
        self.talks: list[Sequence[tuple[str, bool]]] = []

    def read(self, talk: Sequence[tuple[str, bool]]) -> EncoderReading:
        self.talks.append(talk)
        return self.reading


HUNTED = "我躲在厕所，他在外面说要弄死我"
"""Imminent by a rule."""
NOTHING, EVERYTHING = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


def first(concern: float, high: float, imminent: float) -> dict[str, float]:
    return {"concern": concern, "high": high, "imminent": imminent}


@pytest.mark.parametrize(
    ("odds", "encoder", "level"),
    [
        (first(0, 0, 0), (0.5, 0.5, 0.5), RiskLevel.NONE),
        (first(4, 0, 0), (0.5, 0.5, 0.5), RiskLevel.CONCERN),
        (first(0, 0, 0), (0.99, 0.99, 0.5), RiskLevel.HIGH),
        (first(1, 1, 1.5), (0.8, 0.8, 0.7), RiskLevel.IMMINENT),
        (first(9, 9, 9), (0.0, 0.0, 0.0), RiskLevel.NONE),
    ],
)
def test_what_one_lacks_the_other_may_have(
    odds: dict[str, float], encoder: tuple[float, float, float], level: RiskLevel
) -> None:
    assert STACK.level(odds, encoder) is level


def test_a_probability_of_nothing_or_all_is_a_number() -> None:
    assert log_odds(0.0) == pytest.approx(-log_odds(1.0))


def test_the_first_readers_opinion_stands_where_the_encoder_has_none() -> None:
    found = StackedReader(FakeEncoder((1.0, 1.0, 1.0)), Stacks(STACK, STACK)).read(
        [Utterance("我不想活了")]
    )
    assert (found.level >= RiskLevel.HIGH, found.who) == (True, Who.SELF)
    assert Axis.SUICIDE in found.axes


def test_what_rules_call_high_or_more_stands_whatever_the_encoder_makes_of_it() -> None:
    reader = StackedReader(FakeEncoder(NOTHING))
    assert reader.read([Utterance("我不想活了")]).level is RiskLevel.HIGH
    assert reader.read([Utterance(HUNTED)]).level is RiskLevel.IMMINENT


def test_what_the_trees_alone_say_needs_the_encoder_too() -> None:
    text = "我在天台边上，准备跳了"
    alone = assess([Utterance(text)])
    assert alone.reasons == ("trained",)
    assert StackedReader(FakeEncoder(NOTHING)).read([Utterance(text)]).level is RiskLevel.NONE
    both = StackedReader(FakeEncoder(EVERYTHING)).read([Utterance(text)])
    assert both.reasons == (BOTH,)
    assert both.level >= alone.level


def test_a_rule_of_a_concern_needs_little_of_the_encoder_and_does_not_decide() -> None:
    said = [Utterance("理赔那边来了个吞药的案子，我整理材料到半夜")]
    assert assess(said).level is RiskLevel.CONCERN
    assert StackedReader(FakeEncoder(NOTHING)).read(said).level is RiskLevel.NONE
    assert StackedReader(FakeEncoder(EVERYTHING)).read(said).level >= RiskLevel.CONCERN
    hint = [Utterance("活不下去了怎么办")]
    assert StackedReader(FakeEncoder((0.2, 0.02, 0.001))).read(hint).level is RiskLevel.CONCERN


def test_open_words_that_are_meant_are_high() -> None:
    said = [Utterance("最近脑子里全是自杀两个字")]
    assert StackedReader(FakeEncoder((0.2, 0.02, 0.001))).read(said).level is RiskLevel.HIGH
    assert StackedReader(FakeEncoder(NOTHING)).read(said).level < RiskLevel.HIGH


@pytest.mark.parametrize("text", ["我不想死，我想好好活着", "嗯", "没有", "在吗"])
def test_what_is_denied_or_bare_needs_more_than_the_encoder(text: str) -> None:
    reader = StackedReader(FakeEncoder((0.9, 0.5, 0.1)))
    assert reader.read([Utterance(text)]).level is RiskLevel.NONE


def test_serious_words_before_keep_a_harmless_message_at_a_concern() -> None:
    said = [Utterance("我不想活了"), Utterance("嗯嗯", by_bot=True), Utterance("今天吃了面")]
    found = StackedReader(FakeEncoder(NOTHING)).read(said)
    assert (found.level, found.reasons) == (RiskLevel.CONCERN, ("said_before",))


def test_a_message_is_shown_to_the_encoder_once() -> None:
    encoder = FakeEncoder(NOTHING)
    reader = StackedReader(encoder)
    said = [Utterance("今天有点累"), Utterance("怎么了？", by_bot=True), Utterance("方案改了九稿")]
    for _ in range(2):
        reader.read(said)
    assert encoder.talks == [[(one.text, one.by_bot) for one in said]]
    reader.read(said[2:])
    assert len(encoder.talks) == 2, "by itself it may mean something else"


def test_what_rules_call_imminent_does_not_wait_for_the_encoder() -> None:
    encoder = FakeEncoder(EVERYTHING)
    found = StackedReader(encoder).read([Utterance(HUNTED)])
    assert found.level is RiskLevel.IMMINENT
    assert encoder.talks == []


def test_when_where_and_with_whom_is_nothing_however_sure_the_scores_are() -> None:
    reader = StackedReader(FakeEncoder(EVERYTHING), Stacks(STACK, STACK))
    assert reader.read([Utterance("我今天一个人在地铁上")]).level is RiskLevel.NONE


def test_words_of_the_bot_are_not_read() -> None:
    reader = StackedReader(FakeEncoder((1.0, 1.0, 1.0)), Stacks(STACK, STACK))
    assert reader.read([Utterance("你想死吗", by_bot=True)]).level is RiskLevel.NONE


def test_the_packaged_stacks_weigh_both_and_never_downwards() -> None:
    stacks = packaged_stacks()
    for weighed in (*stacks.line.levels.values(), *stacks.talk.levels.values()):
        assert weighed.first >= 0
        assert weighed.encoder >= 0
        assert weighed.first + weighed.encoder > 0


def test_a_message_in_a_talk_has_scores_of_its_own_to_reach() -> None:
    deaf = Stack(dict.fromkeys(STACK.levels, WeighedScores(0.0, 1.0, 99.0)))
    reader = StackedReader(FakeEncoder((1.0, 1.0, 1.0)), Stacks(line=deaf, talk=STACK))
    assert reader.read([Utterance("嗯")]).level is RiskLevel.NONE
    asked = Utterance("你已经吃了什么吗？", by_bot=True)
    assert reader.read([Utterance("难受"), asked, Utterance("嗯")]).level > RiskLevel.NONE


def test_who_is_in_danger_reaches_a_level_sooner_and_never_later() -> None:
    sooner = Stack(
        {
            "concern": BY_HALVES,
            "high": BY_HALVES,
            "imminent": WeighedScores(first=0.5, encoder=0.5, reached_at=1.0, in_danger_at=-1.0),
        }
    )
    odds, encoder = first(0, 0, 0), (0.5, 0.5, 0.5)
    assert sooner.level(odds, encoder) is RiskLevel.NONE
    assert sooner.level(odds, encoder, is_in_danger=True) is RiskLevel.IMMINENT
    later = Stack(dict.fromkeys(("concern", "high", "imminent"), BY_HALVES))
    assert later.level(first(4, 4, 4), encoder, is_in_danger=True) is RiskLevel.IMMINENT


def test_what_a_person_is_in_is_known_from_the_caller_and_from_a_card() -> None:
    card_sent = Utterance(card(RiskLevel.HIGH, Language.ZH_CN), by_bot=True)
    said = [Utterance("就是那样")]
    stack = Stack(
        {
            **STACK.levels,
            "imminent": WeighedScores(first=0.0, encoder=1.0, reached_at=9.0, in_danger_at=0.0),
        }
    )
    reader = StackedReader(FakeEncoder((0.6, 0.6, 0.6)), Stacks(stack, stack))
    assert reader.read(said).level < RiskLevel.IMMINENT
    assert reader.read(said, RiskLevel.HIGH).level is RiskLevel.IMMINENT
    assert reader.read([card_sent, *said]).level is RiskLevel.IMMINENT
