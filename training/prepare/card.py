"""The data card: README.md, the same numbers as JSON, and plots."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from training.corpora.registry import CORPORA
from training.prepare.cleaning import EDITED, LEFT_OUT
from training.prepare.outcome import CALIBRATION, HELD_OUT, TRAIN
from training.prepare.output import SPLIT_FILES, WHAT
from training.prepare.store import DUPLICATE, NEAR_OPENING
from training.prepare.tally import Amount, percentile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from training.prepare.outcome import Options
    from training.prepare.tally import CorpusTally, Step

_AFTERWARDS = {
    DUPLICATE: "nearly the words of a dialogue before it (MinHash, estimated similarity 0.8)",
    NEAR_OPENING: "held out, but its first message resembles one that is trained on (MinHash)",
}
_PSYQA_ANSWERS = 56_032
_SMILE_DIALOGUES = 55_165


def write_card(folder: Path, tallies: Mapping[str, CorpusTally], options: Options) -> None:
    """README.md, statistics.json and the plots; the same tallies give the same bytes."""
    from training.prepare.plots import write_plots  # noqa: PLC0415 - matplotlib takes a second

    numbers = {name: _numbers(tally) for name, tally in tallies.items()}
    (folder / "statistics.json").write_text(
        json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    plots = write_plots(folder, tallies)
    parts = [
        "# Data card\n",
        "Made by `python -m training prepare`. Ids are named here, texts never are.\n",
        _as_they_came(tallies),
        _seed_arithmetic(tallies),
        _what_became(tallies, options),
        *(_cleaning(name, tally) for name, tally in tallies.items()),
        _topics(tallies),
        _strategies(tallies),
        "## Plots\n",
        "".join(f"![{name}]({name}.png)\n" for name in plots),
        "## Files\n",
        _table(("file", "what it is"), WHAT.items()),
    ]
    (folder / "README.md").write_text("\n".join(part for part in parts if part), "utf-8")


def _as_they_came(tallies: Mapping[str, CorpusTally]) -> str:
    rows: list[tuple[str, list[str]]] = [
        ("records that could not be read", [_n(tally.unreadable) for tally in tallies.values()])
    ]
    raw = [tally.raw for tally in tallies.values()]
    rows += [
        ("dialogues", [_n(one.dialogues) for one in raw]),
        ("turns (utterances)", [_n(one.turns) for one in raw]),
        ("client turns that are answered (pairs)", [_n(one.pairs) for one in raw]),
        ("characters", [_n(one.characters) for one in raw]),
        ("different dialogues", [_n(tally.distinct_dialogues) for tally in tallies.values()]),
        ("different openings", [_n(tally.distinct_openings) for tally in tallies.values()]),
        (
            "different openings by their first 8 letters",
            [_n(tally.opening_groups) for tally in tallies.values()],
        ),
    ]
    layouts = sorted({name for tally in tallies.values() for name in tally.layouts})
    rows += [
        (f"written as {name}", [_n(tally.layouts[name]) for tally in tallies.values()])
        for name in layouts
    ]
    odd = sorted({name for tally in tallies.values() for name in tally.oddities})
    rows += [(name, [_n(tally.oddities[name]) for tally in tallies.values()]) for name in odd]
    licences = ("licence", [CORPORA[name].licence for name in tallies])
    lines = ((name, *values) for name, values in (licences, *rows))
    return "## As they came\n\n" + _table(("", *tallies), lines)


def _seed_arithmetic(tallies: Mapping[str, CorpusTally]) -> str:
    """The count the first version of this project gave for its data, taken apart."""
    smile, psyqa = (tallies[name].raw.dialogues if name in tallies else 0 for name in _SEED)
    total = _SMILE_DIALOGUES + 2 * _PSYQA_ANSWERS
    return (
        f'*About {total:,} "turns".* The project\'s first model was announced with that number of '
        f"turns. It is the number of published SmileChat dialogues plus twice that of PsyQA's "
        f"answers: {_SMILE_DIALOGUES:,} + 2 x {_PSYQA_ANSWERS:,} = {total:,}; dialogues and turns "
        f"added up. By the same sum, what was read here gives {smile:,} + 2 x {psyqa:,} = "
        f"{smile + 2 * psyqa:,}. This page counts dialogues, turns and pairs apart.\n"
    )


_SEED = ("smile", "psyqa")


def _what_became(tallies: Mapping[str, CorpusTally], options: Options) -> str:
    rows = []
    for split, file in SPLIT_FILES.items():
        for name, tally in tallies.items():
            if amount := tally.splits.get(split):
                rows.append((split, name, f"`{file}`", *_amount(amount)))
    head = ("split", "corpus", "file", "dialogues", "pairs", "characters", "tokens",
            "pairs p50 / p95", "answer p50 / p95")  # fmt: skip
    tokens = (
        "not counted"
        if not options.token_every
        else f"estimated from every {options.token_every}th dialogue, by "
        + ("the given tokenizer" if options.tokenizer else "the packaged small model's tokenizer")
    )
    preferences = sum(tally.preferences for tally in tallies.values())
    return (
        "## What became of them\n\n"
        + _table(head, rows)
        + f"\nTokens are {tokens}; answers are measured in characters. Preferences for DPO: "
        f"{preferences:,}.\n\nWhole opening groups (the same first eight letters) go to one split: "
        f"{options.held_out_share:.1%} of them to {HELD_OUT}, {options.calibration_share:.1%} to "
        f"{CALIBRATION}, by a hash of those letters, the rest to {TRAIN}. The system prompt of "
        "every conversation is the bot's own (`inference/persona.py`), in place of the corpus's "
        "counsellor.\n"
    )


def _cleaning(name: str, tally: CorpusTally) -> str:
    edited = _steps(tally.edits, EDITED)
    left_out = _steps(tally.left_out, {**LEFT_OUT, **_AFTERWARDS})
    total = sum(step.count for step in tally.left_out.values())
    head = ("dialogues", "why", "examples")
    return (
        f"## Cleaning: {name}\n\nLeft out: {total:,} of {tally.raw.dialogues:,} dialogues, each "
        "counted once, under the first reason that holds.\n\n"
        + _table(("left out", *head), left_out)
        + "\n"
        + _table(("edited", *head), edited)
    )


def _steps(steps: Mapping[str, Step], known: Mapping[str, str]) -> list[tuple[str, ...]]:
    return [
        (name, _n(steps[name].count), what, ", ".join(steps[name].examples))
        if name in steps
        else (name, "0", what, "")
        for name, what in known.items()
    ]


def _topics(tallies: Mapping[str, CorpusTally]) -> str:
    topics = sorted({topic for tally in tallies.values() for topic in tally.topics})
    rows = ((topic, *(_n(tally.topics[topic]) for tally in tallies.values())) for topic in topics)
    return (
        "## Topics\n\nBy plain words in what the client says (`training/prepare/topics.py`); a "
        "rough count.\n\n" + _table(("topic", *tallies), rows)
    )


def _strategies(tallies: Mapping[str, CorpusTally]) -> str:
    labelled = {name: tally for name, tally in tallies.items() if tally.strategies}
    if not labelled:
        return ""
    names = sorted({strategy for tally in labelled.values() for strategy in tally.strategies})
    rows = ((one, *(_n(tally.strategies[one]) for tally in labelled.values())) for one in names)
    return "## Support strategies\n\n" + _table(("strategy", *labelled), rows)


def _amount(amount: Amount) -> tuple[str, ...]:
    tokens = amount.estimated_tokens
    return (
        _n(amount.dialogues),
        _n(amount.pairs),
        _n(amount.characters),
        "" if tokens is None else f"{tokens:,}",
        f"{percentile(amount.pairs_of, 0.5)} / {percentile(amount.pairs_of, 0.95)}",
        f"{percentile(amount.answers, 0.5)} / {percentile(amount.answers, 0.95)}",
    )


def _numbers(tally: CorpusTally) -> dict[str, object]:
    def amount(one: Amount) -> dict[str, object]:
        return {
            "dialogues": one.dialogues,
            "turns": one.turns,
            "pairs": one.pairs,
            "characters": one.characters,
            "tokens_estimated": one.estimated_tokens,
        }

    return {
        "records": tally.records,
        "unreadable": tally.unreadable,
        "raw": amount(tally.raw),
        "layouts": dict(sorted(tally.layouts.items())),
        "oddities": dict(sorted(tally.oddities.items())),
        "distinct_dialogues": tally.distinct_dialogues,
        "distinct_openings": tally.distinct_openings,
        "opening_groups": tally.opening_groups,
        "edited": {name: step.count for name, step in sorted(tally.edits.items())},
        "left_out": {name: step.count for name, step in sorted(tally.left_out.items())},
        "splits": {split: amount(one) for split, one in sorted(tally.splits.items())},
        "topics": dict(sorted(tally.topics.items())),
        "strategies": dict(sorted(tally.strategies.items())),
        "preferences": tally.preferences,
    }


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _n(count: int) -> str:
    return f"{count:,}"
