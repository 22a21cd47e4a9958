"""XTuner's own tools on the tiny InternLM2: train, kill, resume, convert, merge."""

from __future__ import annotations

import json
from statistics import mean

import pytest
import torch
from peft import PeftModel
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from inference import persona
from inference.chat_template import END
from training.xtuner import Launch, XTunerError, convert, mark, train

# The first test of all waits for trainings in child processes, which share the machine with others.
pytestmark = pytest.mark.timeout(900)


def curves(work):
    """A list of (step, loss) for every time training was started, in order."""
    return [
        [
            (row["step"], row["loss"])
            for row in map(json.loads, file.read_text().splitlines())
            if "loss" in row
        ]
        for file in sorted(work.glob("*/vis_data/scalars.json"))
    ]


def test_the_loss_goes_down(tuned):
    every = curves(tuned.work)
    first, last = (mean(loss for _, loss in part) for part in (every[0][:5], every[-1][-5:]))

    assert last < first - 0.1


def test_a_killed_run_goes_on_at_its_last_checkpoint(lora):
    killed, resumed = curves(lora.work)

    assert resumed[0][0] > 1
    assert resumed[0][0] <= killed[-1][0] + 1
    assert (resumed[0][0] - 1) % 5 == 0
    assert resumed[-1][0] == 30


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
