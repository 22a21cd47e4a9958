"""The arithmetic of a GPU's memory, against published sizes of InternLM2-7B."""

from __future__ import annotations

import pytest

from inference.serve.checkpoint import Quantization, shape_of
from inference.serve.memory import GIB, RESERVED, fit, kv_bytes_per_token, weight_bytes
from tests.inference.serve.checkpoints import config_7b

SHAPE = shape_of(config_7b(), "config.json")
W4A16 = Quantization("awq", 4, 128)


def test_weights_of_internlm2_7b() -> None:
    assert weight_bytes(SHAPE, None) == 2 * 7_737_708_544  # the parameters its model card counts
    assert weight_bytes(SHAPE, W4A16) / GIB == pytest.approx(4.8, abs=0.05)


@pytest.mark.parametrize(("bits", "kib"), [(16, 128), (8, 66), (4, 34)])
def test_a_token_in_the_kv_cache(bits: int, kib: int) -> None:
    assert kv_bytes_per_token(SHAPE, bits) == kib * 1024


def test_the_cache_takes_its_share_of_what_weights_and_workspace_leave() -> None:
    room = fit(SHAPE, W4A16, gpu_memory=24 * GIB, kv_bits=8, cache_max_entry_count=0.5)
    assert room.cache == (24 * GIB - RESERVED - room.weights) // 2
    assert room.tokens * 66 * 1024 <= room.cache < (room.tokens + 64) * 66 * 1024
    assert room.chats(4096) == room.tokens // 4096
    assert room.chats(4000) == room.tokens // 4032  # whole blocks of 64


def test_several_cards_share_weights_and_cache() -> None:
    one = fit(SHAPE, None, gpu_memory=24 * GIB, kv_bits=16, cache_max_entry_count=0.8)
    two = fit(SHAPE, None, gpu_memory=24 * GIB, kv_bits=16, cache_max_entry_count=0.8, tp=2)
    assert two.weights == one.weights // 2
    assert two.per_token == one.per_token // 2
    assert two.tokens > 2 * one.tokens


def test_a_card_that_is_too_small_has_room_for_nothing() -> None:
    room = fit(SHAPE, None, gpu_memory=8 * GIB, kv_bits=4, cache_max_entry_count=0.8)
    assert (room.tokens, room.chats(2048)) == (0, 0)
