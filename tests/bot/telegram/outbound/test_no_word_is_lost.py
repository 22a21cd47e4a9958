"""Whatever a model writes, every word of it is shown."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.outbound.rendering import partial, render


def shown(markdown):
    return "".join(part.text for part in render(markdown))


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("<b>第一步</b><br>第二步", "第一步\n第二步"),
        ("看 https://site.cn/_next_/img", "https://site.cn/_next_/img"),
        ("看 https://site.cn/?a=1&b=__z__&copy=2", "https://site.cn/?a=1&b=__z__&copy=2"),
        (">_< 好难过", ">_<"),
        (">﹏< 呜", ">﹏<"),
        ("好开心呀(*^_^*)，你呢(*^_^*)", "(*^_^*)，你呢(*^_^*)"),
        ("(*T_T*)", "(*T_T*)"),
        ("_(:з」∠)_ 累了", "_(:з」∠)_"),
        ("¯\\_(ツ)_/¯ 没办法啦", "¯\\_(ツ)_/¯"),
        ("-_-||| 好吧||| 嗯", "-_-|||"),
        ("(`・ω・´)和(`・ω・´)", "(`・ω・´)和(`・ω・´)"),
        ("好呀~明天见~", "好呀~明天见~"),
        ("~~~好呀\n明天见", "~~~好呀\n明天见"),
        ("[抱抱](轻轻地)你", "[抱抱](轻轻地)你"),
        ("看[](https://a.b)这里", "https://a.b"),
        ("[打](tel:12356)电话", "12356"),
        ("他说[1]的话\n\n[1]: https://a.b 这里", "https://a.b 这里"),
        ("这样[^1]\n\n[^1]: 一个注", "一个注"),
        ("5 < 6 而 7 > 3", "5 < 6 而 7 > 3"),
        ("a<b，c>d", "a<b，c>d"),
        ("<think>我想一想</think>好的", "<think>我想一想</think>好的"),
        ("<!-- 别忘了 -->吃饭", "别忘了"),
        ("花了$5和$6", "花了$5和$6"),
        ("\\(x+1\\) 和 \\[y\\]", "x+1"),
        ("```你好\n世界", "```你好\n世界"),
        ("snake_case_name", "snake_case_name"),
        ("3. 三\n5. 五", "3. 三\n5. 五"),
        ("AT&T 和 R&B", "AT&T 和 R&B"),
        ("C:\\用户\\名", "C:\\用户\\名"),
        ("**(重要)** 嗯", "(重要) 嗯"),
    ],
)
def test_what_only_looks_like_markup_is_shown(markdown, words):
    assert words in shown(markdown)


SIGNS = [
    *("**", "*", "_", "__", "`", "```", "~~", "~", "||", "|", "# ", "> ", ">", "- ", "* ", "1. "),
    *("\n", "\n\n", "    ", "\t", "[", "](", ")", "![", "(", "<", "</b>", "<b>", "<br>", "&", ";"),
    *("$", "\\", "\\(", "[^1]", "]: ", "---", "===", "：", "。", " ", "(*^_^*)", ">_<", "~~~"),
]
WORDS = st.text("我在听你慢说心累夜晚安", min_size=1, max_size=4)
URLS = st.sampled_from(["https://a.cn/_x_/y*z*", "http://b.cn/?q=1&lt=2#__c"])


@st.composite
def markdown(draw):
    """Markdown of words and signs in any order, and the words in theirs."""
    pieces = draw(
        st.lists(
            st.tuples(st.sampled_from(SIGNS), st.just(value=False))
            | st.tuples(WORDS, st.just(value=True)),
            max_size=30,
        )
    )
    return "".join(piece for piece, _ in pieces), "".join(p for p, is_word in pieces if is_word)


@given(markdown())
def test_no_word_is_lost_and_none_changes_its_place(written):
    text, words = written
    kept = "".join(filter("我在听你慢说心累夜晚安".__contains__, shown(text)))
    assert kept == words


@given(WORDS, st.sampled_from(SIGNS), URLS, st.sampled_from(["\n", " ", "，"]))
def test_an_address_is_shown_whole(words, sign, url, behind):
    assert url in shown(f"{words}{sign.replace('(', '').replace('[', '')} {url}{behind}{words}")


FACES = st.sampled_from(
    ["(*^_^*)", "_(:з」∠)_", "(`・ω・´)", "(｡•́︿•̀｡)", "(*´∀`*)", "(>_<)", ">_<", "(*/ω＼*)"]
)


@given(st.lists(FACES | WORDS, min_size=1, max_size=6))
def test_faces_are_shown_whole(pieces):
    text = " ".join(pieces)
    assert shown(text) == text


@pytest.mark.parametrize(
    "hostile",
    [
        "*a" * 8000,
        "**a*b" * 4000,
        "[" * 9000,
        "[a](" * 4000,
        "[a](" + "(b)" * 5000,
        "||a|" * 5000,
        "~~a~" * 5000,
        "`a``" * 5000,
        "<b>" * 5000,
        "> " * 8000,
        "&a" * 8000,
        "(*" * 8000,
        "* " * 8000,
        "<b>a" * 4000,
        "_*" * 8000,
        "*a*b" * 5000,
        "***a" * 4000,
        "[^" * 8000,
    ],
)
def test_hostile_markdown_is_rendered_in_bounded_time(hostile):
    began = time.process_time()
    render(hostile)
    partial(hostile)
    assert time.process_time() - began < 5
