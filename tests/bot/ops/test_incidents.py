from __future__ import annotations

from bot.ops.incidents import KEPT, FaultLog


def logged(faults: FaultLog, event: str, level: str = "error") -> None:
    faults(None, level, {"event": event, "level": level, "logger": "some.library", "text": "秘密"})


def test_faults_are_counted_by_name_the_newest_first() -> None:
    faults = FaultLog()
    for event, level in (("turn_lost", "error"), ("flood", "warning"), ("turn_lost", "error")):
        logged(faults, event, level)
    logged(faults, "all_is_well", "info")
    assert [(one.event, one.count) for one in faults.list_recent()] == [
        ("turn_lost", 2),
        ("flood", 1),
    ]


def test_a_sentence_of_a_library_counts_under_its_name() -> None:
    faults = FaultLog()
    logged(faults, "could not parse 我昨天哭了")
    assert [one.event for one in faults.list_recent()] == ["some.library"]


def test_what_is_kept_is_bounded() -> None:
    faults = FaultLog()
    for number in range(KEPT + 9):
        logged(faults, f"fault_{number}")
    assert len(faults.list_recent()) == KEPT
