"""The obvious loop, which the cost of a turn is measured against.

The same libraries as the bot, used as their documentation shows: one message is sent, the answer
is streamed by the openai package, the message is edited once. Nothing is stored, guarded or kept
in order. Reads TELEGRAM_BOT_TOKEN, TELEGRAM_API_URL and LMDEPLOY_URLS.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import openai
from telegram.ext import ApplicationBuilder, ContextTypes, MessageHandler, filters

from devtools.engines.paced import MODEL
from inference.persona import SYSTEM_PROMPT

if TYPE_CHECKING:
    from telegram import Update

CONNECTIONS = 256


class NaiveLoop:
    """Answers each message as it comes."""

    def __init__(self, engine: openai.AsyncOpenAI) -> None:
        self._engine = engine

    async def answer(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """Send a placeholder, wait for the whole answer, put it there."""
        message = update.effective_message
        if message is None:
            return
        placeholder = await message.reply_text("…")
        answer = ""
        stream = await self._engine.chat.completions.create(
            model=MODEL,
            messages=[
                {"role": "system", "content": SYSTEM_PROMPT},
                {"role": "user", "content": message.text or ""},
            ],
            temperature=0.7,
            top_p=0.8,
            max_tokens=768,
            stream=True,
        )
        async for chunk in stream:
            if chunk.choices:
                answer += chunk.choices[0].delta.content or ""
        await placeholder.edit_text(answer)


def main() -> None:
    """Run until it is stopped."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    url = os.environ["TELEGRAM_API_URL"]
    engine = openai.AsyncOpenAI(base_url=os.environ["LMDEPLOY_URLS"], api_key="none", max_retries=0)
    application = (
        ApplicationBuilder()
        .token(os.environ["TELEGRAM_BOT_TOKEN"])
        .base_url(f"{url}/bot")
        .concurrent_updates(CONNECTIONS)
        .connection_pool_size(CONNECTIONS)
        .pool_timeout(20)
        .build()
    )
    application.add_handler(MessageHandler(filters.TEXT, NaiveLoop(engine).answer))
    application.run_polling()


if __name__ == "__main__":
    main()
