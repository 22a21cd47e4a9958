from __future__ import annotations

import json
import re
from argparse import ArgumentParser
from itertools import pairwise
from pathlib import Path

import pytest

from bot.safety import RiskLevel, Utterance, assess, simplified
from bot.safety.guard import judge
from devtools.near_talks import near_pairs
from training.corpora.crisis import is_open
from training.corpora.dialogue import Dialogue, Role, Turn, tidy
from training.corpora.files import CorpusFormatError, Record
from training.corpora.options import add_corpus_options, chosen_corpora
from training.corpora.own.talks import (
    FOLDER,
    MEASURED_ONLY,
    SOURCE,
    parse_record,
    parse_talks,
    read_talks,
    writers,
)
from training.corpora.registry import CORPORA, read_corpus
from training.prepare.cleaning import clean
from training.prepare.gather import shards_of
from training.prepare.outcome import Options
from training.prepare.run import prepare

TALKS = [talk.dialogue for talk in read_talks(writers())]
ANSWERS = [turn.text for one in TALKS for turn in one.turns if turn.role is Role.COUNSELOR]
WORDS_OF_DANGER = {
    "t1": {73, 93, 106, 137, 165},
    "t2": {61, 66},
    "t3": {48, 95, 134, 173},
    "t4": {4, 25, 99, 107, 110},
    "t5": {24, 98, 107, 128, 190},
    "t6": {25, 157, 167, 190},
    "t7": {34, 62, 85, 91, 174, 181, 183},
    "t8": {77, 86, 100, 121, 156, 165},
}
"""Talks in which a plain word of danger stands (吵死了, 杀年猪); all were read and hold none."""
MOST_MISREAD = 0.01
"""Turns that the first reader may take for danger. Which ones they are changes whenever it is
trained; all that two trainings found in the first five writers, 58 of 5,064, were read: there was
no danger in them."""
NEVER_SAID = re.compile(
    "咨询师|治疗|疗法|诊断|热线|来访者|(?:永远|一直)(?:都)?(?:会)?(?:陪|在这|在你|守)|我(?:一直|永远)都?在"
    "|我(?:也)?(?:懂|理解)你的(?:感受|心情)|抱抱|抱着你|我也失恋|时间会治愈|都会好起来|换个角度|要学会"
)
LIST_OR_MARKUP = re.compile(
    r"^\s*(?:[-*•·]|\d+[.、)）](?!\d)|[一二三四五]、)|\*\*|__|^#|`", re.MULTILINE
)


def test_a_talk_has_three_to_ten_exchanges_and_strict_pairs() -> None:
    assert len(TALKS) > 1_500
    assert [one.id for one in TALKS if not 3 <= len(one.turns) / 2 <= 10] == []
    assert [one.id for one in TALKS if tidy(one) != one] == []
    assert len({one.id for one in TALKS}) == len(TALKS)


def test_answers_are_short_and_ask_one_thing_at_most() -> None:
    assert [a for a in ANSWERS if len(a) > 90 or len(re.findall("[?？]", a)) > 1] == []


def test_answers_hold_no_list_and_no_markup() -> None:
    assert [a for a in ANSWERS if LIST_OR_MARKUP.search(a)] == []


def test_answers_say_nothing_that_we_never_say() -> None:
    assert [a for a in ANSWERS if NEVER_SAID.search(simplified(a))] == []


def test_the_guard_would_show_every_answer() -> None:
    assert [a for a in ANSWERS if judge(a) is not None] == []


def test_a_plain_word_of_danger_stands_in_no_talk_but_those_that_were_read() -> None:
    found = {one.id for one in TALKS if any(is_open(turn.text) for turn in one.turns)}

    assert found == {f"{writer}-{one}" for writer, them in WORDS_OF_DANGER.items() for one in them}


def test_the_first_reader_finds_danger_in_hardly_a_turn() -> None:
    nothing = Turn(Role.COUNSELOR, "")
    said = [
        (Utterance(before.text, by_bot=True), Utterance(turn.text))
        for one in TALKS
        for before, turn in pairwise((nothing, *one.turns))
        if turn.role is Role.CLIENT
    ]
    misread = sum(assess(one).level >= RiskLevel.HIGH for one in said)

    assert misread < MOST_MISREAD * len(said)


def test_no_talk_is_nearly_another() -> None:
    assert near_pairs(TALKS) == []


def test_a_talk_that_is_nearly_another_is_named_with_it() -> None:
    copy = Dialogue(SOURCE, "copy", (*TALKS[5].turns, Turn(Role.CLIENT, "好的呀")))

    assert near_pairs((*TALKS[:9], copy)) == [("copy", TALKS[5].id)]


