"""What could name somebody is taken out; what could not stays as it was said."""

from __future__ import annotations

import pytest

from bot.feedback.deidentify import PERSONS, Deidentifier


@pytest.fixture(scope="module")
def deidentify() -> Deidentifier:
    return Deidentifier()


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("我叫张小雨，室友李婷和王思远欺负我", "我叫某甲，室友某乙和某丙欺负我"),
        ("爸爸叫赵建国，今年五十岁", "爸爸叫某甲，今年五十岁"),
        ("我同桌欧阳娜娜不理我", "我同桌某甲不理我"),
        ("我前任周子轩又来找我了", "我前任某甲又来找我了"),
        ("老张和小王都是我同事", "某甲和某乙都是我同事"),
        ("王老师说我不努力，李叔叔也劝我", "某老师说我不努力，某叔叔也劝我"),
        ("我叫張小雨，室友陳志強在臺北讀書", "我叫某甲，室友某乙在某地讀書"),
        ("My name is John Smith and I live with Sarah", "My name is 某甲 and I live with 某乙"),
        ("我老板Kevin今天骂我", "我老板某甲今天骂我"),
        ("我在北京师范大学读大二", "我在某学校读大二"),
        ("我在成都七中读高三", "我在某学校读高三"),
        ("我妈妈在华为上班", "我妈妈在某单位上班"),
        ("他在上海市浦东新区工作", "他在某地工作"),
        ("我的手机是138 0013 8000", "我的手机是某号码"),
        ("打一三八零零一三八零零零", "打某号码"),
        ("身份证11010119900307123X", "身份证某号码"),
        ("我生日是1999年3月4日", "我生日是某日"),
        ("加我微信号abc_12345", "加我某账号"),
        ("邮箱 a.b@qq.com，看 https://x.com/abc", "邮箱 某账号，看 某网址"),
    ],
)
def test_what_names_somebody_is_taken_out(deidentify: Deidentifier, said: str, left: str) -> None:
    assert deidentify([said]) == [left]


@pytest.mark.parametrize(
    "said",
    [
        "今天很难过，不想说话，谢谢您，祝你们幸福",
        "马上要考试了，安静不下来，任何同学都不理我",
        "我2024年毕业，考了589分，24小时没睡，月薪50000元",
        "老公不理我，老板骂我，我在家里排行老三，老师也不管",
        "高三的时候我很高兴，白天睡觉，晚上失眠",
        "周总是我最怕的一天，为什么总是我",
        "我emo了，有PTSD，AI能听懂吗",
        "I feel sad and I have no friends. God knows why. On Monday I cried.",
    ],
)
def test_what_names_nobody_stays(deidentify: Deidentifier, said: str) -> None:
    assert deidentify([said]) == [said]


def test_a_person_is_the_same_one_in_all_texts_of_a_talk(deidentify: Deidentifier) -> None:
    said = ["室友王思远欺负我", "听起来王思远让你很难受", "思远还拉上李婷"]
    assert deidentify(said) == ["室友某甲欺负我", "听起来某甲让你很难受", "某甲还拉上某乙"]


def test_what_was_taken_out_is_counted() -> None:
    deidentify = Deidentifier()
    deidentify(["我叫张小雨，电话13800138000", "张小雨在成都"])
    assert deidentify.taken_out == {"某人": 2, "某号码": 1, "某地": 1}
    assert set(PERSONS).isdisjoint(deidentify.taken_out)
