from __future__ import annotations

import json

from training.corpora.dialogue import Dialogue, Role, Turn
from training.prepare.gather import packed, unpacked
from training.prepare.outcome import Options, Worker


def test_an_outcome_is_the_same_when_it_was_packed() -> None:
    turns = (Turn(Role.CLIENT, "我睡不着"), Turn(Role.COUNSELOR, "嗯。", ("倾听",)))
    dialogue = Dialogue("test", "1", turns, rejected=("睡吧。",))
    _, outcome = Worker(Options(0, 0, 0)).one(dialogue)

    assert unpacked(json.loads(json.dumps(packed(outcome)))) == outcome
    assert outcome.preferences
