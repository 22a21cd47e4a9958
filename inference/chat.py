"""`python -m inference chat`: a conversation in the terminal, for the person who runs the model."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inference.console import CommandError, base_url, environment, say
from inference.engine import ContextTooLong, EngineError, Message
from inference.lmdeploy import LMDeployEngine
from inference.local.engine import PACKAGED_MODEL, LocalEngine
from inference.openai import OpenAIEngine
from inference.persona import SYSTEM_PROMPT

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from inference.engine import Engine

NOTICE: Final = """\
对面是 AI，不是真人。这是给部署者试模型用的：没有机器人的安全流程，不识别危机，不给求助热线。
请不要让需要帮助的人用它。
You are talking to an AI. This is a tool for operators, without the bot's safety path: it does not
notice a crisis and shows no hotlines. Do not hand it to anybody in need.
"""
HELP: Final = "/reset forgets the conversation, Ctrl-C stops an answer, Ctrl-D or /quit ends."
_PROMPT: Final = "你> "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--address", type=base_url, metavar="URL", help="base URL of a server, ending in /v1"
    )
    where.add_argument(
        "--openai-address", type=base_url, metavar="URL",
        help="what comes before /chat/completions of any OpenAI-compatible server [OPENAI_API_KEY]",
    )  # fmt: skip
    where.add_argument(
        "--local", type=Path, metavar="GGUF", default=PACKAGED_MODEL,
        help="a model on this CPU (default: the packaged trial model)",
    )  # fmt: skip
    parser.add_argument("--model-name", default="", help="default: the first the server lists")


def run(parsed: argparse.Namespace) -> int:
    """Talk until the input ends."""
    with suppress(ImportError):
        import readline  # noqa: PLC0415, F401 - makes input() editable, where there is one
    engine = _engine(parsed)
    with asyncio.Runner() as runner:
        try:
            info = runner.run(engine.start())
            if not runner.run(engine.ready()):
                raise CommandError(
                    "No model answers there; `python -m inference doctor --address URL` says why."
                )
            say(NOTICE)
            say(f"{info.name}. {HELP}")
            _converse(runner, Conversation(engine))
        except EngineError as error:
            raise CommandError(str(error)) from None
        finally:
            runner.run(engine.aclose())
    return 0


class Conversation:
    """What was said, and the next answer to it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._past: list[Message] = []

    def forget(self) -> None:
        """Begin anew."""
        self._past.clear()

    async def answer(self, said: str, write: Callable[[str], None]) -> None:
        """Write the answer as it comes; what was written of a stopped one stays in the past.

        Raises `EngineError` where there is none.
        """
        self._past.append(Message("user", said))
        written: list[str] = []
        try:
            while True:
                try:
                    await self._stream(written, write)
                except ContextTooLong:
                    if written or len(self._past) == 1:
                        raise
                    # The older half goes, by whole exchanges.
                    del self._past[: max(len(self._past) // 4 * 2, 2)]
                else:
                    return
        finally:
            if written:
                self._past.append(Message("assistant", "".join(written)))
            else:
                self._past.pop()

    async def _stream(self, written: list[str], write: Callable[[str], None]) -> None:
        prompt = [Message("system", SYSTEM_PROMPT), *self._past]
        stream = self._engine.stream(prompt, self._engine.sampling, affinity="chat")
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                written.append(piece)
                write(piece)


def _converse(runner: asyncio.Runner, conversation: Conversation) -> None:
    while True:
        try:
            said = input(_PROMPT).strip()
        except EOFError:
            say()
            return
        except KeyboardInterrupt:
            say(f"\n{HELP}")
            continue
        if said == "/quit":
            return
        if said == "/reset":
            conversation.forget()
            say("(forgotten)")
        elif said.startswith("/"):
            say(HELP)
        elif said:
            _answer(runner, conversation, said)


def _answer(runner: asyncio.Runner, conversation: Conversation, said: str) -> None:
    """One answer; Ctrl-C ends it and nothing else."""
    try:
        runner.run(conversation.answer(said, _write))
    except KeyboardInterrupt:
        say("\n(stopped)")
    except EngineError as error:
        say(f"\n(no answer: {error})")
    else:
        say()


def _write(piece: str) -> None:
    sys.stdout.write(piece)
    sys.stdout.flush()


def _engine(parsed: argparse.Namespace) -> Engine:
    if parsed.address:
        return LMDeployEngine(
            [parsed.address],
            api_key=environment("LMDEPLOY_API_KEY"),
            model_name=parsed.model_name,
        )
    if parsed.openai_address:
        return OpenAIEngine(
            [parsed.openai_address],
            api_key=environment("OPENAI_API_KEY"),
            model_name=parsed.model_name,
        )
    return LocalEngine(parsed.local)
