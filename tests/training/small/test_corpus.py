from __future__ import annotations

import json
import re
from random import Random
from shutil import copytree
from typing import TYPE_CHECKING

import pytest

from tests.training.prepare.made_up import smile_records
from training.corpora.dialogue import Dialogue, Role, Turn
from training.corpora.own import talks
from training.corpora.registry import CORPORA, read_corpus
from training.prepare.outcome import Options
from training.prepare.run import prepare
from training.small.corpus import (
    REPORT,
    TRAIN_FILE,
    EncodeConfig,
    encode,
    plain_beginning,
    read_held_out,
    read_train,
    takes_up,
    with_short_opening,
)
from training.small.relevance import TfIdf

if TYPE_CHECKING:
    from pathlib import Path


def dialogue(*texts: str) -> Dialogue:
    roles = (Role.CLIENT, Role.COUNSELOR)
    turns = tuple(Turn(roles[number % 2], text) for number, text in enumerate(texts))
    return Dialogue("test", "1", turns)


@pytest.fixture(scope="module")
def prepared_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared")
    prepare({"smile": smile_records(200)}, out, Options(held_out_share=0.2, token_every=0))
    return out


@pytest.fixture
def prepared(prepared_once: Path, tmp_path: Path) -> Path:
    """A copy, which a test may spoil."""
    return copytree(prepared_once, tmp_path / "prepared")


def test_prepared_dialogues_come_back_with_their_names(prepared: Path) -> None:
    given = {
        one.id: one.turns for record in smile_records(200) for one in CORPORA["smile"].parse(record)
    }

    train, held_out = list(read_train(prepared)), list(read_held_out(prepared))

    assert len(train) > 80
    assert len(held_out) > 10
    for one in (*train, *held_out):
        assert (one.source, one.turns) == ("smile", given[one.id])
    assert not {one.id for one in train} & {one.id for one in held_out}


def test_talk_with_answers_that_are_not_to_be_learnt_is_left_out(prepared: Path) -> None:
    every = len(list(read_train(prepared)))
    text = (prepared / TRAIN_FILE).read_text(encoding="utf-8")
    unrated = re.sub(r'("output_with_loss": ?)true', r"\1false", text, count=1)
    (prepared / TRAIN_FILE).write_text(unrated, encoding="utf-8")

    assert unrated != text
    assert len(list(read_train(prepared))) == every - 1


def test_rows_that_decisions_do_not_name_are_refused(prepared: Path) -> None:
    decisions = prepared / "decisions.jsonl"
    lines = decisions.read_text(encoding="utf-8").splitlines(keepends=True)
    for wrong in (lines[:-30], [*lines, '{"source": "smile", "id": "x", "split": "train"}\n']):
        decisions.write_text("".join(wrong), encoding="utf-8")
        with pytest.raises(ValueError, match="dialogues than decisions"):
            list(read_train(prepared))


@pytest.mark.parametrize("answer", ["您好，请说。", "这是咨询的第一步。", "1、多运动", "嗯" * 151])
def test_plain_beginning_ends_before_a_long_or_formal_answer(answer: str) -> None:
    talk = dialogue("我很累", "辛苦了。", "怎么办", answer, "好", "嗯。")

    assert plain_beginning(talk, 5) == dialogue("我很累", "辛苦了。")
    assert plain_beginning(dialogue("怎么办", answer), 5) is None


def test_plain_beginning_has_so_many_pairs_at_most() -> None:
    talk = dialogue("我很累", "辛苦了。", "嗯", "睡一会儿吧。")

    assert plain_beginning(talk, 1) == dialogue("我很累", "辛苦了。")
    assert plain_beginning(talk, 2) == talk


POST = "我和室友吵架了，她三天没有理我。我该怎么办？我真的很难受，一直在想这件事。"
WORDS = TfIdf([POST, "今天下雨了，没带伞。", "我真的很累，怎么办？", "考试没考好，没有力气。"])


def openings_of(talk: Dialogue) -> set[str]:
    return {with_short_opening(talk, WORDS, Random(seed)).opening for seed in range(200)}


def test_short_opening_is_the_neighbouring_clauses_that_the_answer_takes_up() -> None:
    about_the_quarrel = dialogue(POST, "和室友吵架，心里很闷吧。")
    about_the_silence = dialogue(POST, "三天没有理你，心里空空的吧。")

    assert openings_of(about_the_quarrel) == {"我和室友吵架了"}
    assert openings_of(about_the_silence) == {"她三天没有理我"}
    changed = with_short_opening(about_the_quarrel, WORDS, Random(1))
    assert changed.turns[1:] == about_the_quarrel.turns[1:]


def test_short_opening_grows_as_far_as_it_may_to_hold_more_of_what_is_answered() -> None:
    about_both = dialogue(POST, "和室友吵架以后，一直在想这件事吧。")

    assert openings_of(about_both) == {
        "我和室友吵架了，她三天没有理我。我该怎么办？我真的很难受，一直在想这件事",
        "一直在想这件事",
    }


def test_opening_of_one_endless_clause_stays_as_it_is() -> None:
    endless = dialogue("我" * 60, "嗯。")

    assert with_short_opening(endless, WORDS, Random(1)) == endless


def test_answer_takes_up_what_was_said_or_does_not() -> None:
    assert takes_up(dialogue("我和室友吵架了", "和室友吵架，心里很闷吧。"), WORDS) > 0.3
    assert takes_up(dialogue("我和室友吵架了", "可以告诉我更多吗？"), WORDS) == 0.0


def test_own_talks_stand_once_in_the_base_set_and_whole_and_often_in_the_tune_set(
    tmp_path: Path,
) -> None:
    prepared, out = tmp_path / "prepared", tmp_path / "out"
    corpora = {
        "smile": smile_records(60),
        talks.SOURCE: read_corpus(talks.SOURCE, talks.FOLDER / "t2.txt"),
    }
    prepare(corpora, prepared, Options(held_out_share=0.1, token_every=0))
    written = [one for one in read_train(prepared) if one.source == talks.SOURCE]
    config = EncodeConfig(vocabulary=400, base_own=5, tune_own=5, tune_talk_copies=3)

    encode(prepared, out, config)

    counts = json.loads((out / REPORT).read_text(encoding="utf-8"))
    assert len(written) > 150
    assert counts["base"]["dialogues"][talks.SOURCE] == len(written)
    assert counts["tune"]["dialogues"][talks.SOURCE] == 3 * len(written)
