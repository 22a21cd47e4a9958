from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.files import CorpusFormatError
from training.corpora.psyqa import parse_psyqa, psyqa_records

if TYPE_CHECKING:
    from pathlib import Path

# Made up for this test, in the published format.
QUESTION = {
    "question": "总是睡不好怎么办？",
    "description": "一躺下就想白天的事。",
    "keywords": "睡眠,压力",
    "questionID": 17,
    "answers": [
        {
            "answer_text": "抱抱你，这不容易。睡前写下明天的事试试。",
            "labels_sequence": [
                {"start": 9, "end": 20, "type": "Direct Guidance"},
                {"start": 0, "end": 9, "type": "Approval and Reassurance"},
            ],
            "has_label": True,
        },
        {"answer_text": "我也失眠过。", "labels_sequence": None, "has_label": False},
    ],
}


def read(path: Path) -> list[Dialogue]:
    return [dialogue for record in psyqa_records(path) for dialogue in parse_psyqa(record)]


def write(path: Path, questions: list[object], *, lines: bool = False) -> Path:
    file = path / ("psyqa.jsonl" if lines else "psyqa.json")
    texts = [json.dumps(one, ensure_ascii=False, indent=None if lines else 1) for one in questions]
    file.write_text("\n".join(texts) if lines else f"[{', '.join(texts)}]\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("lines", [False, True])
def test_every_answer_is_a_dialogue_with_its_strategies(tmp_path: Path, lines: bool) -> None:
    asked = Turn(Role.CLIENT, "总是睡不好怎么办？\n一躺下就想白天的事。")
    strategies = ("Approval and Reassurance", "Direct Guidance")

    assert read(write(tmp_path, [QUESTION], lines=lines)) == [
        Dialogue(
            "psyqa",
            "17-0",
            (asked, Turn(Role.COUNSELOR, QUESTION["answers"][0]["answer_text"], strategies)),
        ),
        Dialogue("psyqa", "17-1", (asked, Turn(Role.COUNSELOR, "我也失眠过。"))),
    ]


def with_label(**label: object) -> dict[str, object]:
    whole = {"start": 0, "end": 1, "type": "Others"} | label
    return QUESTION | {"answers": [{"answer_text": "私密", "labels_sequence": [whole]}]}


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (["私密"], "not a PsyQA question"),
        (QUESTION | {"answers": "私密"}, "not a PsyQA question"),
        (QUESTION | {"answers": [{"answer_text": 3}]}, "not a PsyQA question"),
        (QUESTION | {"question": None}, "not a PsyQA question"),
        (with_label(type="私密"), "strategy is unknown"),
        (with_label(end=3), "lies outside"),
    ],
)
def test_malformed_question_is_named_without_its_text(tmp_path: Path, question, reason) -> None:
    good, bad = psyqa_records(write(tmp_path, [QUESTION, question]))

    assert len(parse_psyqa(good)) == 2
    with pytest.raises(CorpusFormatError, match=rf"psyqa\.json, question 2: .*{reason}") as caught:
        parse_psyqa(bad)
    assert "私密" not in str(caught.value)


@pytest.mark.parametrize("text", ['{"question": "私密"}', '[{"question": "私密"', "[1,"])
def test_file_that_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "psyqa.json").write_text(text, encoding="utf-8")

    with pytest.raises(CorpusFormatError, match=r"psyqa\.json: ") as caught:
        list(psyqa_records(tmp_path / "psyqa.json"))
    assert "私密" not in str(caught.value)


def test_an_empty_list_holds_nothing(tmp_path: Path) -> None:
    assert read(write(tmp_path, [])) == []
