"""In which language and script a person writes, so that they are answered in it.

GB 2312 has no traditional characters but those that were kept, and Big5 no simplified ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.locales import Language

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")
_LATIN: Final = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
_SIMPLIFIED_SET: Final = "gb2312"
_TRADITIONAL_SET: Final = "big5"
MIN_ENGLISH_WORDS: Final = 2
"""So many words of Latin letters alone are English; one may be a name, or "ok"."""

BESIDE_WORDS: Final = {
    Language.ZH_CN: "（请用简体中文回答）",
    Language.EN: "(Please answer in English.)",
}
"""What a model is told behind the person's words. At the end of the persona it did not help a 1.5B,
which went on in the language of the talk before."""

IN_PERSONA: Final = {Language.ZH_TW: "對方寫的是繁體中文，你也用繁體中文回應。"}
"""What it is told at the end of the persona. Behind the words a 1.5B took it for a task, and said
them again in that script."""


def written_in(text: str, usual: Language) -> Language | None:
    """The language of a message; None where it does not tell.

    `usual` decides between the two scripts where its characters are the same in both.
    """
    chinese = "".join(_CHINESE.findall(text))
    english = len(_LATIN.findall(text))
    if not chinese:
        return Language.EN if english >= MIN_ENGLISH_WORDS else None
    if english > 2 * len(chinese):
        return Language.EN
    traditional, simplified = _not_in(_SIMPLIFIED_SET, chinese), _not_in(_TRADITIONAL_SET, chinese)
    if traditional == simplified:
        return Language.ZH_TW if usual is Language.ZH_TW else Language.ZH_CN
    return Language.ZH_TW if traditional > simplified else Language.ZH_CN


def _not_in(character_set: str, text: str) -> int:
    """How many characters of `text` a character set does not have."""
    return len(text) - len(text.encode(character_set, "ignore").decode(character_set))


def language_to_ask_for(said: str, earlier: Sequence[str], usual: Language) -> Language | None:
    """In which language the model has to be asked to answer; None where it would anyway.

    It follows the persona, which is in simplified Chinese, and the talk before.
    """
    now = written_in(said, usual) or _last_of(earlier, usual)
    before = {written_in(text, usual) for text in earlier} - {None}
    return None if now is Language.ZH_CN and before <= {Language.ZH_CN} else now


def _last_of(earlier: Sequence[str], usual: Language) -> Language | None:
    return next((found for text in reversed(earlier) if (found := written_in(text, usual))), None)
