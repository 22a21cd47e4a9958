"""The engine: each node, and what it serves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from bot.commands.doctor.verdict import fail, ok, warn
from bot.engines import build_engine
from inference.engine import EngineError
from inference.nodes.engine import NodesEngine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.commands.doctor.verdict import Verdict
    from bot.settings import Settings
    from inference.nodes.node import Node

WITHIN: Final = 10.0


async def look_at_engine(settings: Settings) -> AsyncIterator[Verdict]:
    """Ask every node what it serves."""
    engine = build_engine(settings)
    try:
        if not isinstance(engine, NodesEngine):
            model = settings.local_model
            if model is not None and not model.exists():
                yield fail("engine", f"there is no {model}", "set LOCAL_MODEL to a GGUF file")
            else:
                yield warn(
                    "engine",
                    "a small model on this CPU, for trying the software",
                    "set LMDEPLOY_URLS or OPENAI_URLS before people come",
                )
            return
        found = await asyncio.gather(*(_ask(node) for node in engine.nodes))
        answering = sum(why == "" for _, _, why in found)
        for address, model_name, why in found:
            if not why:
                yield ok("engine", f"{address} serves {model_name}")
            else:
                say = warn if answering else fail
                yield say("engine", why, f"see that the server at {address} runs")
    finally:
        await engine.aclose()


async def _ask(node: Node) -> tuple[str, str, str]:
    """A node's address, its model, and why it has none."""
    try:
        async with asyncio.timeout(WITHIN):
            return node.address, await node.check(), ""
    except EngineError as error:
        return node.address, "", str(error)
    except TimeoutError:
        return node.address, "", f"{node.address}: no answer in {WITHIN:.0f} s"
