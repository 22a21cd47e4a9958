"""DPO on pairs from feedback with the tiny InternLM2: two cores and a minute."""

from datasets import load_dataset
from mmengine.config import read_base
from xtuner.dataset.collate_fns.preference_collate_fn import preference_collate_fn
from xtuner.dataset.preference_dataset import build_preference_dataset
from xtuner.model.dpo import DPO

with read_base():
    from .internlm2_tiny_lora_mentalhealth_cpu import *

data_path = "data/prepared/dpo.jsonl"  # by `python -m training prepare --feedback`

model["type"] = DPO
model["beta"] = 0.1
train_dataloader["dataset"] = dict(
    type=build_preference_dataset,
    dataset=dict(type=load_dataset, path="json", data_files=data_path),
    tokenizer=tokenizer,
    max_length=max_length,
    dataset_map_fn=None,  # `prepare` writes XTuner's own format
    is_dpo=True,
    num_proc=1,
)
train_dataloader["collate_fn"] = dict(type=preference_collate_fn)
