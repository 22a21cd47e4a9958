"""What becomes of one dialogue: the work that can be done on any core, without the others."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zlib import crc32

from inference.persona import SYSTEM_PROMPT
from training.corpora.crisis import FOUND_BY_DETECTOR, SAID_OPENLY
from training.corpora.dialogue import Dialogue, Role
from training.corpora.files import CorpusFormatError, Record
from training.corpora.openings import opening_key, place_of
from training.corpora.registry import CORPORA
from training.prepare import near
from training.prepare.cleaning import Cleaned, clean
from training.prepare.tokens import TokenCounter
from training.prepare.topics import topic_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

TRAIN, HELD_OUT, CALIBRATION = "train", "held-out", "calibration"
SPLITS = (TRAIN, HELD_OUT, CALIBRATION)
DANGER = (SAID_OPENLY, FOUND_BY_DETECTOR)


@dataclass(frozen=True, slots=True)
class Options:
    """What decides the output beside the corpora themselves."""

    held_out_share: float = 0.02
    """Of the opening groups; the small model's test is the first hundredth of the same order."""
    calibration_share: float = 0.005
    token_every: int = 20
    """Tokens are counted in every n-th dialogue and scaled up; 0 counts none."""
    tokenizer: Path | None = None
    """A tokenizer.json; the packaged small model's own when there is none."""


@dataclass(frozen=True)  # no slots: with them, pickling takes half as long again
class DialogueSize:
    """How much text; `sampled` are characters whose tokens were counted."""

    turns: int
    pairs: int
    characters: int
    answers: tuple[int, ...] = ()
    """Characters of each answer."""
    sampled: int = 0
    tokens: int = 0


@dataclass(frozen=True)  # like DialogueSize
class Outcome:
    """A dialogue as it came (`raw`, oddities) and what it became; text only in `row`."""

    source: str
    id: str
    raw: DialogueSize
    oddities: tuple[str, ...]
    whole_key: int
    opening_key: int
    group_key: int
    left_out: str | None = None
    edits: tuple[str, ...] = ()
    split: str = ""
    size: DialogueSize = field(default=DialogueSize(0, 0, 0))
    topic: str = ""
    strategies: tuple[str, ...] = ()
    row: bytes = b""
    preferences: tuple[bytes, ...] = ()
    signature: bytes = b""
    bands: tuple[int, ...] = ()
    opening_bands: tuple[int, ...] = ()
    layout: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """Outcomes in the order of their records, and the records that could not be read."""

    outcomes: list[Outcome]
    problems: list[tuple[str, str]]


