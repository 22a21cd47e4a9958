"""What people agreed to give, as the lines that `python -m training prepare --feedback` reads."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from bot.errors import StartupError
from bot.safety import EARLIER_HANDED_IN, RiskLevel, Utterance, assess
from bot.safety.quoted import own_words
from bot.storage import WrongKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path
    from random import Random

    from bot.storage import PastTurn, RatedAnswer, RatedConversation, RatedConversations

FORMAT: Final = "shudong-feedback/1"
TURNS_BEFORE: Final = 6
"""Earlier exchanges that go along with a rated answer: people are told "a few messages"."""

DANGER_KNOWN = "danger was noticed around their talk"
DANGER_READ = "the detector reads danger in their talk now"
UNREADABLE = "no key opens their talk"


@dataclass(slots=True)
class Exported:
    """What an export wrote, and what it left out and why, in prompts."""

    prompts: int = 0
    conversations: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class FeedbackExporter:
    """Collects the rated prompts of people who agreed, without what names them."""

    conversations: RatedConversations
    deidentify: Callable[[Sequence[str]], list[str]]
    random: Random

    async def lines(self, since: datetime | None, exported: Exported) -> list[str]:
        """JSON lines in no order, so that no two are known to be of one person.

        Raises:
            StorageError: the database cannot be read.
        """
        lines: list[str] = []
        for conversation_id in await self.conversations.list_consented(since):
            try:
                conversation = await self.conversations.get(conversation_id, since)
            except WrongKey:
                exported.left_out[UNREADABLE] += 1
                continue
            reason = await asyncio.to_thread(_danger_in, conversation)
            if reason is not None:
                exported.left_out[reason] += len(conversation.rated)
                continue
            prompts = await asyncio.to_thread(self._prompts, conversation)
            lines += prompts
            exported.conversations += bool(prompts)
        exported.prompts = len(lines)
        self.random.shuffle(lines)
        return lines

    def _prompts(self, conversation: RatedConversation) -> list[str]:
        prompts = []
        for place, turn in enumerate(conversation.turns):
            if turn.number not in conversation.rated:
                continue
            said = _messages(conversation.turns[max(0, place - TURNS_BEFORE) : place + 1])
            answers = conversation.rated[turn.number]
            texts = [text for _, text in said] + [text for one in answers for text in _both(one)]
            clean = iter(self.deidentify(texts))
            messages = [
                {"role": role, "content": text}
                for (role, _), text in zip(said, islice(clean, len(said)), strict=True)
            ]
            prompt = {
                "format": FORMAT,
                "id": f"{self.random.getrandbits(72):018x}",
                "consent": True,
                "deidentified": True,
                "messages": messages,
                "answers": [_answer(one, clean) for one in answers],
            }
            prompts.append(json.dumps(prompt, ensure_ascii=False))
        return prompts


async def export_feedback(
    conversations: RatedConversations,
    file: Path,
    deidentify: Callable[[Sequence[str]], list[str]],
    since: datetime | None = None,
    random: Random | None = None,
) -> Exported:
    """Write what may be given to a new file that only this user can read.

    Raises:
        StartupError: the file is there already, or cannot be written.
        StorageError: the database cannot be read.
    """
    exported = Exported()
    exporter = FeedbackExporter(conversations, deidentify, random or secrets.SystemRandom())
    lines = await exporter.lines(since, exported)
    await asyncio.to_thread(_write, file, lines)
    return exported


def _write(file: Path, lines: Sequence[str]) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.writelines(f"{line}\n" for line in lines)
            opened.flush()
            os.fsync(opened.fileno())
    except FileExistsError:
        raise StartupError(f"{file} is there already; name a new file.") from None
    except OSError as error:
        raise StartupError(f"Cannot write {file}: {error.strerror}.") from None


def _danger_in(conversation: RatedConversation) -> str | None:
    """Why a conversation may not be trained on, read from its first word to its last."""
    if conversation.danger:
        return DANGER_KNOWN
    said: list[Utterance] = []
    for turn in conversation.turns:
        said.append(Utterance(own_words(turn.user_text)))
        if assess(said[-2 * EARLIER_HANDED_IN - 1 :]).level >= RiskLevel.HIGH:
            return DANGER_READ
        if turn.answer:
            said.append(Utterance(turn.answer, by_bot=True))
    written = [one.rewritten for answers in conversation.rated.values() for one in answers]
    if any(assess([Utterance(text)]).level >= RiskLevel.HIGH for text in written if text):
        return DANGER_READ
    return None


def _messages(turns: Sequence[PastTurn]) -> list[tuple[str, str]]:
    """What was said up to the last of `turns`; what got no answer is said with the next."""
    messages: list[tuple[str, str]] = []
    unanswered: list[str] = []
    for turn in turns[:-1]:
        unanswered.append(own_words(turn.user_text))
        if turn.answer:
            messages += [("user", "\n".join(unanswered)), ("assistant", turn.answer)]
            unanswered = []
    return [*messages, ("user", "\n".join([*unanswered, own_words(turns[-1].user_text)]))]


def _both(rated: RatedAnswer) -> list[str]:
    return [rated.text] if rated.rewritten is None else [rated.text, rated.rewritten]


def _answer(rated: RatedAnswer, clean: Iterator[str]) -> dict[str, object]:
    answer: dict[str, object] = {"text": next(clean), "rating": rated.rating, "model": rated.model}
    return answer if rated.rewritten is None else {**answer, "rewritten": next(clean)}
