import pytest

from bot.safety.evidence import Evidence
from bot.safety.facts import message_facts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("我今天", Evidence.SETTING),
        ("我在地铁上", Evidence.SETTING),
        ("跟家里吵完我一个人在楼下", Evidence.SETTING),
        ("今晚 我 一個人 在宿舍", Evidence.SETTING),
        ("数据库不在的时候", Evidence.PLAIN),
        ("晚上煮饺子", Evidence.PLAIN),
        ("我在天台", Evidence.SIGNED),
        ("我在车里，药在手边", Evidence.SIGNED),
        ("我不想活了", Evidence.SIGNED),
    ],
)
def test_how_much_there_is_to_go_by(text: str, found: Evidence) -> None:
    assert message_facts(text).evidence is found
