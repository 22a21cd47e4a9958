"""What people may find wrong with an answer, and what the model is told of it for the next one."""

from __future__ import annotations

from typing import Final

OBJECTIONS: Final = {
    "long": "对方觉得上一次的回答太长：这次只说两三句短话。",
    "lost": "对方觉得上一次没有听懂 TA：先用一句话说出你听到的意思，没把握就只问这一句。",
    "preachy": "对方觉得上一次像在说教：不给建议，不讲道理，只回应 TA 说的感受。",
    "cold": "对方觉得上一次太冷：说得暖一些，回应 TA 的话里具体的地方。",
}
"""By the name that a button has."""
