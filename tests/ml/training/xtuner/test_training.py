"""XTuner's own tools on the tiny InternLM2: train, kill, resume, convert, merge."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import mean

import pytest
import torch
from peft import PeftModel
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from inference import persona
from inference.chat_template import END
from training.xtuner import Launch, Recipe, XTunerError, convert, mark, train

# The first test of all waits for trainings in child processes, which share the machine with others.
pytestmark = pytest.mark.timeout(900)


CONFIGS = Path(__file__).parents[4] / "training" / "configs"


def scalars(work):
    """What was logged each time training was started, in order; one dict a step."""
    return [
        [row for row in map(json.loads, file.read_text().splitlines()) if "loss" in row]
        for file in sorted(work.glob("*/vis_data/scalars.json"))
    ]


def test_the_loss_goes_down(tuned):
    runs = scalars(tuned.work)
    first, last = (mean(row["loss"] for row in part) for part in (runs[0][:5], runs[-1][-5:]))

    assert last < first - 0.1


def test_a_killed_run_goes_on_at_its_last_checkpoint(lora):
    killed, resumed = ([row["step"] for row in run] for run in scalars(lora.work))

    assert killed == [*range(1, killed[-1] + 1)]
    assert resumed == [*range(resumed[0], 31)]
    assert 5 < resumed[0] <= killed[-1] + 1
    assert resumed[0] % 5 == 1, "a checkpoint is written every five steps"


def test_a_run_is_not_begun_over_another(lora):
    with pytest.raises(XTunerError, match="resume it, or name another folder"):
        train(lora.recipe, lora.work, Launch(), resume=False)


def test_the_adapter_is_safetensors_and_leaves_the_output_head_alone(tuned):
    assert not [*tuned.adapter.glob("*.bin")]
    with safe_open(tuned.adapter / "adapter_model.safetensors", "pt") as file:
        names = set(file.keys())
        trained = [name for name in names if "lora_B" in name and file.get_tensor(name).any()]

    assert {name.split(".")[-3] for name in names} == {"wqkv", "wo", "w1", "w2", "w3"}
    assert len(trained) == len(names) / 2


def test_the_merged_model_is_the_base_with_its_adapter(tuned, base):
    tokens = AutoTokenizer.from_pretrained(base, trust_remote_code=True)(
        "最近总是很晚才睡", return_tensors="pt"
    )["input_ids"]

    def logits(folder, adapter=None):
        model = AutoModelForCausalLM.from_pretrained(
            folder, trust_remote_code=True, dtype=torch.float32
        )
        if adapter:
            model = PeftModel.from_pretrained(model, adapter)
        with torch.inference_mode():
            return model.eval()(input_ids=tokens).logits

    merged, together = logits(tuned.merged), logits(base, tuned.adapter)
    assert (together - logits(base)).abs().max() > 0.1
    # Merging rounds each weight to 16 bits once more.
    torch.testing.assert_close(merged, together, atol=5e-3, rtol=5e-3)


def test_the_merged_folder_can_be_served(lora, prepared):
    merged = lora.merged
    mark(merged, prepared / "train.json")
    generation = json.loads((merged / "generation_config.json").read_text())
    config = json.loads((merged / "config.json").read_text())
    end = AutoTokenizer.from_pretrained(merged, trust_remote_code=True).convert_tokens_to_ids(END)

    assert [*merged.glob("*.safetensors")]
    assert not [*merged.glob("*.bin")]
    assert set(generation["eos_token_id"]) == {2, end}
    assert all(
        (merged / f"{code.split('.')[0]}.py").exists() for code in config["auto_map"].values()
    )
    assert json.loads((merged / persona.FILE).read_text()) == {"persona": persona.fingerprint()}


def test_nothing_is_written_over_what_is_there(lora):
    with pytest.raises(XTunerError, match="exists: remove it, or name another folder"):
        convert(lora.recipe, lora.work / "iter_30.pth", lora.adapter)


def test_no_log_holds_a_sentence_that_was_trained_on(lora, prepared):
    rows = json.loads((prepared / "train.json").read_text("utf-8"))
    said = {turn["output"] for row in rows for turn in row["conversation"]}
    logs = [*lora.work.glob("*/*.log"), *lora.work.glob("*/vis_data/*")]

    assert logs
    for log in logs:
        text = log.read_text("utf-8", errors="replace")
        assert not [sentence for sentence in said if sentence in text]


def test_two_processes_learn_to_prefer_what_was_liked(base, prepared, tmp_path):
    """DPO, through torchrun as on two GPUs."""
    options = (
        "train_cfg.max_iters=10",
        "default_hooks.logger.interval=1",
        "train_dataloader.batch_size=1",
    )
    config = CONFIGS / "internlm2_tiny_dpo_mentalhealth_cpu.py"

    train(Recipe(config, base, prepared, options), tmp_path, Launch(processes=2), resume=False)

    rows = scalars(tmp_path)[0]
    assert rows[0]["loss"] == pytest.approx(math.log(2), abs=1e-3)
    assert rows[-1]["loss"] < 0.65
    assert rows[-1]["reward_margin"] > 0.1


def test_full_fine_tuning_gives_a_model_that_can_be_served(base, prepared, tmp_path):
    options = ("model.lora=None", "train_cfg.max_iters=2", "train_dataloader.batch_size=1")
    config = CONFIGS / "internlm2_tiny_lora_mentalhealth_cpu.py"
    recipe = Recipe(config, base, prepared, options)

    checkpoint = train(recipe, tmp_path / "work", Launch(), resume=False)
    convert(recipe, checkpoint, tmp_path / "model")

    made = {file.name for file in (tmp_path / "model").iterdir()}
    assert {"model.safetensors", "modeling_internlm2.py", "generation_config.json"} <= made
    assert "adapter_config.json" not in made
    weights = (folder / "model.safetensors" for folder in (tmp_path / "model", base))
    tuned, untuned = (load_file(file)["output.weight"] for file in weights)
    assert tuned.dtype == torch.float16
    assert not torch.equal(tuned, untuned)
