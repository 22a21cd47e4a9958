"""What a rebuild takes, against numbers counted by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inference.console import CommandError
from inference.serve.checkpoint import shape_of
from inference.serve.memory import GIB
from training.pipeline.budget import Budget, Load, Method, adapter_parameters, budget, parameters
from training.pipeline.preflight import Machine, check, look
from training.pipeline.stage import FOLDERS

ROOT = Path(__file__).parents[3]
INTERNLM2_7B = shape_of(
    json.loads((ROOT / "benchmarks/gpu/internlm2_7b.json").read_text()), "internlm2_7b.json"
)
TARGETS = ("wqkv", "wo", "w1", "w2", "w3")
QLORA = Load(Method.QLORA, length=2048, batch=1, rank=64, targets=TARGETS)
FULL = Load(Method.FULL, length=2048, batch=1, zero=3)


def takes(load: Load, gpus: int = 4) -> Budget:
    return budget(INTERNLM2_7B, load, gpus=gpus, gpus_of_a_node=gpus, corpora=30_000_000)


def part(of: Budget, name: str) -> int:
    (found,) = [one.size for one in of.gpu if one.what == name]
    return found


def test_seven_billion_and_its_adapter_are_counted_as_published() -> None:
    assert parameters(INTERNLM2_7B) == 7_737_708_544
    # rank 64 x (in + out) of the five matrices, in 32 layers
    by_hand = 64 * ((4096 + 6144) + (4096 + 4096) + 3 * (4096 + 14336)) * 32
    assert adapter_parameters(INTERNLM2_7B, QLORA) == by_hand
    llama = replace(
        QLORA,
        targets=("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    )
    apart = by_hand + 64 * 2 * 4096 * 32  # three inputs of 4,096 where InternLM2 has one
    assert adapter_parameters(INTERNLM2_7B, llama) == apart


def test_weights_in_four_bits_take_a_third_and_the_optimizer_only_sees_the_adapter() -> None:
    in_four_bits, others = 6.979e9 * 4.127 / 8, 0.758e9 * 4  # embeddings and head in 32 bits
    assert part(takes(QLORA), "weights") == pytest.approx(in_four_bits + others, rel=1e-3)
    trained = adapter_parameters(INTERNLM2_7B, QLORA)
    assert part(takes(QLORA), "adapter, optimizer") == 16 * trained


@pytest.mark.parametrize(("zero", "width"), [(0, 4), (2, 2)])
def test_beside_an_adapter_weights_are_widened_and_only_deepspeed_narrows_them_again(
    zero: int, width: int
) -> None:
    of = takes(replace(QLORA, method=Method.LORA, zero=zero))
    assert part(of, "weights") == width * parameters(INTERNLM2_7B)
    assert of.in_memory == 4 * 4 * parameters(INTERNLM2_7B)  # each of four processes loads it


def test_without_flash_attention_scores_of_all_pairs_of_tokens_are_on_the_card() -> None:
    flash = takes(replace(QLORA, batch=2))
    eager = takes(replace(QLORA, batch=2, has_flash_attention=False))
    by_hand = 2 * 32 * 2048 * 2048 * (4 + 2 + 2 + 4 + 4)  # of the layer that is made again
    assert eager.on_a_gpu - flash.on_a_gpu == by_hand


def test_disk_is_asked_for_as_many_checkpoints_as_are_kept() -> None:
    # the oldest is removed before the next one is written
    (trained,) = [one.size for one in takes(QLORA).disk if one.what == "train"]
    assert trained == 2 * 16 * adapter_parameters(INTERNLM2_7B, QLORA)


@pytest.mark.parametrize(("zero", "gib"), [(0, 14.41 * 7), (2, 14.41 * 7 / 4), (3, 14.41 * 7 / 4)])
def test_zero_shares_gradients_and_optimizer_among_cards(zero: int, gib: float) -> None:
    of = takes(replace(FULL, zero=zero))
    # 2 B of gradients and 12 B of the optimizer for a weight that is 2 B itself
    assert part(of, "gradients, optimizer") / GIB == pytest.approx(gib, abs=0.05)
    shared = 4 if zero == 3 else 1
    assert part(of, "weights") == parameters(INTERNLM2_7B) * 2 // shared


def test_a_larger_batch_takes_more_of_the_card_and_nothing_else() -> None:
    one, eight = takes(QLORA), takes(replace(QLORA, batch=8))
    for name in ("activations", "logits"):
        assert part(eight, name) == 8 * part(one, name)
    assert (one.memory, one.disk) == (eight.memory, eight.disk)


def machine(gpu: float = 80, memory: float = 500, disk: float = 1000) -> Machine:
    return Machine((int(gpu * GIB),) * 4, int(memory * GIB), int(disk * GIB))


def test_enough_of_everything_shows_the_arithmetic_and_begins() -> None:
    said: list[str] = []
    check(takes(QLORA), machine(), 4, said.append)
    assert any("6.98e9 x 4.13 bits" in line for line in said)


@pytest.mark.parametrize(
    ("has", "reason"),
    [
        (machine(gpu=10), r"training takes 12\.\d GiB on each GPU and 10.0 GiB are free"),
        (machine(memory=40), r"of memory and 40.0 GiB are free"),
        (machine(disk=10), r"more on disk and 10.0 GiB are free"),
        (replace(machine(), gpus=(80 * GIB,)), "4 GPUs are asked for and 1 are here"),
    ],
)
def test_what_is_missing_is_said_before_anything_begins(has: Machine, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        check(takes(QLORA), has, 4, lambda _: None)


def lying(of: Budget) -> dict[str, int]:
    """What a rebuild that ended has left."""
    return {FOLDERS[part.what]: part.size for part in of.disk}


def test_half_done_work_that_goes_on_is_not_asked_for_again() -> None:
    of = takes(QLORA).of(["train"])
    (training,) = [part.size for part in of.disk]
    begun = {".training.draft": training - GIB}
    check(of, replace(machine(disk=2), lying=begun), 4, lambda _: None)
    with pytest.raises(CommandError, match=r"4\.5 GiB more on disk"):
        check(of, machine(disk=2), 4, lambda _: None)


def test_an_old_training_stays_until_the_new_one_is_whole_so_both_need_room() -> None:
    of = takes(FULL)
    (training,) = [part.size for part in of.disk if part.what == "train"]
    finished = replace(machine(disk=5), lying=lying(of))
    with pytest.raises(CommandError, match=rf"{training / GIB:.1f} GiB more on disk"):
        check(of, finished, 4, lambda _: None)
    # Once it has taken the old one's place, the next stage has that room.
    check(of, replace(finished, disk=training + GIB), 4, lambda _: None)


def test_only_what_is_still_to_be_made_is_asked_for() -> None:
    small = Machine((), 70 * GIB, 6 * GIB)
    check(takes(QLORA).of(["quantize", "evaluate"]), small, 0, lambda _: None)
    with pytest.raises(CommandError, match="on disk"):
        check(takes(QLORA).of(["merge", "quantize"]), small, 0, lambda _: None)


def test_without_a_card_the_memory_has_to_hold_the_training() -> None:
    no_gpu = Machine((), 70 * GIB, 1000 * GIB)
    large = replace(FULL, weight_bytes=4, zero=0)
    with pytest.raises(CommandError, match="of memory"):
        check(takes(large, gpus=1), no_gpu, 0, lambda _: None)


def test_what_lies_in_a_working_folder_is_counted_by_its_stages(tmp_path: Path) -> None:
    for name, size in (("training/a/b", 3), ("training/c", 4), (".training.draft/d", 5)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(size))
    assert look(tmp_path).lying == {"training": 7, ".training.draft": 5}