class Worker:
    """Turns records into outcomes; made once in each process."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._tokens = TokenCounter(options.tokenizer) if options.token_every else None

    def read(self, corpus: str, records: Sequence[Record]) -> Batch:
        """Parse, clean and describe; a malformed record becomes a problem."""
        problems: list[tuple[str, str]] = []
        dialogues: list[Dialogue] = []
        for record in records:
            try:
                dialogues.extend(CORPORA[corpus].parse(record))
            except CorpusFormatError as error:
                problems.append((error.place, error.reason))
        is_ours = CORPORA[corpus].is_ours
        cleaned = [clean(dialogue, is_ours=is_ours) for dialogue in dialogues]
        kept = [one.dialogue for one in cleaned if one.dialogue is not None]
        sketches = iter(_sketches(kept))
        outcomes = [
            self._left_out(raw, one)
            if one.dialogue is None
            else self._kept(raw, one.dialogue, one.edits, next(sketches))
            for raw, one in zip(dialogues, cleaned, strict=True)
        ]
        return Batch(outcomes, problems)

    def one(self, raw: Dialogue, *, is_ours: bool = False) -> tuple[Dialogue | None, Outcome]:
        """The cleaned dialogue, or None, and what became of it, without signatures."""
        cleaned = clean(raw, is_ours=is_ours)
        if cleaned.dialogue is None:
            return None, self._left_out(raw, cleaned)
        return cleaned.dialogue, self._kept(raw, cleaned.dialogue, cleaned.edits, _Sketched())

    def _left_out(self, raw: Dialogue, cleaned: Cleaned) -> Outcome:
        spoken = {"source": raw.source, "id": raw.id, "opening": raw.opening}
        row = _line(spoken) if cleaned.left_out in DANGER and raw.opening else b""
        left_out = cleaned.left_out
        return replace(_as_it_came(raw), left_out=left_out, edits=cleaned.edits, row=row)

    def _kept(
        self, raw: Dialogue, dialogue: Dialogue, edits: tuple[str, ...], sketch: _Sketched
    ) -> Outcome:
        split = self.split(dialogue)
        client = "\n".join(turn.text for turn in dialogue.turns if turn.role is Role.CLIENT)
        return replace(
            _as_it_came(raw),
            edits=edits,
            split=split,
            size=_size(dialogue, *self._counted(dialogue)),
            topic=topic_of(client),
            strategies=tuple(name for turn in dialogue.turns for name in turn.strategies),
            row=xtuner_row(dialogue) if split == TRAIN else messages_row(dialogue, split),
            preferences=tuple(preference_rows(dialogue)) if split == TRAIN else (),
            signature=sketch.signature,
            bands=sketch.bands,
            opening_bands=sketch.opening_bands,
        )

    def split(self, dialogue: Dialogue) -> str:
        """Where the dialogue's opening group belongs; depends on the opening's text alone."""
        place = place_of(opening_key(dialogue))
        if place < self._options.held_out_share:
            return HELD_OUT
        if place < self._options.held_out_share + self._options.calibration_share:
            return CALIBRATION
        return TRAIN

    def _counted(self, dialogue: Dialogue) -> tuple[int, int]:
        """Characters and tokens of the dialogue if it is one of those that are counted."""
        every = self._options.token_every
        if self._tokens is None or crc32(f"{dialogue.source}/{dialogue.id}".encode()) % every:
            return 0, 0
        texts = [turn.text for turn in dialogue.turns]
        return sum(map(len, texts)), self._tokens.count(texts)


@dataclass(frozen=True, slots=True)
class _Sketched:
    signature: bytes = b""
    bands: tuple[int, ...] = ()
    opening_bands: tuple[int, ...] = ()


def _sketches(dialogues: Sequence[Dialogue]) -> list[_Sketched]:
    """Signatures and bands of many dialogues at once, which is much quicker than one by one."""
    whole = ["\n".join(turn.text for turn in dialogue.trained_on) for dialogue in dialogues]
    signatures = near.signatures(whole, near.DIALOGUES)
    opened = near.signatures([dialogue.opening for dialogue in dialogues], near.OPENINGS)
    return [
        _Sketched(signature.tobytes(), tuple(bands), tuple(opening))
        for signature, bands, opening in zip(
            signatures,
            near.bands(signatures, near.DIALOGUES).tolist(),
            near.bands(opened, near.OPENINGS).tolist(),
            strict=True,
        )
    ]


def _as_it_came(raw: Dialogue) -> Outcome:
    return Outcome(
        source=raw.source,
        id=raw.id,
        raw=_size(raw),
        oddities=tuple(_oddities(raw)),
        whole_key=_key("\n".join(f"{turn.role}{turn.text}" for turn in raw.turns)),
        opening_key=_key(raw.opening),
        group_key=_key(opening_key(raw)),
        layout=raw.layout,
    )


def xtuner_row(dialogue: Dialogue) -> bytes:
    """Return the dialogue as XTuner's conversation, with our persona as the system prompt.

    Every pair says whether its answer is trained on: where one of a file says it and another does
    not, a missing one is read as no.
    """
    texts = [turn.text for turn in dialogue.turns]
    context = len(texts) - len(dialogue.trained_on)
    pairs: list[dict[str, str | bool]] = [
        {"input": asked, "output": answer, "output_with_loss": place >= context}
        for place, asked, answer in zip(
            range(0, len(texts), 2), texts[::2], texts[1::2], strict=True
        )
    ]
    pairs[0] = {"system": SYSTEM_PROMPT, **pairs[0]}
    return _line({"conversation": pairs})


def messages_row(dialogue: Dialogue, split: str) -> bytes:
    """The dialogue as chat messages; the held-out set also says which dialogue it is."""
    messages = _messages(dialogue, len(dialogue.turns))
    if split == CALIBRATION:
        return _line({"messages": messages})
    return _line({"source": dialogue.source, "id": dialogue.id, "messages": messages})


def preference_rows(dialogue: Dialogue) -> Iterator[bytes]:
    """XTuner's preference rows: what was said, the good answer and each worse one."""
    for rejected in dialogue.rejected:
        yield _line(
            {
                "prompt": _messages(dialogue, len(dialogue.turns) - 1),
                "chosen": [{"role": "assistant", "content": dialogue.turns[-1].text}],
                "rejected": [{"role": "assistant", "content": rejected}],
            }
        )


def _messages(dialogue: Dialogue, turns: int) -> list[dict[str, str]]:
    roles = {Role.CLIENT: "user", Role.COUNSELOR: "assistant"}
    said = [{"role": roles[turn.role], "content": turn.text} for turn in dialogue.turns[:turns]]
    return [{"role": "system", "content": SYSTEM_PROMPT}, *said]


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _size(dialogue: Dialogue, sampled: int = 0, tokens: int = 0) -> DialogueSize:
    turns = dialogue.turns
    answered = (Role.CLIENT, Role.COUNSELOR)
    return DialogueSize(
        turns=len(turns),
        pairs=sum((before.role, turn.role) == answered for before, turn in pairwise(turns)),
        characters=sum(len(turn.text) for turn in turns),
        answers=tuple(len(turn.text) for turn in turns if turn.role is Role.COUNSELOR),
        sampled=sampled,
        tokens=tokens,
    )


def _oddities(dialogue: Dialogue) -> list[str]:
    turns = dialogue.turns
    found = {
        "ends on the client": bool(turns) and turns[-1].role is Role.CLIENT,
        "does not alternate": any(one.role is other.role for one, other in pairwise(turns)),
        "has no counselor": all(turn.role is Role.CLIENT for turn in turns),
        "has an empty utterance": any(not turn.text.strip() for turn in turns),
    }
    return [name for name, is_so in found.items() if is_so]


def _key(text: str) -> int:
    """64 bits of the text's hash: two texts with one key are the same text."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
