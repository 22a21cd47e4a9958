"""The rules by which a replay finds out what went wrong, on made-up logs."""

import pytest

from benchmarks.accounting import judge
from benchmarks.chatlog import ChatLog, Rules, SentMessage, ShownText, StoredTurn, Window
from benchmarks.replay import telegram_rules
from benchmarks.reviewed import is_reviewed
from bot.locales import Language
from bot.safety import RiskLevel, repeated_card
from bot.telegram.outbound.rendering import render

CARD = "求助电话"
RULES = Rules(is_card=lambda text: text == CARD, placeholder="…")

SAID = [SentMessage(1, "睡不着", 10.0), SentMessage(3, "还是睡不着", 20.0)]
SHOWN = [
    ShownText(2, "…", 10.5, finished=False),
    ShownText(2, "嗯", 11.5, finished=False),
    ShownText(2, "嗯，我在。", 12.0, finished=True),
    ShownText(4, "慢慢说。", 21.0, finished=True),
]
TURNS = [
    StoredTurn(1, "睡不着", "answered", 2, ("嗯，我在。",)),
    StoredTurn(2, "还是睡不着", "answered", 4, ("慢慢说。",)),
]


def account(said=SAID, shown=SHOWN, turns=TURNS, kills=(), rules=RULES):
    return judge(ChatLog(said, shown, turns, kills), rules)


def faults(found):
    names = ("unanswered", "out_of_order", "answered_twice", "not_its_answer", "sql_differs")
    return {name: getattr(found, name) for name in names if getattr(found, name)}


def test_what_went_well_is_flawless_and_timed_from_what_was_said():
    found = account()
    assert (found.messages, found.turns, found.answered) == (2, 2, 2)
    assert found.flawless
    assert faults(found) == {}
    assert found.to_first_text == [1.5, 1.0]  # the placeholder is no text
    assert found.to_final_text == [2.0, 1.0]


def test_a_message_in_no_turn_is_unanswered():
    found = account(shown=SHOWN[:3], turns=TURNS[:1])
    assert faults(found) == {"unanswered": 1}
    assert (found.turns, found.answered) == (2, 1)
    assert not found.flawless


@pytest.mark.parametrize(
    "turn",
    [
        StoredTurn(2, "还是睡不着", "answering", 4, ("",)),
        StoredTurn(2, "还是睡不着", "failed", 4, ("",)),
        StoredTurn(2, "还是睡不着", "answered", None, ("慢慢说。",)),
    ],
)
def test_a_turn_without_a_finished_answer_is_unanswered(turn):
    found = account(shown=SHOWN[:3], turns=[TURNS[0], turn])
    assert faults(found) == {"unanswered": 1}


def test_a_card_that_has_asked_is_the_whole_answer_of_its_turn():
    turn = StoredTurn(2, "还是睡不着", "answered", None, ())
    card = ShownText(4, CARD, 20.2, finished=True)
    found = account(shown=[*SHOWN[:3], card], turns=[TURNS[0], turn])
    assert faults(found) == {}
    assert (found.answered, found.crisis_cards) == (2, 1)
    assert found.to_final_text == [2.0, pytest.approx(0.2)]


def test_a_card_before_what_was_said_answers_nothing():
    turn = StoredTurn(1, "还是睡不着", "answered", None, ())
    card = ShownText(2, CARD, 12.0, finished=True)
    assert faults(account(said=SAID[1:], shown=[card], turns=[turn])) == {"unanswered": 1}


STOPPED = StoredTurn(1, "睡不着", "stopped", 2, ("嗯",))
CARD_ALONE = StoredTurn(2, "还是睡不着", "answered", None, ())


def overtaken(*shown, stopped=STOPPED, behind=CARD_ALONE):
    """What was found where the answer to the first message was stopped."""
    return account(shown=shown, turns=[stopped, behind])


BROKEN_OFF = ShownText(2, "嗯……", 20.5, finished=True)
CARD_OF_THE_NEXT = ShownText(4, CARD, 20.2, finished=True)


