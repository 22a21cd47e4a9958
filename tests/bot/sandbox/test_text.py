"""Text is counted, checked and marked as Telegram does it."""

import pytest

from bot.sandbox.errors import ApiError
from bot.sandbox.text import check_url, format_text, merge_found, split_text, utf16_len


def formatted(text: str, entities: object = None, limit: int = 4096):
    return format_text(text, entities, limit=limit, too_long="message is too long")


def bold(offset: int, length: int) -> dict[str, object]:
    return {"type": "bold", "offset": offset, "length": length}


def test_an_emoji_is_two_units() -> None:
    assert utf16_len("树🌳") == 3


def test_the_limit_counts_units_after_trimming() -> None:
    assert formatted("  " + "🌳" * 2048 + "\n").text == "🌳" * 2048
    with pytest.raises(ApiError, match="Bad Request: message is too long"):
        formatted("🌳" * 2048 + "a")


@pytest.mark.parametrize(
    ("entity", "refusal"),
    [
        (
            bold(0, 4),
            "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 4",
        ),
        (bold(9, 1), "entity begins after the end of the text at UTF-16 offset 9"),
        (bold(2, 1), "entity begins in a middle of a UTF-16 symbol at byte offset 3"),
        (bold(0, 2), "entity ends in a middle of a UTF-16 symbol at byte offset 3"),
        (bold(-1, 1), "receive an entity with incorrect offset -1"),
        (
            {"type": "sparkle", "offset": 0, "length": 1},
            "can't parse MessageEntity: Unsupported type specified",
        ),
        ({"type": "bold", "offset": 0}, "can't parse MessageEntity: Can't find field \"length\""),
        (
            {"type": "text_link", "offset": 0, "length": 1, "url": "localhost"},
            "entity URL 'localhost' is invalid: Wrong HTTP URL",
        ),
    ],
)
def test_entities_outside_the_text_are_refused(entity: dict[str, object], refusal: str) -> None:
    with pytest.raises(ApiError) as caught:
        formatted("树🌳", [entity])
    assert caught.value.description == f"Bad Request: {refusal}"


def test_trimming_moves_the_entities() -> None:
    trimmed = formatted("  你好 ", [bold(2, 3)])
    assert (trimmed.text, trimmed.entities) == ("你好", (bold(0, 2),))


def test_space_at_the_front_stays_where_an_entity_covers_it() -> None:
    code = {"type": "pre", "offset": 0, "length": 6}
    assert formatted("  code", [code]).text == "  code"


def test_links_commands_mentions_and_phone_numbers_are_found() -> None:
    text = "🌳 /help@tree_bot @tree_bot 看 https://a.example/x。打 400-161-9995"
    found = {item["type"]: item for item in merge_found(text, [])}
    assert found["bot_command"] == {"type": "bot_command", "offset": 3, "length": 14}
    assert found["mention"]["offset"] == 18
    assert found["url"]["length"] == len("https://a.example/x")
    assert found["phone_number"]["length"] == len("400-161-9995")


def test_nothing_is_found_inside_code() -> None:
    code = {"type": "code", "offset": 0, "length": 5}
    assert merge_found("/help", [code]) == (code,)


def test_a_long_text_is_cut_between_characters() -> None:
    pieces = split_text("a" + "🌳" * 2100, 4096)
    assert "".join(pieces) == "a" + "🌳" * 2100
    assert [utf16_len(piece) for piece in pieces] == [4095, 106]


@pytest.mark.parametrize(
    "url", ["tel:12356", "tel:+8610123456", "javascript:alert(1)", "ftp://a.b"]
)
def test_telegram_opens_no_such_link(url: str) -> None:
    with pytest.raises(ApiError, match="is invalid"):
        check_url(url, "inline keyboard button URL")
