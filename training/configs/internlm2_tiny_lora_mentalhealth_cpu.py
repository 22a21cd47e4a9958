"""A tiny InternLM2, LoRA, a hundred steps: two cores and a few minutes, to walk the whole way.

`python -m training rebuild` makes the base model itself, and fills in what XTuner misses on a CPU.
"""

import torch
from datasets import load_dataset
from mmengine.config import read_base
from mmengine.dataset import DefaultSampler
from mmengine.optim import CosineAnnealingLR, LinearLR, OptimWrapper
from peft import LoraConfig
from torch.optim import AdamW
from transformers import AutoModelForCausalLM, AutoTokenizer
from xtuner.dataset import process_hf_dataset
from xtuner.dataset.collate_fns import default_collate_fn
from xtuner.dataset.map_fns import template_map_fn_factory
from xtuner.engine.runner import TrainLoop
from xtuner.model import SupervisedFinetune
from xtuner.utils import PROMPT_TEMPLATE

with read_base():
    from ._runtime import *

pretrained_model_name_or_path = "data/models/internlm2-tiny"  # by `python -m training tiny`
data_path = "data/prepared/train.json"  # by `python -m training prepare`; brings its system prompt
prompt_template = PROMPT_TEMPLATE.internlm2_chat

max_length = 512
max_dataset_length = 1000  # dialogues, chosen at random
batch_size = 2
max_iters = 100
learning_rate = 2e-3
warmup_iters = 5
lora_targets = ["wqkv", "wo", "w1", "w2", "w3"]

tokenizer = dict(
    type=AutoTokenizer.from_pretrained,
    pretrained_model_name_or_path=pretrained_model_name_or_path,
    trust_remote_code=True,
    padding_side="right",
)

model = dict(
    type=SupervisedFinetune,
    use_activation_checkpointing=False,
    llm=dict(
        type=AutoModelForCausalLM.from_pretrained,
        pretrained_model_name_or_path=pretrained_model_name_or_path,
        trust_remote_code=True,
        torch_dtype=torch.float32,
    ),
    lora=dict(
        type=LoraConfig,
        r=64,
        lora_alpha=16,
        lora_dropout=0.1,
        target_modules=lora_targets,
        bias="none",
        task_type="CAUSAL_LM",
    ),
)

train_dataloader = dict(
    batch_size=batch_size,
    num_workers=0,
    dataset=dict(
        type=process_hf_dataset,
        dataset=dict(type=load_dataset, path="json", data_files=data_path),
        tokenizer=tokenizer,
        max_length=max_length,
        max_dataset_length=max_dataset_length,
        dataset_map_fn=None,  # `prepare` writes XTuner's own format
        template_map_fn=dict(type=template_map_fn_factory, template=prompt_template),
        remove_unused_columns=True,
        shuffle_before_pack=True,
        pack_to_max_length=True,
        map_num_proc=1,
    ),
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=default_collate_fn),
)

optim_wrapper = dict(
    type=OptimWrapper,
    optimizer=dict(type=AdamW, lr=learning_rate, betas=(0.9, 0.999), weight_decay=0),
    clip_grad=dict(max_norm=1, error_if_nonfinite=False),
)
param_scheduler = [
    dict(type=LinearLR, start_factor=1e-5, by_epoch=False, begin=0, end=warmup_iters),
    dict(type=CosineAnnealingLR, eta_min=0.0, by_epoch=False, begin=warmup_iters, end=max_iters),
]
train_cfg = dict(type=TrainLoop, max_iters=max_iters)

default_hooks["logger"]["interval"] = 5
default_hooks["checkpoint"]["interval"] = 20
# On several processes, which mmengine would else look for GPUs for.
model_wrapper_cfg = dict(type="MMDistributedDataParallel", device_ids=None, broadcast_buffers=False)
env_cfg["dist_cfg"] = dict(backend="gloo")