def test_an_answer_that_gave_way_to_the_card_of_what_was_said_next_was_broken_off_for_it():
    found = overtaken(SHOWN[0], SHOWN[1], BROKEN_OFF, CARD_OF_THE_NEXT)
    assert faults(found) == {}
    assert (found.turns, found.answered, found.broken_off) == (2, 1, 1)
    assert found.flawless


def test_an_answer_may_give_way_to_a_card_before_its_first_word():
    stopped = StoredTurn(1, "睡不着", "stopped", None, ())
    found = overtaken(CARD_OF_THE_NEXT, stopped=stopped)
    assert faults(found) == {}
    assert found.broken_off == 1


def test_an_answer_is_broken_off_for_a_card_that_stands_before_the_answer_behind_it():
    asked = StoredTurn(2, "还是睡不着", "answered", 5, ("在吗？",))
    question = ShownText(5, "在吗？", 21.0, finished=True)
    found = overtaken(BROKEN_OFF, CARD_OF_THE_NEXT, question, behind=asked)
    assert faults(found) == {}
    assert (found.answered, found.broken_off) == (1, 1)
    late = ShownText(6, CARD, 22.0, finished=True)
    found = overtaken(BROKEN_OFF, ShownText(5, "在吗？", 21.0, True), late, behind=asked)
    assert faults(found) == {"unanswered": 1}


@pytest.mark.parametrize(
    ("shown", "unanswered"),
    [
        ([BROKEN_OFF], 2),  # no card at all
        ([ShownText(2, "嗯……", 20.5, finished=False), CARD_OF_THE_NEXT], 1),  # can be stopped yet
        ([ShownText(2, CARD, 12.0, finished=True)], 2),  # a card of what was said before
    ],
)
def test_an_answer_that_stopped_for_no_card_is_unanswered(shown, unanswered):
    assert faults(overtaken(*shown)) == {"unanswered": unanswered}


def test_an_answer_that_stopped_with_nothing_said_behind_it_is_unanswered():
    found = account(said=SAID[:1], shown=[BROKEN_OFF, CARD_OF_THE_NEXT], turns=[STOPPED])
    assert faults(found) == {"unanswered": 1}


def test_what_is_left_of_a_broken_off_answer_is_what_sql_holds():
    found = overtaken(ShownText(2, "别的……", 20.5, finished=True), CARD_OF_THE_NEXT)
    assert faults(found) == {"sql_differs": 1}


def test_a_card_waits_for_no_answer():
    ends_late = ShownText(2, "嗯，我在。", 20.4, finished=True)
    turns = [TURNS[0], StoredTurn(2, "还是睡不着", "answered", None, ())]
    assert faults(account(shown=[ends_late, CARD_OF_THE_NEXT], turns=turns)) == {}


def test_an_answer_that_still_has_its_stop_button_is_unanswered():
    found = account(shown=[*SHOWN[:3], ShownText(4, "慢慢说。", 21.0, finished=False)])
    assert faults(found) == {"unanswered": 1}


def test_the_sentence_that_says_there_is_no_answer_is_no_answer():
    turn = StoredTurn(2, "还是睡不着", "failed", 4, ("",))
    sorry = ShownText(4, "这次没有想好，再试一次？", 21.0, finished=True)
    assert faults(account(shown=[*SHOWN[:3], sorry], turns=[TURNS[0], turn])) == {"unanswered": 1}


def test_messages_of_one_burst_are_one_turn():
    turns = [StoredTurn(1, "睡不着\n还是睡不着", "answered", 4, ("慢慢说。",))]
    found = account(shown=SHOWN[3:], turns=turns)
    assert faults(found) == {}
    assert (found.messages, found.turns, found.answered) == (2, 1, 1)
    assert found.to_final_text == [1.0]  # from the last message of the burst


def test_turns_in_another_order_than_they_were_said_are_out_of_order():
    turns = [
        StoredTurn(1, "还是睡不着", "answered", 4, ("慢慢说。",)),
        StoredTurn(2, "睡不着", "answered", 5, ("嗯，我在。",)),
    ]
    shown = [SHOWN[3], ShownText(5, "嗯，我在。", 22.0, finished=True)]
    assert faults(account(shown=shown, turns=turns)) == {"out_of_order": 1}


