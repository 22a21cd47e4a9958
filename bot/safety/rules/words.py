"""Words that several rules look for, as pieces of regular expressions.

The SIGNS of a piece are characters of which all that it matches has one: see `Rule.signs`.
"""

from __future__ import annotations


def gap(longest: int) -> str:
    """Anything within a clause, as little as will do."""
    return rf"[^，]{{0,{longest}}}?"


METHOD = (
    "(?:跳楼|跳河|跳江|跳海|跳桥|跳崖|跳轨|跳下去|跳下来|割过?[^，]{0,3}腕|割脉|烧炭|上吊|卧轨|吊死|投河|投江"
    "|服毒|喝农药|喝百草枯|吞药|吞安眠药|撞车|撞死自己|了断|结束生命|(?:了结|结束)自己(?!的))"
)
METHOD_SIGNS = "跳割炭吊轨河江毒农草吞撞断结"
SUICIDE = "(?:自杀|轻生|寻死|自尽|寻短见|自缢|自我了断)"
SUICIDE_SIGNS = "杀轻死尽短缢断"
ACT = f"(?:{SUICIDE}|{METHOD}|去死(?!海|亡)|死掉|死去)"
ACT_SIGNS = METHOD_SIGNS + SUICIDE_SIGNS
WISH = "(?:念头|想法|冲动|倾向|欲望|打算|计划|妄念|行为|意念|之欲|之心|的心)"
WANT = "(?:想要|想过|想去|想到|想着|总想|老想|一直想|只想|好想|真想|想|渴望|企图|恨不得)"
POISON = "(?:安眠药|农药|百草枯|老鼠药|敌敌畏|毒药)"
POISON_SIGNS = "眠农草鼠敌毒"
MANY = (
    r"(?:一?整?瓶|半瓶|一?大把|全部|所有|好几[瓶盒板]|一?整[盒板]|几十|\d{2,}"
    r"|[一二两三四五六七八九]?十"
    r"|[一二两三四五六七八九]?百|[两三四五六七八九][瓶盒板])"
)
FOOD = "(?:葡萄|草莓|樱桃|枣|瓜子|花生|豆|糖|饼|薯|面包|吐司|肉|瓜|果|巧克力|维生素|维c|饺|汤圆)"
END_IT = "(?:kill myself|end(?:ing)? (?:it all|my life)|tak(?:e|ing) my own life)"
SOON = "(?:tonight|right now|today|tomorrow)"
