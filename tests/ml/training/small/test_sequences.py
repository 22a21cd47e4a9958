from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from inference.local import PACKAGED_MODEL
from training.corpora.dialogue import Dialogue, Role, Turn
from training.small.sequences import CLIENT, COUNSELOR, PADDING, DialogueEncoder, Window, fill, pack
from training.small.tokenizer import (
    CLIENT_START,
    CLIENT_START_ID,
    COUNSELOR_START,
    COUNSELOR_START_ID,
    TURN_END,
    TURN_END_ID,
    read_tokenizer,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return read_tokenizer(PACKAGED_MODEL)


def long_dialogue(pairs: int) -> Dialogue:
    turns: list[Turn] = []
    for number in range(pairs):
        turns.append(Turn(Role.CLIENT, f"这是第{number}件让我睡不着的事情"))
        turns.append(Turn(Role.COUNSELOR, f"关于第{number}件事，你愿意多说一点吗？"))
    return Dialogue("test", "1", tuple(turns))


def test_window_is_the_chat_template(tokenizer: Tokenizer) -> None:
    (window,) = DialogueEncoder(tokenizer, 512).windows(long_dialogue(1))

    assert tokenizer.decode(list(window.tokens), skip_special_tokens=False) == (
        f"{CLIENT_START}这是第0件让我睡不着的事情{TURN_END}"
        f"{COUNSELOR_START}关于第0件事，你愿意多说一点吗？{TURN_END}"
    )


def test_turn_starts_are_given_and_turn_ends_are_learnt(tokenizer: Tokenizer) -> None:
    (window,) = DialogueEncoder(tokenizer, 512).windows(long_dialogue(1))
    kind = dict(zip(window.tokens, window.kinds, strict=True))

    assert kind[CLIENT_START_ID] == kind[COUNSELOR_START_ID] == PADDING
    ends = [k for t, k in zip(window.tokens, window.kinds, strict=True) if t == TURN_END_ID]
    assert ends == [CLIENT, COUNSELOR]


def test_long_dialogue_becomes_windows_that_begin_with_the_client(tokenizer: Tokenizer) -> None:
    windows = list(DialogueEncoder(tokenizer, 64).windows(long_dialogue(12)))
    (whole,) = DialogueEncoder(tokenizer, 4096).windows(long_dialogue(12))

    assert len(windows) > 1
    assert all(len(window.tokens) <= 64 for window in windows)
    assert all(window.tokens[0] == CLIENT_START_ID for window in windows)
    assert [token for window in windows for token in window.tokens] == list(whole.tokens)


def test_pair_longer_than_the_context_is_cut(tokenizer: Tokenizer) -> None:
    (window,) = DialogueEncoder(tokenizer, 16).windows(long_dialogue(1))

    assert len(window.tokens) == len(window.kinds) == 16


def test_packing_keeps_every_window_whole() -> None:
    random = Random(1)
    windows = [
        Window(tuple([number] * size), tuple([COUNSELOR] * size))
        for number, size in enumerate(random.choices(range(1, 65), k=300), start=10)
    ]

    packed = pack(windows, 64)

    found = [
        tuple(tokens[documents == document].tolist())
        for tokens, documents in zip(packed.tokens, packed.documents, strict=True)
        for document in range(1, documents.max() + 1)
    ]
    assert sorted(found) == sorted(window.tokens for window in windows)
    assert (packed.kinds[packed.documents == 0] == PADDING).all()
    assert (packed.documents > 0).mean() > 0.95


def test_filling_leaves_no_place_empty_and_loses_no_token() -> None:
    random = Random(1)
    windows = [
        Window(tuple(range(start, start + size)), tuple([COUNSELOR] * size))
        for start, size in zip(
            range(10, 9000, 300), random.choices(range(1, 200), k=30), strict=False
        )
    ]

    packed = fill(windows, 64)

    everything = [token for window in windows for token in window.tokens]
    assert packed.tokens[packed.documents > 0].tolist() == everything
    assert (packed.documents[:-1] > 0).all()
    for tokens, documents in zip(packed.tokens, packed.documents, strict=True):
        for document in range(1, documents.max() + 1):
            part = tokens[documents == document].astype(int)
            assert (np.diff(part) == 1).all(), "tokens of two windows in one document"
