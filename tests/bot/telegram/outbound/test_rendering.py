from __future__ import annotations

import random

import pytest
import structlog
from telegram import MessageEntity

from bot.telegram.outbound import rendering
from bot.telegram.outbound.rendering import LIMIT, PLACEHOLDER, partial, plain, render, utf16_length

FAMILY = "👨‍👩‍👧‍👦"


def spans(rendered):
    """What each entity covers, measured as Telegram measures."""
    units = rendered.text.encode("utf-16-le")
    return [
        (
            str(entity.type.value),
            units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le"),
        )
        for entity in rendered.entities
    ]


def check(part):
    """The rules of Telegram that every part keeps."""
    assert part.text == part.text.strip() != ""
    length = utf16_length(part.text)
    assert 1 <= length <= LIMIT
    for entity in part.entities:
        assert entity.offset >= 0
        assert entity.length > 0
        assert entity.offset + entity.length <= length
    spans(part)  # would fail on an entity that cuts a character


@pytest.mark.parametrize(
    ("markdown", "text", "expected"),
    [
        ("很**重要**的", "很重要的", [("bold", "重要")]),
        ("**注意：**请**放心**", "注意：请放心", [("bold", "注意："), ("bold", "放心")]),
        ("你说**“我很累”**的时候", "你说“我很累”的时候", [("bold", "“我很累”")]),
        ("😀**抱抱🤗**好", "😀抱抱🤗好", [("bold", "抱抱🤗")]),
        ("*轻轻抱。*好", "轻轻抱。好", [("italic", "轻轻抱。")]),
        ("`a**b**c`", "a**b**c", [("code", "a**b**c")]),
        ("# 今晚\n早点睡", "今晚\n早点睡", [("bold", "今晚")]),
        ("- 一\n- 二", "• 一\n• 二", []),
        ("> 你说过", "你说过", [("blockquote", "你说过")]),
        ("||秘密||", "秘密", [("spoiler", "秘密")]),
        ("[热线](https://example.org/a)", "热线", [("text_link", "热线")]),
        ("[点我](javascript:alert(1))", "点我", []),
        ("1. 一\n2. 二", "1. 一\n2. 二", []),
        ("2 * 3 * 4", "2 * 3 * 4", []),
    ],
)
def test_markdown_becomes_text_and_entities(markdown, text, expected):
    (part,) = render(markdown)
    check(part)
    assert part.text == text
    assert spans(part) == expected


def test_links_keep_their_address():
    (part,) = render("[热线](https://example.org/a)")
    assert part.entities[0].url == "https://example.org/a"


@pytest.mark.parametrize("empty", ["", "  \n ", "\u200b\u200d", "\u3164 \u2800", "\u2060"])
def test_nothing_visible_becomes_the_placeholder(empty):
    assert render(empty) == (PLACEHOLDER,)
    assert plain(empty) == (PLACEHOLDER,)
    assert partial(empty) == PLACEHOLDER


@pytest.mark.parametrize("markup", ["<think>", "**", "```", "[](https://example.org)"])
def test_what_markdown_would_make_invisible_is_shown_as_written(markup):
    (part,) = render(markup)
    assert part.text == markup


@pytest.mark.parametrize(
    ("markdown", "text", "expected"),
    [
        ("我**很", "我很", [("bold", "很")]),
        ("我**很好*", "我很好", [("bold", "很好")]),
        ("我**", "我", []),
        ("**一**二**三", "一二三", [("bold", "一"), ("bold", "三")]),
        ("- **睡眠：", "• 睡眠：", [("bold", "睡眠：")]),
        ("```py\nprint('**", "print('**", [("pre", "print('**")]),
        ("* 一\n* 二**三**", "• 一\n• 二三", [("bold", "三")]),
        ("[热线](https://exa", "[热线](https://exa", []),
    ],
)
def test_unfinished_markdown_is_previewed_as_if_it_ended_here(markdown, text, expected):
    part = partial(markdown)
    check(part)
    assert part.text == text
    assert spans(part) == expected


def test_a_text_that_fits_is_one_part_to_the_last_unit():
    assert [len(part.text) for part in render("字" * LIMIT)] == [LIMIT]
    assert [len(part.text) for part in render("字" * (LIMIT + 1))] == [LIMIT, 1]
    assert [utf16_length(part.text) for part in render("😀" * 2048)] == [LIMIT]


def test_parts_end_where_paragraphs_end():
    paragraph = "这是第一段的话，它有一点长。" * 100
    parts = render("\n\n".join([paragraph] * 4))
    assert [part.text for part in parts] == [f"{paragraph}\n\n{paragraph}"] * 2


