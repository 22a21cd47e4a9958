"""What the small model learns from: the prepared corpora, made shorter and plainer where it counts.

`python -m training prepare` has cleaned, judged and split them; nothing is decided twice here.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from training.corpora.dialogue import Dialogue, Role, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from random import Random

    from training.small.relevance import TfIdf

TRAIN_FILE, HELD_OUT_FILE, DECISIONS_FILE = "train.json", "held-out.jsonl", "decisions.jsonl"
"""As `training.prepare.output` names them; it is not imported, for the sake of what it needs."""

_CLAUSE = re.compile(r"[^，。！？；：、,!?;…\s]+[，。！？；：、,!?;…\s]*")
_SHORT_OPENING = range(8, 41)
_MIN_OPENING = 4

_FORMAL = re.compile(r"您|咨询|治疗|来访|疗法|意象对话|[1１一]\s*[、.．]|第一[，、]|首先")
MAX_PLAIN_ANSWER = 150
"""Characters; what a companion says on a phone, and about the 96 tokens that the trial model may
say at most."""


def read_train(prepared: Path) -> Iterator[Dialogue]:
    """The dialogues of `train.json`, with the source and id that `decisions.jsonl` names.

    Those are left out of which not every answer is to be trained on: feedback on a later answer.

    Raises ValueError where the two files do not belong together.
    """
    names = _names(prepared, "train")
    with (prepared / TRAIN_FILE).open(encoding="utf-8") as lines:
        for line in lines:
            if not line.startswith("{"):
                continue
            name = next(names, None)
            if name is None:
                raise ValueError(f"{prepared} holds more dialogues than {DECISIONS_FILE} names")
            pairs = json.loads(line.rstrip().rstrip(","))["conversation"]
            if not all(pair.get("output_with_loss", True) for pair in pairs):
                continue  # the bot's own earlier answers, which nobody has vouched for
            turns = [
                turn
                for pair in pairs
                for turn in (
                    Turn(Role.CLIENT, pair["input"]),
                    Turn(Role.COUNSELOR, pair["output"]),
                )
            ]
            yield Dialogue(*name, tuple(turns))
    if next(names, None) is not None:
        raise ValueError(f"{prepared} holds fewer dialogues than {DECISIONS_FILE} names")


def read_held_out(prepared: Path) -> Iterator[Dialogue]:
    """Every dialogue of `held-out.jsonl`."""
    roles = {"user": Role.CLIENT, "assistant": Role.COUNSELOR}
    with (prepared / HELD_OUT_FILE).open(encoding="utf-8") as lines:
        for line in lines:
            row: dict[str, Any] = json.loads(line)
            turns = tuple(
                Turn(roles[message["role"]], message["content"])
                for message in row["messages"]
                if message["role"] in roles
            )
            yield Dialogue(row["source"], row["id"], turns)


def plain_beginning(
    dialogue: Dialogue, pairs: int, longest: int = MAX_PLAIN_ANSWER
) -> Dialogue | None:
    """The first pairs (at most `pairs`) up to an answer that is long or formal; None without any.

    Formal is what a consulting room says: 您, 咨询, methods by name, numbered lists.
    """
    kept: list[Turn] = []
    for asked, answer in zip(dialogue.turns[::2], dialogue.turns[1::2], strict=True):
        too_long = len(answer.text) > longest
        if too_long or _FORMAL.search(answer.text) or len(kept) == 2 * pairs:
            break
        kept += [asked, answer]
    return replace(dialogue, turns=tuple(kept)) if kept else None


def with_short_opening(dialogue: Dialogue, words: TfIdf, random: Random) -> Dialogue:
    """The dialogue with its first message cut to neighbouring clauses that fit a drawn length.

    They are those that the first answer takes up most: an answer to what was cut away would teach
    to invent. The dialogue must be tidy; it comes back as it is when no clause fits.
    """
    limit = random.choice(_SHORT_OPENING)
    clauses = _CLAUSE.findall(dialogue.opening)
    taken_up = [words.shared(clause, dialogue.turns[1].text) for clause in clauses]
    best, most = "", (-1.0, 0)
    for start in range(len(clauses)):
        for end in range(start + 1, len(clauses) + 1):
            # People rarely end a short message with a full stop; a question mark carries meaning.
            run = "".join(clauses[start:end]).rstrip("，。；：、,;… \n")
            if len(run) > limit:
                break
            worth = (sum(taken_up[start:end]), -len(run))
            if len(run) >= _MIN_OPENING and worth > most:
                best, most = run, worth
    if not best:
        return dialogue
    return replace(dialogue, turns=(Turn(Role.CLIENT, best), *dialogue.turns[1:]))


def takes_up(dialogue: Dialogue, words: TfIdf) -> float:
    """How much the first answer takes up of the first message, 0 to 1."""
    return words.similarity(dialogue.opening, dialogue.turns[1].text)


def _names(prepared: Path, side: str) -> Iterator[tuple[str, str]]:
    with (prepared / DECISIONS_FILE).open(encoding="utf-8") as lines:
        for line in lines:
            decision = json.loads(line)
            if decision.get("side") == side:
                yield decision["source"], decision["id"]
