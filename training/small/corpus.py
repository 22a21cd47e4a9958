"""What the small model learns from: the prepared corpora, made shorter and plainer where it counts.

`python -m training prepare` has cleaned, judged and split them; nothing is decided twice here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.own import OwnWords, talks
from training.corpora.prepared_files import DECISIONS_FILE, HELD_OUT_FILE, TRAIN_FILE
from training.small.relevance import TfIdf
from training.small.sequences import DialogueEncoder, Packed, Window, fill, pack
from training.small.tokenizer import load_tokenizer, train_tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer


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
                continue  # the bot's own earlier answers, which were not rated
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
    dialogue: Dialogue, pairs: int, max_characters: int = MAX_PLAIN_ANSWER
) -> Dialogue | None:
    """The first pairs (at most `pairs`) up to an answer that is long or formal; None without any.

    Formal is what a consulting room says: 您, 咨询, methods by name, numbered lists.
    """
    kept: list[Turn] = []
    for asked, answer in zip(dialogue.turns[::2], dialogue.turns[1::2], strict=True):
        too_long = len(answer.text) > max_characters
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


def _names(prepared: Path, split: str) -> Iterator[tuple[str, str]]:
    with (prepared / DECISIONS_FILE).open(encoding="utf-8") as lines:
        for line in lines:
            decision = json.loads(line)
            if decision.get("split") == split:
                yield decision["source"], decision["id"]


TOKENIZER, BASE, TUNE, HELD_OUT, REPORT = (
    "tokenizer.json", "base.npz", "tune.npz", "held-out.npz", "corpus.json",
)  # fmt: skip

_WHOLE = 1 << 20
"""Tokens: more than any dialogue has."""


@dataclass(frozen=True, slots=True)
class EncodeConfig:
    """How the corpora become tokens.

    Two sets are made. The base set is everything, for the language. The tune set is what the model
    should sound like: beginnings of talks whose answers are short and plain, most of them opened
    as briefly as people type, among them many of our own words and talks.
    """

    vocabulary: int = 8192
    context: int = 512
    base_length: int = 256
    """Tokens of a row of the base set; shorter rows are quicker, longer ones see more of a talk."""
    tokenizer_stride: int = 4
    """Every n-th dialogue teaches the tokenizer; more changes little and takes longer."""
    base_short_share: float = 0.5
    """Dialogues whose first message is cut to some clauses: people write less than forum posts."""
    base_own: int = 4000
    tune_short_share: float = 0.85
    tune_taken_up: float = 0.05
    """How much a first answer must take up of its message, 0 to 1: what fits anything is left out,
    or a small model says nothing else."""
    tune_pairs: int = 5
    tune_longest_answer: int = MAX_PLAIN_ANSWER
    tune_own: int = 20_000
    tune_talk_copies: int = 5
    """How often each talk that was written for this project stands there, whole and as it is."""
    greeted_share: float = 0.03
    seed: int = 1


def encode(prepared: Path, out: Path, config: EncodeConfig) -> None:
    """Write tokenizer, base, tune and held-out tokens and their counts into `out`.

    Files that are there already are kept. Raises FileNotFoundError and ValueError.
    """
    out.mkdir(parents=True, exist_ok=True)
    if all((out / name).exists() for name in (TOKENIZER, BASE, TUNE, HELD_OUT, REPORT)):
        return
    train, held_out = list(read_train(prepared)), list(read_held_out(prepared))
    written = [one for one in train if one.source == talks.SOURCE]
    train = [one for one in train if one.source != talks.SOURCE]
    if not train or not held_out:
        raise ValueError(f"{prepared} has too few dialogues to train and to test on")
    random = Random(config.seed)  # noqa: S311 - not a secret
    own = OwnWords(random)
    if not (out / TOKENIZER).exists():
        published = train[:: config.tokenizer_stride]
        sample = [*published, *written, *own.dialogues(config.base_own)]
        texts = (turn.text for dialogue in sample for turn in dialogue.turns)
        train_tokenizer(texts, config.vocabulary).save(str(out / TOKENIZER))
    tokenizer = load_tokenizer(out / TOKENIZER)
    words = TfIdf([text for one in train for text in (one.opening, one.turns[1].text)])
    beginnings = (
        plain_beginning(one, config.tune_pairs, config.tune_longest_answer) for one in train
    )
    plain = [one for one in beginnings if one is not None]
    base = [
        *own.greet(_shortened(train, config.base_short_share, words, random), config.greeted_share),
        *own.dialogues(config.base_own),
        *written,
    ]
    close = (
        one
        for one in _shortened(plain, config.tune_short_share, words, random)
        if takes_up(one, words) >= config.tune_taken_up
    )
    tune = [
        *own.greet(close, config.greeted_share),
        *own.dialogues(config.tune_own),
        *written * config.tune_talk_copies,
    ]
    sets = {
        BASE: fill(_windows(_drawn(base, random), tokenizer, _WHOLE), config.base_length),
        TUNE: pack(_windows(tune, tokenizer, config.context), config.context),
        HELD_OUT: pack(_windows(held_out, tokenizer, config.context), config.context),
    }
    for name, packed in sets.items():
        save_packed(_mixed(packed, config.seed), out / name)
    report = {
        name: _counts(dialogues, sets[file])
        for name, file, dialogues in (
            ("base", BASE, base), ("tune", TUNE, tune), ("held out", HELD_OUT, held_out),
        )
    }  # fmt: skip
    (out / REPORT).write_text(json.dumps(report, indent=1), encoding="utf-8")


def _shortened(
    dialogues: Iterable[Dialogue], share: float, words: TfIdf, random: Random
) -> Iterator[Dialogue]:
    for dialogue in dialogues:
        chosen = random.random() < share
        yield with_short_opening(dialogue, words, random) if chosen else dialogue


def _drawn(dialogues: Sequence[Dialogue], random: Random) -> list[Dialogue]:
    """In a drawn order, so that a row does not hold neighbours of one corpus."""
    return random.sample(dialogues, len(dialogues))


def _windows(dialogues: Iterable[Dialogue], tokenizer: Tokenizer, context: int) -> Iterator[Window]:
    encoder = DialogueEncoder(tokenizer, context)
    for dialogue in dialogues:
        yield from encoder.windows(dialogue)


def _mixed(packed: Packed, seed: int) -> Packed:
    """The rows in a drawn order: packing puts the longest windows first."""
    order = np.random.default_rng(seed).permutation(len(packed.tokens))
    return Packed(packed.tokens[order], packed.kinds[order], packed.documents[order])


def _counts(dialogues: Iterable[Dialogue], packed: Packed) -> dict[str, object]:
    sources = Counter(dialogue.source for dialogue in dialogues)
    return {
        "dialogues": dict(sorted(sources.items())),
        "rows": len(packed.tokens),
        "tokens": int((packed.documents > 0).sum()),
        "filled": round(float((packed.documents > 0).mean()), 4),
    }


def save_packed(packed: Packed, path: Path) -> None:
    """Write packed rows; the file appears whole or not at all."""
    partial = path.with_suffix(".partial.npz")
    np.savez_compressed(
        partial, tokens=packed.tokens, kinds=packed.kinds, documents=packed.documents
    )
    partial.replace(path)


def load_packed(path: Path) -> Packed:
    """Read what `save_packed` wrote."""
    with np.load(path) as arrays:
        return Packed(arrays["tokens"], arrays["kinds"], arrays["documents"])
