"""How a conversation is written out for the model: one layout, for training and for serving.

It is InternLM2's: each message between `<|im_start|>role` and `<|im_end|>`. A model that is served
under another layout than it was trained on answers worse, and says nothing about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from inference.engine import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

START: Final = "<|im_start|>"
END: Final = "<|im_end|>"

INTERNLM2_STOP_IDS: Final = (2, 92542)
"""`</s>` and `<|im_end|>`; without the second one answers run on."""

SPECIMEN: Final = (
    Message("system", "你是树洞。"),
    Message("user", "在吗"),
    Message("assistant", "我在。"),
    Message("user", "睡不着\n想说说话"),
)
"""A conversation with everything in it that a layout can get wrong."""


def render(messages: Sequence[Message]) -> str:
    """The prompt, up to where the model goes on; without the tokenizer's beginning-of-text."""
    said = "".join(f"{START}{m.role}\n{m.content}{END}\n" for m in messages)
    return f"{said}{START}assistant\n"