def test_writers_who_are_only_measured_on_are_there_and_apart() -> None:
    assert set(writers()) > MEASURED_ONLY
    assert len(list(read_talks(MEASURED_ONLY))) > 350


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared")
    prepare({SOURCE: read_corpus(SOURCE, FOLDER)}, out, Options(token_every=0))
    return out


def test_prepare_takes_no_talk_of_a_writer_who_is_only_measured_on(prepared: Path) -> None:
    lines = (prepared / "decisions.jsonl").read_text("utf-8").splitlines()
    decided = [json.loads(line) for line in lines]

    assert {one["id"].partition("-")[0] for one in decided} == set(writers()) - MEASURED_ONLY
    told = "".join(
        (prepared / name).read_text("utf-8") for name in ("train.json", "held-out.jsonl")
    )
    for talk in read_talks(MEASURED_ONLY):
        answers = [turn.text for turn in talk.dialogue.turns if turn.role is Role.COUNSELOR]
        assert json.dumps(max(answers, key=len), ensure_ascii=False) not in told


def test_prepare_leaves_out_only_a_talk_with_a_word_of_danger(prepared: Path) -> None:
    lines = (prepared / "decisions.jsonl").read_text("utf-8").splitlines()
    left_out = [reason for line in lines if (reason := json.loads(line).get("left_out"))]

    assert {reason.partition(",")[0] for reason in left_out} <= {"crisis"}
    assert len(left_out) < 0.05 * len(lines)


def test_tasks_of_a_cluster_take_no_talk_of_a_writer_who_is_only_measured_on() -> None:
    shards = shards_of({SOURCE: FOLDER})

    assert {shard.file.stem for shard in shards} == set(writers()) - MEASURED_ONLY
    for writer in MEASURED_ONLY:
        assert list(read_corpus(SOURCE, FOLDER / f"{writer}.txt")) == []


def test_an_answer_that_says_it_is_an_ai_is_ours_to_teach_and_nobody_elses() -> None:
    said = (Turn(Role.CLIENT, "你是谁"), Turn(Role.COUNSELOR, "我是AI，不是人。"))
    talk = Dialogue("any", "1", said)

    assert clean(talk, is_ours=True).dialogue == talk
    assert clean(talk).left_out == "claims to be a model"


def test_own_talks_come_with_any_corpus_that_is_named_unless_refused() -> None:
    parser = ArgumentParser()
    add_corpus_options(parser)

    assert chosen_corpora(parser.parse_args(["--smile", "x"])) == {
        "smile": Path("x"),
        SOURCE: FOLDER,
    }
    without = parser.parse_args(["--smile", "x", f"--no-{SOURCE}"])
    assert chosen_corpora(without) == {"smile": Path("x")}
    assert chosen_corpora(parser.parse_args([])) == {}
    assert [name for name, corpus in CORPORA.items() if corpus.is_ours] == [SOURCE]


def test_messages_in_a_row_are_one_turn() -> None:
    text = "# sleep\nu: 睡不着\nu: 三点了\na: 三点，外面安静吗？\n\n\n# a\nu: 嗯\na: 嗯。\n"
    first, second = parse_talks("t0", text)

    assert first.dialogue == Dialogue(
        SOURCE,
        "t0-1",
        (Turn(Role.CLIENT, "睡不着\n三点了"), Turn(Role.COUNSELOR, "三点，外面安静吗？")),
    )
    assert (first.writer, first.topic, second.topic) == ("t0", "sleep", "a")
    assert second.dialogue.id == "t0-2"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("u: 私密\na: 嗯", "t0.txt, line 1: a talk begins"),
        ("# \nu: 私密\na: 嗯", "t0.txt, line 1: a talk begins"),
        ("# a\nu: 嗯\na: 嗯\n\n# b\na: 私密", "t0.txt, line 6: an answer to nothing"),
        ("# a\nu: 嗯\na: 嗯\na: 私密", "t0.txt, line 4: an answer to nothing"),
        ("# a\nu: 嗯\na: 嗯\nu: 私密", "t0.txt, line 5: the talk ends"),
        ("# a", "t0.txt, line 2: the talk ends"),
        ("# a\nu: 嗯\na： 私密", "t0.txt, line 3: expected"),
        ("# a\nu: 嗯\na:  ", "t0.txt, line 3: expected"),
    ],
)
def test_malformed_talk_is_refused_by_file_and_line_and_never_quoted(text: str, place: str) -> None:
    with pytest.raises(CorpusFormatError) as refused:
        parse_record(Record("t0.txt", "t0", False, text.encode()))

    assert str(refused.value).startswith(place)
    assert "私密" not in str(refused.value)


def test_file_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(CorpusFormatError, match=r"t0\.txt: not UTF-8"):
        parse_record(Record("t0.txt", "t0", False, "# 私密".encode("gb18030")))
