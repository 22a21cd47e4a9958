"""The page itself, in Gradio: a chat with suggestions, stop, retry, clear and thumbs.

Gradio calls home, loads fonts from elsewhere and can write thumbs with their chats to files. All of
that is off: what is said stays between the browser and this process.
"""

from __future__ import annotations

import os

# Gradio reads the types of what it calls, so it has to find them when the program runs.
from collections.abc import AsyncGenerator  # noqa: TC003
from typing import TYPE_CHECKING, Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when it is imported

import gradio as gr
from fastapi import FastAPI

from bot.demo.visits import MAX_CHARACTERS, Stopped
from bot.locales import texts_for
from bot.safety import emergency

if TYPE_CHECKING:
    from bot.demo.visits import Bubble, Visits
    from bot.locales import Language

Chat = list[Any]
"""What the page shows: Gradio's messages, oldest first."""

WAITING_MOST = 256
"""Visitors who may wait for an answer; more are told that it is too busy."""


def build_page(visits: Visits, language: Language, *, is_trial: bool, at_once: int) -> FastAPI:
    """The page as an application; `at_once` answers are made at the same time."""
    page = _Page(visits, language, is_trial=is_trial)
    blocks = page.build()
    blocks.queue(default_concurrency_limit=at_once, max_size=WAITING_MOST)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        footer_links=[],
        theme=gr.themes.Soft(
            font=["system-ui", "PingFang SC", "Noto Sans CJK SC", "sans-serif"],
            font_mono=["ui-monospace", "monospace"],
        ),
        ssr_mode=False,
    )
    return mounted


class _Page:
    """Components and what happens when they are used."""

    def __init__(self, visits: Visits, language: Language, *, is_trial: bool) -> None:
        self._visits = visits
        self._texts = texts_for(language)
        self._is_trial = is_trial
        self._language = language
        self._visit_of: dict[str, int] = {}

    def build(self) -> gr.Blocks:
        """Lay the page out."""
        texts = self._texts
        with gr.Blocks(title=texts.demo_title, analytics_enabled=False) as page:
            gr.Markdown(f"# {texts.demo_title}\n\n{self._notice()}")
            chat = gr.Chatbot(
                show_label=False,
                height="60vh",
                feedback_options=("Like", "Dislike"),
                buttons=["copy"],
                allow_tags=False,
                group_consecutive_messages=False,
                elem_id="chat",
            )
            with gr.Row():
                suggestions = [
                    gr.Button(line, size="sm", min_width=120)
                    for line in texts.demo_suggestions.splitlines()
                ]
            with gr.Row():
                words = gr.Textbox(
                    placeholder=texts.demo_placeholder,
                    show_label=False,
                    max_length=MAX_CHARACTERS,
                    lines=1,
                    max_lines=6,
                    scale=8,
                    autofocus=True,
                    elem_id="words",
                )
                send = gr.Button(texts.demo_send, variant="primary", min_width=80)
                stop = gr.Button(texts.button_stop, min_width=80, interactive=False)
            clear = gr.Button(texts.demo_clear, size="sm")

            controls = [words, send, stop, *suggestions]
            say = gr.on(
                [words.submit, send.click],
                self._taken,
                [words, chat],
                [chat, words, send, stop, *suggestions],
                **_AT_ONCE,
            )
            chosen = [
                button.click(self._taken, [button, chat], [chat, *controls], **_AT_ONCE)
                for button in suggestions
            ]
            again = chat.retry(self._taken_back, chat, [chat, *controls], **_AT_ONCE)
            answers = [
                event.success(make, chat, [chat, *controls], show_progress="hidden", **_PRIVATE)
                for make, events in ((self._answer, (say, *chosen)), (self._redo, (again,)))
                for event in events
            ]
            # Ours to stop: Gradio's own `cancels` lets go of a generator without ending it.
            stop.click(self._stop, None, controls, **_AT_ONCE)
            for cleared in (clear.click, chat.clear):
                cleared(self._forget, None, [chat, *controls], cancels=answers, **_AT_ONCE)
            chat.like(self._liked, None, None, **_AT_ONCE)
            page.unload(self._left)
        return page

    def _notice(self) -> str:
        parts = [self._texts.demo_notice(emergency=emergency(self._language))]
        if self._is_trial:
            parts.append(self._texts.start_trial)
        return "\n\n".join(parts)

    def _taken(self, words: str, chat: Chat) -> tuple[Any, ...]:
        """Show what was said, and let nothing else be said until it is answered."""
        if not words.strip():
            raise gr.Error(self._texts.demo_placeholder, print_exception=False)
        _, *others = self._controls(busy=True)
        said = {"role": "user", "content": words}
        return ([*chat, said], gr.Textbox(value="", interactive=False), *others)

    def _taken_back(self, chat: Chat) -> tuple[Any, ...]:
        """Take the last answer away, to make another."""
        return (_until_last_words(chat), *self._controls(busy=True))

    def _controls(self, *, busy: bool) -> list[Any]:
        count = len(self._texts.demo_suggestions.splitlines())
        return [
            gr.Textbox(interactive=not busy),
            gr.Button(interactive=not busy),
            gr.Button(interactive=busy),
            *(gr.Button(interactive=not busy) for _ in range(count)),
        ]

    async def _answer(self, chat: Chat, request: gr.Request) -> AsyncGenerator[list[Any], None]:
        said = _text_of(chat[-1])
        async for shown in self._growing(chat, self._visits.say(self._visit(request), said)):
            yield shown

    async def _redo(self, chat: Chat, request: gr.Request) -> AsyncGenerator[list[Any], None]:
        async for shown in self._growing(chat, self._visits.redo(self._visit(request))):
            yield shown

    async def _growing(
        self, chat: Chat, answer: AsyncGenerator[list[Bubble], None]
    ) -> AsyncGenerator[list[Any], None]:
        """Show an answer while it grows, and let the next thing be said when it has ended."""
        free = self._controls(busy=False)
        try:
            async for bubbles in answer:
                yield [[*chat, *map(_shown, bubbles)], *(gr.skip() for _ in free)]
        except Stopped:
            return  # what stopped it freed the controls, and the next thing may be said by now
        yield [gr.skip(), *free]

    async def _stop(self, request: gr.Request) -> list[Any]:
        await self._visits.stop(self._visit(request))
        return self._controls(busy=False)

    async def _liked(self, thumb: gr.LikeData) -> None:
        await self._visits.liked(liked=bool(thumb.liked))

    async def _forget(self, request: gr.Request) -> tuple[Any, ...]:
        await self._left(request)
        return ([], *self._controls(busy=False))

    async def _left(self, request: gr.Request) -> None:
        visit = self._visit_of.pop(str(request.session_hash), None)
        if visit is not None:
            await self._visits.forget(visit)

    def _visit(self, request: gr.Request) -> int:
        key = str(request.session_hash)
        if key not in self._visit_of:
            self._visit_of[key] = self._visits.open()
        return self._visit_of[key]


_PRIVATE: dict[str, Any] = {"api_visibility": "private"}
_AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", **_PRIVATE}


def _until_last_words(chat: Chat) -> Chat:
    last = max(index for index, message in enumerate(chat) if message["role"] == "user")
    return chat[: last + 1]


def _text_of(message: dict[str, Any]) -> str:
    """What a message says; Gradio gives back its text in parts."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content if isinstance(part, dict))


def _shown(bubble: Bubble) -> dict[str, str]:
    return {"role": "assistant", "content": bubble.text}
