import pytest

from bot.safety.signals import SIGNALS, signals_in


def test_words_of_one_kind_have_one_sign():
    names, signed = signals_in("他在天台")
    _, other = signals_in("他在楼顶")
    assert "high_place" in names
    assert signed == other
    assert len(signed) < len("他在天台")


def test_what_no_kind_knows_stays():
    assert signals_in("嗡嗡") == (frozenset(), "嗡嗡")


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_a_kind_does_not_match_nothing(signal):
    assert signal.pattern.fullmatch("") is None
    assert signal.pattern.search("嗡嗡") is None
