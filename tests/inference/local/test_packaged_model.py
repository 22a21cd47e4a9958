"""The model in this repository: it loads with nothing configured and says something."""

from __future__ import annotations

from inference.engine import Message
from inference.local import LocalEngine
from inference.persona import SYSTEM_PROMPT


async def test_it_answers_in_chinese_and_says_that_it_is_a_trial() -> None:
    engine = LocalEngine()
    info = await engine.start()
    assert info.is_trial
    prompt = [Message("system", SYSTEM_PROMPT), Message("user", "你好，我想找人聊聊")]
    answer = "".join([piece async for piece in engine.stream(prompt, engine.sampling)])
    assert any("一" <= character <= "鿿" for character in answer)
    assert "<|" not in answer
    assert "�" not in answer
    await engine.aclose()
