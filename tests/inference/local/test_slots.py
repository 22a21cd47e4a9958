"""Which slot a conversation gets."""

from inference.local.slots import Slots


def take(slots: Slots, conversation: str) -> int:
    with slots.hold(conversation) as slot:
        return slot


def test_a_conversation_comes_back_to_its_slot():
    slots = Slots(3)
    first = take(slots, "a")
    assert {first, take(slots, "b"), take(slots, "c")} == {0, 1, 2}
    assert take(slots, "a") == first


def test_a_newcomer_takes_the_slot_that_was_idle_longest():
    slots = Slots(2)
    a, b = take(slots, "a"), take(slots, "b")
    assert take(slots, "a") == a
    assert take(slots, "c") == b
    assert take(slots, "a") == a


def test_who_names_no_conversation_has_none_to_come_back_to():
    slots = Slots(2)
    assert take(slots, "") != take(slots, "")


def test_two_answers_of_one_conversation_have_two_slots():
    slots = Slots(2)
    with slots.hold("a") as first, slots.hold("a") as second:
        assert first != second


def test_it_is_known_whether_a_slot_was_never_used():
    slots = Slots(2)
    take(slots, "a")
    take(slots, "a")
    assert slots.has_unused
    take(slots, "b")
    assert not slots.has_unused
