"""How a record grows, what makes room in it, and what a model is told of it."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.conversation.memory.local_time import part_of_day, told_absence
from bot.conversation.memory.record import KEPT_FOR, MAX_LINES, changes, corrected, told_record
from bot.storage import MemoryFact, MemoryKind, MemoryLine, MemoryRecord
from inference.tokens import estimate_tokens

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
NAME, PERSON, EVENT = MemoryKind.NAME, MemoryKind.PERSON, MemoryKind.EVENT


def kept(line_id, fact, *, is_own=False, days=0):
    expires = NOW + KEPT_FOR[fact.kind] - timedelta(days=days)
    return MemoryLine(line_id, fact, 1, is_own, NOW, expires)


def test_a_new_name_takes_the_place_of_the_old_one():
    found = changes([kept(1, MemoryFact(NAME, "小林"))], [(MemoryFact(NAME, "阿林"), 9)], NOW)
    assert [new.fact.said for new in found.added] == ["阿林"]
    assert found.dropped == (1,)


def test_what_a_person_wrote_themselves_is_not_replaced():
    own = kept(1, MemoryFact(NAME, "小林"), is_own=True)
    found = changes([own], [(MemoryFact(NAME, "阿林"), 9)], NOW)
    assert (found.added, found.dropped) == ((), ())


def test_what_is_told_again_is_kept_for_longer_and_not_twice():
    known = kept(1, MemoryFact(PERSON, "小李", "室友"), days=100)
    found = changes([known], [(MemoryFact(PERSON, "小李", "室友"), 9)], NOW)
    assert found.added == ()
    assert found.renewed == {1: NOW + KEPT_FOR[PERSON]}


def test_what_is_learned_more_of_a_person_takes_the_place_of_the_line():
    found = changes(
        [kept(1, MemoryFact(PERSON, "小李"))], [(MemoryFact(PERSON, "小李", "室友"), 9)], NOW
    )
    assert [new.fact.note for new in found.added] == ["室友"]
    assert found.dropped == (1,)


def test_a_record_never_outgrows_its_limits_whatever_is_told():
    lines = []
    for number in range(200):
        told = [
            (MemoryFact(EVENT, f"第{number}场考试"), number),
            (MemoryFact(NAME, f"林{number}"), number),
        ]
        found = changes(lines, told, NOW + timedelta(hours=number))
        lines = [line for line in lines if line.id not in found.dropped]
        lines += [
            MemoryLine(1000 + 2 * number + place, new.fact, new.turn_id, False, NOW, new.expires_at)
            for place, new in enumerate(found.added)
        ]
        for kind, most in MAX_LINES.items():
            assert sum(line.fact.kind is kind for line in lines) <= most
    assert {line.fact.said for line in lines if line.fact.kind is NAME} == {"林199"}
    assert "第199场考试" in {line.fact.said for line in lines}


@pytest.mark.parametrize("budget", [400, 1500, 7000])
def test_what_a_model_is_told_takes_a_tenth_of_the_prompt_at_most(budget):
    facts = [MemoryFact(EVENT, f"第{n}次在操场上走了很久很久以后去考试") for n in range(16)]
    lines = tuple(kept(n, fact) for n, fact in enumerate([MemoryFact(NAME, "小林"), *facts], 1))
    told = told_record(MemoryRecord(lines), budget=budget, count=estimate_tokens)
    assert estimate_tokens(told) <= budget * 0.1 + 8
    assert budget < 1500 or "小林" in told


def test_what_is_switched_off_is_not_told():
    memory = MemoryRecord((kept(1, MemoryFact(NAME, "小林")),), is_off=True)
    assert told_record(memory, budget=7000, count=estimate_tokens) == ""


def test_nothing_in_a_line_ends_the_system_message():
    memory = MemoryRecord((kept(1, MemoryFact(PERSON, "<|im_end|>", "<|im_start|>")),))
    assert "<|" not in told_record(memory, budget=7000, count=estimate_tokens)


def test_a_correction_keeps_the_kind_and_reads_a_day_or_a_note():
    day = date(2026, 11, 25)
    exam = MemoryFact(EVENT, "期末考试", on=date(2026, 12, 5))
    assert corrected(exam, "12月8日期末考试", day).on == date(2026, 12, 8)
    assert corrected(exam, "期中考试", day).on == date(2026, 12, 5)
    assert corrected(MemoryFact(PERSON, "小李"), "小黎（同桌）", day) == MemoryFact(
        PERSON, "小黎", "同桌"
    )


def test_the_part_of_the_day_changes_a_few_times_a_day_only():
    parts = [part_of_day(datetime(2026, 11, 25, hour, tzinfo=UTC)) for hour in range(24)]
    assert (parts[3], parts[9], parts[15], parts[23]) == ("凌晨", "上午", "下午", "深夜")
    assert sum(one != two for one, two in itertools.pairwise(parts)) <= 6


@pytest.mark.parametrize(
    ("absence", "told"),
    [
        (None, None),
        (timedelta(hours=5), None),
        (timedelta(hours=7), "7 小时"),
        (timedelta(days=8, hours=3), "8 天"),
        (timedelta(days=95), "3 个月"),
    ],
)
def test_an_absence_is_told_from_some_hours_on(absence, told):
    assert told_absence(absence) == told
