"""When a person says that they want no human: words that are a command, and what is read as one.

The patterns are tried only while a human writes to the person, and only on a whole short message: a
word too few keeps a stranger in the room, a word too many sends away the human they wanted.
"""

from __future__ import annotations

import re
import unicodedata

from bot.safety import simplified

_HUMAN = r"(?:这个|那个|什么|你们的?|任何)?(?:真人|值班的人|值班人员|值班员|人工客服|人工|客服)"
_POLITE = r"了|吧|啊|的|好吗|可以吗|请|谢谢|[,。!~ ]"
_TAIL = rf"(?:来|看|管|陪|在|帮|说话|聊天|说|聊|回|见|到|我|{_POLITE})*"
_NO_HUMAN = re.compile(
    r"(?:(?:我)?(?:真的|还是)?"
    r"(?:不要|不用|不需要|不想要|不想跟|不想和|不想找|不想让|别让|别叫)"
    rf"{_HUMAN}{_TAIL}"
    rf"|(?:请|麻烦)?(?:让|叫)?{_HUMAN}(?:先)?(?:走开|走吧|走|离开|退出|出去)"
    r"(?:吧|一下|好吗|可以吗|谢谢|[,。!~ ])*"
    rf"|{_HUMAN}可以(?:走|离开)了"
    rf"|(?:我)?(?:只|就)(?:想|要)(?:和|跟|同)(?:ai|机器人){_TAIL}"
    rf"|(?:请|我)?(?:想|要)?(?:换|叫|让)回?(?:ai|机器人){_TAIL}"
    r"|(?:please,? )?(?:i (?:do not|don't|dont) want (?:a|the|any) human(?: here)?"
    r"|no humans?|without (?:a|the) human|leave me with the ai|(?:give me )?the ai back)"
    r"(?:,? please)?)"
)
MAX_CHARACTERS = 40

WITHOUT_HUMAN = frozenset(
    (
        *("不要真人", "不要真人了", "不要真人，谢谢", "不用真人", "不想要真人", "我不要真人"),
        *("不要真人，謝謝", "我不想要真人", "不想和真人说", "不想和真人說", "让真人走", "讓真人走"),
        *("no human", "no human please", "no human, please", "without a human"),
        *("without a human please", "without a human, please"),
    )
)
"""Words that, alone in a message, are the command, in whatever state the person is."""


def wants_no_human(text: str) -> bool:
    """Whether a message asks for the AI back and says nothing else."""
    if len(text) > MAX_CHARACTERS:
        return False
    words = unicodedata.normalize("NFKC", simplified(text)).replace("’", "'").lower()
    return _NO_HUMAN.fullmatch(words.strip(" \t\n。.!?？！~…,，")) is not None
