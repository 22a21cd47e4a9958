"""What is markup in a model's Markdown, and what only looks like it.

CommonMark reads `>_<`, `(*^_^*)`, `https://a.b/_x_`, `[抱抱](轻轻地)` and `5<6` as markup and takes
characters of them away. Here every sign that is no surely meant markup is replaced by a stand-in
that the Markdown library does not know, and put back when the library is done. A stand-in is one
UTF-16 unit like what it stands for, so that offsets stay right.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNS = "\\`*_~|<>[]$&#!()"
_STANDS_FOR = {sign: chr(0xE0F0 - index) for index, sign in enumerate(_SIGNS)}
_LITERAL = str.maketrans(_STANDS_FOR)
_BACK = str.maketrans({stand_in: sign for sign, stand_in in _STANDS_FOR.items()})
_TAKEN = re.compile("[\ue0e0-\uf8ff]")
"""Stand-ins for signs, and for markup that is kept while the rest is protected."""

MARK = "\u2060"
"""A letter to CommonMark, which does not close `**注意：**请` without one; taken out at the end."""

_FENCE = re.compile(r"^ {0,3}`{3,}[ \t]*[A-Za-z0-9_+#.-]*[ \t]*$")
_CODE = re.compile(r"(?<!`)(`+)(?!`)([^`\n]+)(?<!`)\1(?!`)")
_URL = re.compile(
    r"(?:https?|tg|ftp)://[^\s<>\"'`，。！？；、）】」』》\u4e00-\u9fff]+", re.IGNORECASE
)
_LINK = re.compile(r"(!?)\[([^\[\]\n]*)\]\(([^\s()\[\]<>]*(?:\([^\s()]*\)[^\s()]*)*)\)")
_ADDRESS = re.compile(r"(?:https?|tg)://", re.IGNORECASE)
_SCRIPT = re.compile(r"(?:javascript|data|vbscript):", re.IGNORECASE)
# A face in brackets has signs between them and neither Chinese nor Latin words.
_FACE = re.compile(
    r"[(（][^\s()（）\u4e00-\u9fffA-Za-z0-9]{2,24}[)）]"
    r"|[(（]\*[^\s()（）*\u4e00-\u9fff]{1,12}\*[)）]"
    r"|¯\\+_\(ツ\)_/¯"
)
_EMPHASIS = re.compile(
    r"(?<![\\*])(\*{1,3})(?![\s*])((?:[^*\n]|(?<=[^*])\*(?!\*)[^*\n]+?\*(?!\*))+?)(?<![\s\\*])\1(?!\*)"
)
_SPOILER = re.compile(r"(?<!\|)\|\|(?![|\s])([^|\n]+?)(?<!\s)\|\|(?!\|)")
_STRUCK = re.compile(r"(?<!~)~~(?![~\s])([^~\n]+?)(?<!\s)~~(?!~)")
_QUOTE = re.compile(
    r"^ {0,3}(?:>[ \t]*)+(?=$|[^\W_]|(?<=[ \t])\S|[“”\"'「『《（(\[*#\ue000-\ue0ff])"
)
_BULLET = re.compile(r"^[ \t]*\*(?=[ \t]+\S)")
_HEADING = re.compile(r"^ {0,3}#{1,6}(?=[ \t])")
_TASK = re.compile(r"(?<=[-*+] )\[[ xX]\](?= )")
_RULE = re.compile(r"^ {0,3}(?:\*[ \t]*){3,}$")
_ESCAPE = re.compile(r"\\([*_`~|#>!<&$])")
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")
_BREAK_TAG = re.compile(r"<br[ \t]*/?>|</(?:p|div|li|h[1-6])>(?=.)", re.IGNORECASE)
_BOLD_TAG = re.compile(r"<(b|strong)>([^<>\n*]+)</\1>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:b|strong|i|em|u|s|del|ins|p|div|span|ul|ol|li|h[1-6]|small|center|blockquote)[ \t]*/?>",
    re.IGNORECASE,
)
_ENDS_NO_WORDS = frozenset("，。！？；：、…,.!?;:")


def has_stand_ins(text: str) -> bool:
    """Whether a text holds characters that stand for others here, and cannot be told from them."""
    return _TAKEN.search(text) is not None


def protect(markdown: str) -> str:
    """Markdown in which only what is surely meant as markup is left of it."""
    lines = []
    in_code = False
    for line in markdown.split("\n"):
        if _FENCE.match(line):
            in_code = not in_code
            lines.append(line)
        elif in_code:
            lines.append(line.replace("```", _literal("```")))
        else:
            lines.append(_protect_line(line))
    return "\n".join(lines)


def restore(shown: str) -> str:
    """What the library made of it, with every sign back in its place."""
    return shown.translate(_BACK)


def words_of(protected: str) -> str:
    """The letters and digits that have to be seen of protected Markdown, in their order."""
    seen = "\n".join(line for line in protected.split("\n") if not _FENCE.match(line))
    for markup in (_TASK, _ENTITY):
        seen = markup.sub("", seen)
    return "".join(filter(str.isalnum, _LINK.sub(lambda link: link[2], seen)))


def _literal(text: str) -> str:
    return text.translate(_LITERAL)


def _protect_line(line: str) -> str:
    line = _BREAK_TAG.sub("\n", line)
    if "\n" in line:
        return "\n".join(map(_protect_line, line.split("\n")))
    line = _FACE.sub(_protect_face, line)
    # Code is found first: within it nothing else is markup.
    pieces, at = [], 0
    for code in _CODE.finditer(line):
        if _is_emphasized(code[2]) or code[2].isascii():
            pieces += [_protect_text(line[at : code.start()], starts=at == 0), code[0]]
            at = code.end()
    pieces.append(_protect_text(line[at:], starts=at == 0))
    return "".join(pieces)


def _protect_face(face: re.Match[str]) -> str:
    return _literal(face[0]) if any(sign in _SIGNS for sign in face[0][1:-1]) else face[0]


def _protect_text(text: str, *, starts: bool) -> str:
    """Protect what stands outside code; `starts` where it begins a line."""
    kept: list[str] = []

    def keep(markup: str) -> str:
        kept.append(markup)
        return f"\ue100{chr(0xE200 + len(kept) - 1)}" if len(kept) < 1500 else _literal(markup)

    text = _BOLD_TAG.sub(r"**\2**", text)
    text = _TAG.sub("", text)
    text = _LINK.sub(lambda link: _protect_link(link, keep), text)
    text = _URL.sub(lambda url: _literal(url[0]), text)
    text = _ESCAPE.sub(lambda escape: _literal(escape[1]), text)
    if starts:
        for line_start in (_RULE, _QUOTE, _BULLET, _HEADING):
            text = line_start.sub(lambda found: keep(found[0]), text)
        text = _TASK.sub(lambda found: keep(found[0]), text)
    text = _ENTITY.sub(lambda found: keep(found[0]), text)
    text = _EMPHASIS.sub(lambda found: _keep_emphasis(found, keep), text)
    for pair in (_SPOILER, _STRUCK):
        text = pair.sub(
            lambda found: (
                keep(found[0][:2]) + found[1] + keep(found[0][:2])
                if _is_emphasized(found[1])
                else found[0]
            ),
            text,
        )
    if starts and text.lstrip().startswith("|"):
        text = re.sub(r"\|", lambda found: keep(found[0]), text)  # a row of a table
    text = _literal(text)
    return re.sub("\ue100([\ue200-\uf8ff])", lambda at: kept[ord(at[1]) - 0xE200], text)


def _protect_link(link: re.Match[str], keep: Callable[[str], str]) -> str:
    """A link stays one where its address can be opened and its words be seen."""
    image, words, address = link.groups()
    if not words.strip():
        return _literal(link[0])
    if _ADDRESS.match(address):
        return keep(f"{image}[") + words + keep(f"]({address})")
    return words if _SCRIPT.match(address) else _literal(link[0])


def _keep_emphasis(found: re.Match[str], keep: Callable[[str], str]) -> str:
    sign, inner = found[1], found[2]
    if not _is_emphasized(inner) or _is_product(found):
        return _literal(sign) + inner + _literal(sign)
    if "*" in inner:
        inner = _EMPHASIS.sub(lambda within: _keep_emphasis(within, keep), inner)
    opening = "" if inner[0].isalnum() else MARK
    closing = "" if inner[-1].isalnum() else MARK
    return keep(sign) + opening + inner + closing + keep(sign)


def _is_product(found: re.Match[str]) -> bool:
    """Whether it is arithmetic: 2*3*4."""
    before = found.string[found.start() - 1 : found.start()]
    return found[1] == "*" and before.isdigit() and found[2][0].isdigit()


def _is_emphasized(inner: str) -> bool:
    """Whether somebody would stress it: words, not what stands between two faces."""
    first, last = inner[0], inner[-1]
    return (
        any(character.isalnum() for character in inner)
        and unicodedata.category(first) not in {"Pe", "Pf", "Sk"}
        and first not in _ENDS_NO_WORDS
        and unicodedata.category(last) not in {"Ps", "Pi", "Sk"}
    )
