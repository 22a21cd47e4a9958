"""The model's card, made of what was measured; only what a person read in it is written by hand."""

from __future__ import annotations

import json
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

NOT_MEASURED = "Not measured for this model."
NOT_READ = "Nobody has read these answers and judged them yet."

_SAMPLING = {
    "temperature": "temperature", "top_p": "top-p", "repetition_penalty": "penalty",
    "dry_multiplier": "DRY", "mean_characters": "characters", "looping": "looping",
    "distinct_2": "distinct-2", "same_beginning": "same start", "unfinished": "unfinished",
    "told_apart": "told apart", "score": "score",
}  # fmt: skip


def card(run: Path, command: str, impression: str) -> str:
    """Markdown from what a run and its judging wrote into the folder `run`.

    `corpus.json`, `log.jsonl`, `evaluation.json`, and the lines of `samples` in `sampling.jsonl`
    where there are some. Raises FileNotFoundError for the others.
    """
    found = json.loads((run / "evaluation.json").read_text(encoding="utf-8"))
    log = _lines(run / "log.jsonl")
    sampling = run / "sampling.jsonl"
    template = files("training.small").joinpath("card_template.txt").read_text(encoding="utf-8")
    return Template(template).substitute(
        _of_model(found["model"]),
        data=_data(json.loads((run / "corpus.json").read_text(encoding="utf-8"))),
        command=command or "(not noted)",
        **_of_training(log),
        **_of_held_out(found["held_out"], found["relevance_held_out"]),
        sizes=_sizes(found["sizes"]),
        sampling=_sampling(_lines(sampling)) if sampling.exists() else NOT_MEASURED,
        **_of_samples(found["samples"]),
        impression=impression.strip() or NOT_READ,
    )


def _of_model(model: dict[str, Any]) -> dict[str, object]:
    megabytes, millions = model["bytes"] / 1e6, model["parameters"] / 1e6
    return {**model, "megabytes": f"{megabytes:.1f}", "parameters": f"{millions:.1f}"}


def _data(counts: dict[str, Any]) -> str:
    sources = sorted({source for part in counts.values() for source in part["dialogues"]})
    rows: list[list[object]] = [
        [source, *(part["dialogues"].get(source, 0) for part in counts.values())]
        for source in sources
    ]
    tokens = (f"{part['tokens'] / 1e6:.2f}" for part in counts.values())
    return _table(["dialogues", *counts], [*rows, ["million tokens", *tokens]])


def _of_training(log: Sequence[dict[str, Any]]) -> dict[str, object]:
    seen = [line for line in log if "held_out" in line]
    some = [*seen[: -1 : max(1, len(seen) // 16)], *seen[-1:]]
    rows = [
        [
            f"{line['tokens'] / 1e6:.2f}",
            f"{line['minutes']:.0f}",
            f"{line['held_out']['both_per_character']:.3f}",
            f"{line['held_out']['counselor_per_character']:.3f}",
            f"{line['held_out_average']['counselor_per_character']:.3f}",
        ]
        for line in some
    ]
    head = ["million tokens", "minutes", "both", "counselor", "counselor, mean of the weights"]
    last = log[-1]
    return {
        "million_tokens": f"{last['tokens'] / 1e6:.1f}",
        "steps": f"{last['step']:,}",
        "minutes": f"{last['minutes']:.0f}",
        "speed": f"{last['tokens'] / max(1.0, last['minutes'] * 60):,.0f}",
        "curve": _table(head, rows),
    }


def _of_held_out(held_out: dict[str, Any], by_model: dict[str, Any]) -> dict[str, object]:
    rows = [
        [side, *(_bounds(held_out[f"{side} {part}"]) for part in ("all", "plain"))]
        for side in ("counselor", "client", "both")
    ]
    return {
        "dialogues": held_out["dialogues"],
        "groups": held_out["opening_groups"],
        "plain": held_out["plain_beginnings"],
        "held_out": _table(["", "all", "short and plain"], rows),
        "pairs": by_model["answers"],
        "pairs_told_apart": _percent(by_model["told_apart"]),
        "pairs_picked": _percent(by_model["picked"]),
    }


def _sizes(sizes: Sequence[dict[str, Any]]) -> str:
    rows = [[one["kind"], one["megabytes"], f"{one['counselor']:.4f}"] for one in sizes]
    return _table(["stored as", "MB", "nats a character"], rows) if rows else NOT_MEASURED


def _sampling(lines: Sequence[dict[str, Any]]) -> str:
    rows = [[line[name] for name in _SAMPLING] for line in lines if "score" in line]
    return _table(list(_SAMPLING.values()), rows)


def _of_samples(samples: dict[str, Any]) -> dict[str, object]:
    quality = samples["quality"]
    words, by_model = samples["relevance_by_words"], samples["relevance_by_likelihood"]
    rows = [[_cell(text) for text in pair] for pair in samples["answers"]]
    return {
        **samples["sampling"],
        "looping": _percent(quality["looping"]),
        "distinct_2": quality["distinct_2"],
        "unfinished": _percent(quality["unfinished"]),
        "words_told_apart": _percent(words["told_apart"]),
        "words_picked": _percent(words["picked"]),
        "model_told_apart": _percent(by_model["told_apart"]),
        "model_picked": _percent(by_model["picked"]),
        "samples": _table(["first message", "answer"], rows),
    }


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _bounds(interval: dict[str, float]) -> str:
    return f"{interval['mean']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
