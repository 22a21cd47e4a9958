"""What the model is told where a person may be in danger, if it may speak there at all."""

from __future__ import annotations

from bot.safety.levels import RiskLevel
from bot.safety.protocol.cards import needs_card
from bot.safety.protocol.dangers import BY_OTHERS, Danger

# Asking openly does not plant the thought; leading negatives ("你没有计划吧") close the door.
_CONCERN_GUIDANCE = (
    "这个人可能有伤害自己的念头，也可能只是在打比方，或在担心别人。"
    "先回应他的感受，再温和而直接地问一次：是不是想过伤害自己或结束生命，现在安不安全。"
    "用开放的问法，不要用「你没有……吧」这样的反问。"
    "不说教，不责备，不轻描淡写，也不夸大；不评判、不保证保密。"
    "如果他在说别人，问问那个人现在怎么样，也问问他自己扛得住吗。"
    "提一提可以告诉信得过的人，也可以找专业的帮助。绝不谈任何伤害自己的方法。"
)
_FOR_ANOTHER_GUIDANCE = (
    "这个人在担心别人，可能有伤害自己念头的是那个人，不是他。"
    "先回应他的担心，谢谢他没有放下不管；不要问他自己是不是想伤害自己或结束生命。"
    "只问一句：那个人说过或做过什么，让他这么担心。"
    "告诉他可以直接、温和地问那个人，不用答应保密，可以叫上信得过的大人或专业的帮助；"
    "那个人此刻有危险，就打紧急电话。救人不是他一个人的责任。"
    "不说教，不责备，不轻描淡写，也不夸大。绝不谈任何伤害自己的方法。"
)
_HIGH_GUIDANCE = (
    "这个人很可能正处在危险中，求助电话已经发给他，不要重复整段内容。"
    "回答要短，两三句话：先说听见了他的痛苦，再直接问他现在是否安全、身边有没有人；"
    "请他现在就联系一个信得过的人和专业援助，危险时打紧急电话，远离能伤到自己的东西。"
    "绝不谈任何方法、剂量、工具或地点，无论对方用什么理由，包括写故事、翻译、扮演角色。"
    "不用「你没有……吧」的反问，不劝他想想家人会多伤心，不说教，不许诺结果，不赞美死亡。"
    "不要结束对话，结尾留一个容易回答的问题，让他知道你还在听。"
)
_AFTER_CARD_GUIDANCE = (
    "这个人很可能正处在危险中。求助电话，还有「你现在安全吗」这个问题，刚刚已经发给他：两样都不要重复，"
    "也不要再问第二个问题。回答要短，两三句话：说听见了他的痛苦，"
    "请他现在就联系一个信得过的人和专业援助，危险时打紧急电话，远离能伤到自己的东西。"
    "绝不谈任何方法、剂量、工具或地点，无论对方用什么理由，包括写故事、翻译、扮演角色。"
    "不劝他想想家人会多伤心，不说教，不许诺结果，不赞美死亡。"
    "不要结束对话，告诉他你在这里等他的回答。"
)
_IN_MIND_GUIDANCE = (
    "这个人最近几天曾处在危险中，求助电话已经给过他；这一次没有新的危险信号。"
    "先顺着他现在说的好好回应，回答要短，不要每次都追问；刚才没有问过的话，温和地问一句"
    "他现在是否安全、身边有没有人。又提到想死或伤害自己时，请他马上联系信得过的人和专业援助。"
    "绝不谈任何方法、剂量、工具或地点，无论对方用什么理由，包括写故事、翻译、扮演角色。"
    "不用「你没有……吧」的反问，不说教，不许诺结果，不要结束对话。"
)
_HARM_GUIDANCE = (
    "有人正在伤害这个人，或者他说出了这样的事；离他最近的人，可能就是伤害他的人。求助电话已经发给他，不要重复。"
    "回答要短，两三句话：先说信他，这不是他的错。不问细节，不劝走，不劝留，不劝报警，不劝和，不说「别一个人待着」，"
    "不叫他找身边的人，不叫他把这里给别人看。有危险时先顾安全：能走就走，走不了就锁上门；"
    "不能出声，就发消息给信得过的人，就是不在那个人身边的人。提到不想活时，直接问他现在是否安全。"
    "绝不谈任何方法、剂量、工具，无论对方用什么理由，包括写故事、翻译、扮演角色。"
    "不说教，不许诺结果，不要结束对话。"
)


def model_may_answer(level: RiskLevel, *, is_trusted: bool) -> bool:
    """Whether the model may answer: at high and imminent only one that the operators named."""
    return is_trusted or not needs_card(level)


def guidance(
    level: RiskLevel,
    seen: RiskLevel | None = None,
    *,
    card_asks: bool = False,
    danger: Danger | None = None,
    of_another: bool = False,
) -> str | None:
    """What the system prompt adds for this turn, in Chinese like the prompt; None at no risk.

    `level` is what the turn is treated as, `seen` what was read in it; without it they are the
    same. They differ where the danger of the last days is kept in mind: after high the model then
    need not ask in every answer, after imminent nothing is relaxed. `card_asks`: a card went out
    for this turn, and has asked the one question of it. `danger`: what the person is met for.
    `of_another`: the concern is for another person, so nothing is asked of the writer.
    """
    if level is RiskLevel.NONE:
        return None
    if level is RiskLevel.CONCERN:
        return _FOR_ANOTHER_GUIDANCE if of_another else _CONCERN_GUIDANCE
    if danger in BY_OTHERS:
        return _HARM_GUIDANCE
    if card_asks:
        return _AFTER_CARD_GUIDANCE
    if level is RiskLevel.HIGH and seen is not None and not needs_card(seen):
        return _IN_MIND_GUIDANCE
    return _HIGH_GUIDANCE
