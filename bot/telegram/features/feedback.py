"""What people think of answers: thumbs, their own wording, and whether that may help to train.

Consent is asked for once, with the first 👍, and changed in /privacy. Who presses 👎 is asked what
was wrong and answered anew. Who said no, or has not
said that they are 18, is thanked and counted, and nothing of theirs is kept. A person who may be in
danger is asked nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.conversation.reading import read_for_danger
from bot.locales import texts_for
from bot.safety import RiskLevel, Utterance, level_at
from bot.telegram.chat_ids import is_private
from bot.telegram.feature import (
    Button,
    Callback,
    Feature,
    button_row,
    button_rows,
    owned_callback,
    parse_id,
)
from bot.telegram.features.turn_controls import redo_button, version_buttons, wish_buttons
from bot.telegram.outbound.rendering import render_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from telegram import InlineKeyboardMarkup

    from bot.locales import Texts
    from bot.storage import Rating
    from bot.telegram.context import Context
    from bot.telegram.inbound.incoming import IncomingText
    from bot.telegram.requests import CallbackRequest, CommandRequest

THUMBS: Mapping[Rating, str] = {"up": "👍", "down": "👎"}


@dataclass(frozen=True, slots=True)
class PressedThumb:
    """A thumb under the answer of a turn; `rating` None: it was pressed again, to undo it."""

    rating: Rating | None
    turn_id: int


class AnswerFeedback(Feature):
    """The thumbs under answers, in private chats only."""

    def __init__(self, context: Context) -> None:
        self._outbox = context.outbox
        self._feedback = context.storage.feedback
        self._turns = context.storage.turns
        self._disclosures = context.storage.disclosures
        self._risk = context.storage.risk
        self._counters = context.storage.counters
        self._now = context.now
        self._language_for = context.language_for
        self.callbacks = (
            Callback(prefix="rate", parse=_parse_thumb, run=self._rate),
            owned_callback("train", ("yes", "no", "what"), self._answer_consent),
        )

    async def show_consent(self, request: CommandRequest) -> None:
        """Say what a person agreed to, with the button that changes it."""
        texts, person = request.texts, request.user_id
        if not request.is_private or not await self._disclosures.is_adult(person):
            return
        agreed = await self._feedback.consent(person) == "yes"
        text = texts.train_state_yes if agreed else texts.train_state_no
        keyboard = change_training(texts, person, agreed=agreed)
        await self._outbox.send_text(request.chat_id, text, keyboard)

    async def keep_reply(self, said: IncomingText) -> bool:
        """Keep a reply that says how its person would have put an answer.

        False for everything else, which is to be answered; so is what tells of danger.
        """
        if said.reply_to is None or not is_private(said.chat_id):
            return False
        read = await read_for_danger([Utterance(said.text)])
        if read.level >= RiskLevel.HIGH or await self._in_danger(said.user_id):
            return False
        if not await self._feedback.record_rewrite(said.user_id, said.reply_to, said.text):
            return False
        texts = texts_for(self._language_for(said.user_id, said.language_code))
        await self._outbox.send_text(said.chat_id, texts.rate_rewritten)
        return True

    async def _rate(self, request: CallbackRequest, pressed: PressedThumb) -> str:
        """Keep or take back a rating, and show it in the buttons."""
        texts, person = request.texts, request.user_id
        rating, turn_id = pressed.rating, pressed.turn_id
        if not await self._feedback.can_rate(person, turn_id):
            return texts.rate_gone
        if await self._in_danger(person):
            return texts.rate_not_now
        if rating is None:
            await self._feedback.withdraw(person, turn_id)
            await self._show(request, turn_id, None)
            return texts.rate_undone
        kept = None
        if await self._disclosures.is_adult(person):
            # Who did not like an answer is asked what was wrong, and for nothing else then.
            kept = await self._feedback.rate(person, turn_id, rating, may_ask=rating == "up")
        await self._counters.add(f"feedback_{rating}")
        await self._show(request, turn_id, rating)
        if kept is not None and kept.asks:
            keyboard = ask_training(texts, person)
            await self._outbox.send_text(request.chat_id, texts.train_ask, keyboard)
        elif kept is not None and kept.consent == "yes" and rating == "down":
            await self._invite(request.chat_id, person, texts)
        return texts.rate_thanks_up if rating == "up" else texts.rate_thanks_down

    async def _answer_consent(self, request: CallbackRequest, answer: str) -> str | None:
        """Remember whether a person agrees to training, or tell what it is."""
        texts, person = request.texts, request.user_id
        if answer == "no":
            await self._feedback.refuse_consent(person)
            await self._replace(request, texts.train_no)
            return None
        if await self._in_danger(person):
            return texts.rate_not_now
        if not await self._disclosures.is_adult(person):
            return texts.button_expired
        if answer == "what":
            keyboard = ask_training(texts, person, explained=True)
            await self._replace(request, texts.train_what, keyboard)
            return None
        await self._feedback.give_consent(person)
        await self._replace(request, texts.train_yes)
        await self._invite(request.chat_id, person, texts)
        return None

    async def _invite(self, chat_id: int, user_id: int, texts: Texts) -> None:
        """Say once of a dislike that the person may write what they would rather have heard."""
        disliked = await self._feedback.last_disliked(user_id)
        if disliked is not None:
            turn_id, shown_in = disliked
            invitation = render_one(texts.rate_invite)
            message_id = await self._outbox.send(chat_id, invitation, reply_to=shown_in)
            await self._feedback.record_invitation(user_id, turn_id, message_id)

    async def _in_danger(self, user_id: int) -> bool:
        known = await self._risk.for_user(user_id)
        return level_at(known.ends, self._now()) >= RiskLevel.HIGH

    async def _show(self, request: CallbackRequest, turn_id: int, rated: Rating | None) -> None:
        turn = await self._turns.get(turn_id)
        keyboard = after_answer(
            request.texts,
            turn_id,
            ratable=True,
            rated=rated,
            version=turn.version if turn is not None else 1,
            versions=await self._turns.count_versions(turn_id),
        )
        await self._outbox.edit_keyboard(request.chat_id, request.message_id, keyboard)

    async def _replace(
        self, request: CallbackRequest, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> None:
        await self._outbox.edit_text(request.chat_id, request.message_id, text, keyboard)


def after_answer(
    texts: Texts,
    turn_id: int,
    *,
    ratable: bool = False,
    rated: Rating | None = None,
    version: int = 1,
    versions: int = 1,
) -> InlineKeyboardMarkup:
    """Under a finished answer; `rated` is what its person thinks of it, pressed again to undo.

    It is one of several `versions`. Who does not like it may say what is wrong.
    """
    thumbs: list[Button] = [
        (f"{thumb} ✓", f"rate:undo:{turn_id}")
        if rating == rated
        else (thumb, f"rate:{rating}:{turn_id}")
        for rating, thumb in THUMBS.items()
    ]
    rows = [[redo_button(texts, turn_id), *(thumbs if ratable else ())]]
    if pages := version_buttons(turn_id, version, versions):
        rows.append(pages)
    if rated == "down":
        rows += wish_buttons(texts, turn_id)
    return button_rows(rows)


def ask_training(texts: Texts, user_id: int, *, explained: bool = False) -> InlineKeyboardMarkup:
    """Under the question whether what a person rates may help to train."""
    answers = [
        (texts.train_button_yes, f"train:yes:{user_id}"),
        (texts.train_button_no, f"train:no:{user_id}"),
    ]
    what = [(texts.train_button_what, f"train:what:{user_id}")]
    return button_rows([answers] if explained else [answers, what])


def change_training(texts: Texts, user_id: int, *, agreed: bool) -> InlineKeyboardMarkup:
    """Under what a person agreed to: the way back, or to the question."""
    if agreed:
        return button_row((texts.train_button_back, f"train:no:{user_id}"))
    return button_row((texts.train_button_what, f"train:what:{user_id}"))


def _parse_thumb(arguments: Sequence[str]) -> PressedThumb:
    pressed, turn_id = arguments
    match pressed:
        case "up" | "down":
            return PressedThumb("up" if pressed == "up" else "down", parse_id(turn_id))
        case "undo":
            return PressedThumb(None, parse_id(turn_id))
        case _:
            raise ValueError(pressed)
