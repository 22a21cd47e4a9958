import pytest

from bot.locales import Language, language_for


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("zh-hans", Language.ZH_CN),
        ("zh-CN", Language.ZH_CN),
        ("zh", Language.ZH_CN),
        ("zh-SG", Language.ZH_CN),
        ("zh-Hans-HK", Language.ZH_CN),
        ("zh-hant", Language.ZH_TW),
        ("zh-TW", Language.ZH_TW),
        ("zh_HK", Language.ZH_TW),
        ("zh-MO", Language.ZH_TW),
        ("zh-Hant-HK", Language.ZH_TW),
        ("en", Language.EN),
        ("en-GB", Language.EN),
        ("EN", Language.EN),
        ("ja", Language.ZH_CN),
        ("eno", Language.ZH_CN),
        ("", Language.ZH_CN),
        (None, Language.ZH_CN),
    ],
)
def test_language_follows_telegrams_code_and_falls_back_to_simplified_chinese(
    code: str | None, language: Language
) -> None:
    assert language_for(code) is language
