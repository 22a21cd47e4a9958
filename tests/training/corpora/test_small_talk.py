from __future__ import annotations

from random import Random

from training.corpora.dialogue import Dialogue, Role, Turn, tidy
from training.corpora.small_talk import SmallTalk
from training.small.corpus import reason_to_leave_out


def test_every_dialogue_is_tidy_and_passes_the_corpus_rules() -> None:
    for dialogue in SmallTalk(Random(3)).dialogues(500):
        assert tidy(dialogue) == dialogue
        assert reason_to_leave_out(dialogue) is None


def test_same_seed_gives_the_same_dialogues() -> None:
    assert list(SmallTalk(Random(3)).dialogues(50)) == list(SmallTalk(Random(3)).dialogues(50))


def test_greeting_goes_in_front_of_the_asked_share() -> None:
    real = Dialogue("test", "1", (Turn(Role.CLIENT, "我很累"), Turn(Role.COUNSELOR, "怎么了？")))

    greeted = list(SmallTalk(Random(3)).greet([real] * 400, 0.25))

    changed = [dialogue for dialogue in greeted if dialogue != real]
    assert 60 < len(changed) < 140
    assert all(dialogue.turns[2:] == real.turns for dialogue in changed)