def test_answers_that_stand_in_another_order_are_out_of_order():
    said = [SentMessage(1, "睡不着", 10.0), SentMessage(2, "还是睡不着", 10.1)]
    shown = [
        ShownText(3, "慢慢说。", 11.0, finished=True),
        ShownText(4, "嗯。", 12.0, finished=True),
    ]
    turns = [
        StoredTurn(1, "睡不着", "answered", 4, ("嗯。",)),
        StoredTurn(2, "还是睡不着", "answered", 3, ("慢慢说。",)),
    ]
    assert faults(account(said, shown, turns)) == {"out_of_order": 1}


def test_an_answer_that_begins_before_the_one_before_it_has_ended_is_out_of_order():
    shown = [*SHOWN[:2], SHOWN[3], ShownText(2, "嗯，我在。", 22.0, finished=True)]
    assert faults(account(shown=shown)) == {"out_of_order": 1}


def test_a_second_answer_is_found():
    found = account(shown=[*SHOWN, ShownText(5, "慢慢说。", 22.0, finished=True)])
    assert faults(found) == {"answered_twice": 1}


def test_a_message_that_became_two_turns_is_answered_twice():
    turns = [*TURNS, StoredTurn(3, "还是睡不着", "answered", 5, ("嗯。",))]
    found = account(shown=[*SHOWN, ShownText(5, "嗯。", 22.0, finished=True)], turns=turns)
    assert faults(found) == {"answered_twice": 1}


def test_two_turns_in_one_message_are_answered_twice():
    turns = [TURNS[0], StoredTurn(2, "还是睡不着", "answered", 2, ("嗯，我在。",))]
    assert account(shown=SHOWN[:3], turns=turns).answered_twice == 1


def test_a_message_left_behind_by_a_kill_is_told_apart():
    left = ShownText(4, "慢", 20.6, finished=False)
    answer = ShownText(5, "慢慢说。", 25.0, finished=True)
    turns = [TURNS[0], StoredTurn(2, "还是睡不着", "answered", 5, ("慢慢说。",))]
    killed = account(shown=[*SHOWN[:3], left, answer], turns=turns, kills=[20.7])
    assert faults(killed) == {}
    assert killed.sent_again == {Window.FIRST: 1}
    alive = account(shown=[*SHOWN[:3], left, answer], turns=turns, kills=[15.0])
    assert faults(alive) == {"answered_twice": 1}


def left_behind(*shown, **circumstances):
    """What was found where a first message was left behind and another one shows the answer."""
    turns = [TURNS[0], StoredTurn(2, "还是睡不着", "answered", 9, ("慢慢说。",))]
    log = ChatLog(
        SAID,
        [*SHOWN[:3], *shown, ShownText(9, "慢慢说。", 40.0, finished=True)],
        turns,
        **circumstances,
    )
    return judge(log, RULES)


def test_a_message_whose_reply_was_lost_is_told_apart():
    left = ShownText(4, "慢", 20.6, finished=False)
    found = left_behind(left, unheard=frozenset({4}))
    assert faults(found) == {}
    assert found.sent_again == {Window.UNHEARD: 1}


def test_an_id_cannot_be_stored_while_the_database_is_away():
    left = ShownText(4, "慢", 20.6, finished=False)
    assert left_behind(left, outages=[(20.0, 30.0)]).sent_again == {Window.FIRST: 1}
    assert faults(left_behind(left, outages=[(21.0, 30.0)])) == {"answered_twice": 1}


def test_a_witness_tells_ids_that_were_never_stored_from_those_that_were():
    left = ShownText(4, "慢", 20.6, finished=False)
    never = left_behind(left, kills=[29.6], stored=frozenset({2, 9}))
    assert never.sent_again == {Window.FIRST: 1}
    assert never.longest_unstored == pytest.approx(9.0)
    known = left_behind(left, kills=[20.7], stored=frozenset({2, 4, 9}))
    assert faults(known) == {"answered_twice": 1}
    undisturbed = left_behind(left, kills=[15.0], stored=frozenset({2, 9}))
    assert faults(undisturbed) == {"answered_twice": 1}


def test_a_message_that_was_edited_had_its_id_stored_before():
    left = [ShownText(4, "慢", 20.6, finished=False), ShownText(4, "慢慢", 21.6, finished=False)]
    assert faults(left_behind(*left, kills=[22.0])) == {"answered_twice": 1}


