from __future__ import annotations

from random import Random

import numpy as np

from training.prepare import near


def text(seed: int, length: int = 400) -> str:
    random = Random(seed)
    return "".join(chr(random.randrange(0x4E00, 0x5E00)) for _ in range(length))


def test_similarity_is_the_share_of_common_runs() -> None:
    one, other = text(1), text(2)
    half = one[:200] + other[:200]

    same, part, none = (
        near.similarity(*near.signatures(pair, near.DIALOGUES))
        for pair in ((one, one), (one, half), (one, other))
    )

    assert same == 1
    assert 0.2 < part < 0.5  # a third of all their runs
    assert none < 0.05


def test_punctuation_does_not_count() -> None:
    plain = text(1)
    marked = "，".join(plain[start : start + 7] for start in range(0, len(plain), 7))

    first, second = near.signatures([plain, marked], near.DIALOGUES)

    assert (first == second).all()


def test_near_texts_share_a_band_and_strangers_do_not() -> None:
    base = text(1)
    changed = base[:390] + text(3, 10)
    keys = near.bands(near.signatures([base, changed, text(2)], near.DIALOGUES), near.DIALOGUES)

    assert set(keys[0].tolist()) & set(keys[1].tolist())
    assert not set(keys[0].tolist()) & set(keys[2].tolist())


def test_signature_does_not_depend_on_its_neighbours() -> None:
    texts = [text(seed, seed * 3) for seed in range(5)]

    together = near.signatures(texts, near.OPENINGS)

    alone = [near.signatures([one], near.OPENINGS)[0] for one in texts]
    np.testing.assert_array_equal(together, np.array(alone))


def test_signatures_are_the_same_in_every_version() -> None:
    # Prepared data must be reproducible: a change here changes what counts as a duplicate.
    row = near.signatures(["我最近压力很大，睡不着"], near.OPENINGS)[0]

    assert near.bands(row[None], near.OPENINGS)[0][:2].tolist() == [
        14012970036585242125,
        9736628998870677746,
    ]
