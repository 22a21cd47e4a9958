"""What the outbox asks of Telegram: one call an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from telegram import LinkPreviewOptions, ReplyParameters
from telegram.constants import ChatAction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import InlineKeyboardMarkup, Message, MessageEntity

    from bot.telegram.outbound.operation import Operation
    from bot.telegram.outbound.rendering import Rendered

_NO_LINK_PREVIEW = LinkPreviewOptions(is_disabled=True)


class SendApi(Protocol):
    """The part of `telegram.Bot` that sends."""

    async def send_message(
        self,
        chat_id: int,
        text: str,
        *,
        entities: Sequence[MessageEntity] | None,
        reply_markup: InlineKeyboardMarkup | None,
        reply_parameters: ReplyParameters | None,
        link_preview_options: LinkPreviewOptions,
        message_thread_id: int | None,
    ) -> Message:
        """See https://core.telegram.org/bots/api#sendmessage."""
        ...

    async def edit_message_text(
        self,
        text: str,
        chat_id: int,
        message_id: int,
        *,
        entities: Sequence[MessageEntity] | None,
        reply_markup: InlineKeyboardMarkup | None,
        link_preview_options: LinkPreviewOptions,
    ) -> Message | bool:
        """See https://core.telegram.org/bots/api#editmessagetext."""
        ...

    async def edit_message_reply_markup(
        self, chat_id: int, message_id: int, *, reply_markup: InlineKeyboardMarkup | None
    ) -> Message | bool:
        """See https://core.telegram.org/bots/api#editmessagereplymarkup."""
        ...

    async def send_document(
        self,
        chat_id: int,
        document: bytes,
        caption: str | None,
        *,
        caption_entities: Sequence[MessageEntity] | None,
        reply_markup: InlineKeyboardMarkup | None,
        filename: str,
        message_thread_id: int | None,
    ) -> Message:
        """See https://core.telegram.org/bots/api#senddocument."""
        ...

    async def send_chat_action(
        self, chat_id: int, action: str, *, message_thread_id: int | None
    ) -> bool:
        """See https://core.telegram.org/bots/api#sendchataction."""
        ...

    async def answer_callback_query(
        self, callback_query_id: str, text: str | None, *, show_alert: bool
    ) -> bool:
        """See https://core.telegram.org/bots/api#answercallbackquery."""
        ...


async def call(bot: SendApi, chat_id: int, operation: Operation, content: Rendered | None) -> int:
    """Do `operation` and return the id of its message.

    Raises:
        TelegramError: see `failure_of`.
    """
    text = content.text if content else ""
    entities = content.entities or None if content and not operation.as_plain_text else None
    keyboard = operation.keyboard
    match operation.kind:
        case "send":
            message = await bot.send_message(
                chat_id,
                text,
                entities=entities,
                reply_markup=keyboard,
                reply_parameters=_reply(operation.reply_to) if operation.reply_to else None,
                link_preview_options=_NO_LINK_PREVIEW,
                message_thread_id=operation.thread_id,
            )
            return message.message_id
        case "document":
            message = await bot.send_document(
                chat_id,
                operation.document,
                text or None,
                caption_entities=entities,
                reply_markup=keyboard,
                filename=operation.filename,
                message_thread_id=operation.thread_id,
            )
            return message.message_id
        case "edit":
            await bot.edit_message_text(
                text,
                chat_id,
                operation.message_id,
                entities=entities,
                reply_markup=keyboard,
                link_preview_options=_NO_LINK_PREVIEW,
            )
        case "keyboard":
            await bot.edit_message_reply_markup(
                chat_id, operation.message_id, reply_markup=keyboard
            )
        case "typing":
            await bot.send_chat_action(
                chat_id, ChatAction.TYPING, message_thread_id=operation.thread_id
            )
    return operation.message_id


def _reply(message_id: int) -> ReplyParameters:
    # The person may have deleted the message meanwhile; the answer goes out all the same. In the
    # topics of a forum Telegram refuses it even so, see `SendFailure.REPLY_GONE`.
    return ReplyParameters(message_id, allow_sending_without_reply=True)