def test_a_part_sent_again_after_a_crash_is_told_apart():
    turns = [TURNS[0], StoredTurn(2, "还是睡不着", "answered", 4, ("一", "二"))]
    shown = [
        *SHOWN[:3],
        ShownText(4, "一", 21.0, finished=False),
        ShownText(5, "二", 22.0, finished=False),
        ShownText(4, "一", 31.0, finished=True),
        ShownText(6, "二", 32.0, finished=True),
    ]
    found = account(shown=shown, turns=turns, kills=[25.0])
    assert faults(found) == {}
    assert found.sent_again == {Window.PARTS: 1}
    assert faults(account(shown=shown, turns=turns)) == {"answered_twice": 1}


def test_what_is_said_beside_the_answers_is_no_answer():
    rules = Rules(RULES.is_card, "…", is_notice=lambda text: text == "请等一下")
    shown = [*SHOWN[:3], ShownText(4, "请等一下", 20.5, True), ShownText(5, "慢慢说。", 21.0, True)]
    turns = [TURNS[0], StoredTurn(2, "还是睡不着", "answered", 5, ("慢慢说。",))]
    found = account(shown=shown, turns=turns, rules=rules)
    assert faults(found) == {}
    assert found.notices == 1


def test_a_card_is_no_second_answer():
    found = account(
        shown=[*SHOWN[:3], ShownText(4, CARD, 20.5, True), ShownText(5, "在吗？", 21.0, True)],
        turns=[TURNS[0], StoredTurn(2, "还是睡不着", "answered", 5, ("在吗？",))],
    )
    assert faults(found) == {}
    assert (found.crisis_cards, found.answered) == (1, 2)


def test_a_long_answer_is_one_answer_in_several_messages():
    turns = [StoredTurn(1, "睡不着", "answered", 2, ("一", "二")), TURNS[1]]
    said = [SAID[0], SentMessage(4, "还是睡不着", 20.0)]
    shown = [
        ShownText(2, "一", 11.0, True),
        ShownText(3, "二", 12.0, True),
        ShownText(5, "慢慢说。", 21.0, True),
    ]
    turns[1] = StoredTurn(2, "还是睡不着", "answered", 5, ("慢慢说。",))
    found = account(said, shown, turns)
    assert faults(found) == {}
    assert found.to_final_text == [2.0, 1.0]


@pytest.mark.parametrize(
    "turns",
    [
        [TURNS[0], StoredTurn(2, "还是睡不着", "answered", 4, ("别的。",))],
        [TURNS[0], StoredTurn(3, "还是睡不着", "answered", 4, ("慢慢说。",))],
    ],
)
def test_sql_that_says_something_else_is_found(turns):
    assert faults(account(turns=turns)) == {"sql_differs": 1}


def test_a_turn_that_nobody_said_is_found():
    turns = [*TURNS, StoredTurn(3, "从没说过", "answered", 5, ("嗯。",))]
    found = account(shown=[*SHOWN, ShownText(5, "嗯。", 22.0, finished=True)], turns=turns)
    assert faults(found) == {"sql_differs": 1}


def test_somebody_elses_answer_is_found():
    rules = Rules(is_card=RULES.is_card, placeholder="…", mark=lambda text: f"[{text}]")
    shown = [ShownText(2, "[睡不着] 嗯", 11.0, True), ShownText(4, "[睡不着] 嗯", 21.0, True)]
    turns = [
        StoredTurn(1, "睡不着", "answered", 2, ("[睡不着] 嗯",)),
        StoredTurn(2, "还是睡不着", "answered", 4, ("[睡不着] 嗯",)),
    ]
    assert faults(account(shown=shown, turns=turns, rules=rules)) == {"not_its_answer": 1}


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("level", [RiskLevel.HIGH, RiskLevel.IMMINENT])
def test_a_card_that_is_repeated_is_known_as_a_card(level, number):
    (shown,) = render(repeated_card(level, Language.ZH_CN, number))
    assert telegram_rules(None).is_card(shown.text.strip())
    assert is_reviewed(shown.text)