def test_without_paragraphs_parts_end_where_sentences_end():
    parts = render("我在听，你慢慢说。" * 1000)
    assert all(part.text.endswith("。") for part in parts)
    assert len(parts) == 3


def test_a_closing_quote_stays_with_its_sentence():
    parts = render("她说：“我没事。”" * 1000)
    assert all(part.text.endswith("。”") for part in parts)


@pytest.mark.parametrize("character", ["😀", FAMILY, "🇨🇳", "👍🏽", "é", "❤️"])
@pytest.mark.parametrize("shift", range(4))
def test_no_cut_goes_through_a_character(character, shift):
    parts = render("x" * shift + character * 3000)
    rest = "".join(part.text for part in parts)[shift:]
    assert rest == character * 3000
    for part in parts[1:]:
        check(part)
        assert part.text.startswith(character)


def test_bold_text_across_a_cut_is_bold_on_both_sides():
    parts = render(f"**{'重' * 5000}**")
    assert [spans(part) for part in parts] == [
        [("bold", "重" * LIMIT)],
        [("bold", "重" * (5000 - LIMIT))],
    ]


def test_white_space_at_the_edges_moves_the_entities():
    (part,) = plain("  x  ")
    assert part.text == "x"
    assert spans(render("字" * LIMIT + " **x**")[1]) == [("bold", "x")]
    (part,) = render("\n\n😀 **x** \n\n")
    assert (part.text, spans(part)) == ("😀 x", [("bold", "x")])


def test_direction_overrides_and_control_characters_are_taken_out():
    (part,) = render("安\u202e全\x00的\r\n一\u2028二")
    assert part.text == "安全的\n一\n二"


def test_right_to_left_text_is_left_alone():
    words = "مرحبا **بالعالم** שלום"
    (part,) = render(words)
    assert part.text == words.replace("**", "")
    assert spans(part) == [("bold", "بالعالم")]


def test_half_a_surrogate_pair_is_replaced():
    (part,) = render("a\ud83d**b**")
    assert part.text == "a\ufffdb"
    part.text.encode()


def test_text_without_markdown_does_not_pass_the_library(monkeypatch):
    monkeypatch.setattr(rendering.telegramify_markdown, "convert", lambda *_, **__: 1 / 0)
    text = "你好，我在。慢慢说：1. 先睡；2. 再想（好吗？）\n\n晚安 😀 - 明天见"
    assert render(text)[0].text == text


def test_whatever_the_library_throws_the_text_is_shown_and_not_logged(monkeypatch):
    def throws(*_, **__):
        raise RuntimeError("秘密")

    monkeypatch.setattr(rendering.telegramify_markdown, "convert", throws)
    with structlog.testing.capture_logs() as logs:
        assert render("**秘密**")[0].text == "**秘密**"
    assert [entry["event"] for entry in logs] == ["rendering_fell_back_to_plain_text"]
    assert "秘密" not in str(logs)


def test_plain_shows_every_sign():
    assert plain("**a** `b`")[0].text == "**a** `b`"
    assert plain("**a** `b`")[0].entities == ()


PIECES = (
    *(
        "**",
        "*",
        "_",
        "`",
        "```",
        "~~",
        "||",
        "# ",
        "> ",
        "- ",
        "1. ",
        "\n",
        "\n\n",
        "    code",
        "\t",
    ),
    *("[", "](", ")", "![", "https://a.b", "<b>", "&amp;", "$", "\\(", "x", " ", "：", "我很累。"),
    *(
        FAMILY,
        "😀",
        "שלום",
        "\u200b",
        "\u202e",
        "\ud83d",
        "\u2060",
        "| a | b |\n|---|---|\n| 1 | 2 |",
    ),
)


@pytest.mark.parametrize("seed", range(100))
def test_any_text_renders_to_what_telegram_takes_at_every_moment(seed):
    source = random.Random(seed)
    text = ""
    for _ in range(40):
        text += source.choice(PIECES) * source.choice((1, 1, 1, 1, 2, 500 if seed % 20 == 0 else 3))
        check(partial(text))
    parts = render(text)
    assert parts
    for part in parts:
        check(part)
        assert all(isinstance(entity, MessageEntity) for entity in part.entities)


def test_arithmetic_keeps_its_signs_and_an_open_task_stays_open():
    assert render("**算一算** 2*3*4=24")[0].text == "算一算 2*3*4=24"
    assert render("- [ ] 睡觉\n- [x] 吃饭")[0].text == "☐ 睡觉\n☑ 吃饭"
