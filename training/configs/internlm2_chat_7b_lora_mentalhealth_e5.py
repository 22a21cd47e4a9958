r"""InternLM2-Chat-7B, LoRA on 16-bit weights, five epochs: four GPUs of 80 GB, DeepSpeed ZeRO-2.

In the root of the repository:

    NPROC_PER_NODE=4 xtuner train training/configs/internlm2_chat_7b_lora_mentalhealth_e5.py \
        --deepspeed deepspeed_zero2
"""

import torch
from datasets import load_dataset
from mmengine.config import read_base
from mmengine.dataset import DefaultSampler
from mmengine.optim import AmpOptimWrapper, CosineAnnealingLR, LinearLR
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

pretrained_model_name_or_path = "internlm/internlm2-chat-7b"
data_path = "data/prepared/train.json"  # by `python -m training prepare`; brings its system prompt
prompt_template = PROMPT_TEMPLATE.internlm2_chat

max_length = 2048  # dialogues are packed to this many tokens
batch_size = 4  # packs on a GPU at once
accumulative_counts = 1  # on four GPUs 16 packs, 32,768 tokens, a step
max_epochs = 5
learning_rate = 2e-4
warmup_ratio = 0.03
deepspeed = "deepspeed_zero2"  # what `python -m training train` gives XTuner on several GPUs
# All of a layer and not the output head, which XTuner would take too.
lora_targets = ["wqkv", "wo", "w1", "w2", "w3"]

tokenizer = dict(
    type=AutoTokenizer.from_pretrained,
    pretrained_model_name_or_path=pretrained_model_name_or_path,
    trust_remote_code=True,
    padding_side="right",
)

model = dict(
    type=SupervisedFinetune,
    llm=dict(
        type=AutoModelForCausalLM.from_pretrained,
        pretrained_model_name_or_path=pretrained_model_name_or_path,
        trust_remote_code=True,
        torch_dtype=torch.bfloat16,
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
        dataset_map_fn=None,  # `prepare` writes XTuner's own format
        template_map_fn=dict(type=template_map_fn_factory, template=prompt_template),
        remove_unused_columns=True,
        shuffle_before_pack=True,
        pack_to_max_length=True,
        map_num_proc=8,
    ),
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=default_collate_fn),
)

optim_wrapper = dict(
    type=AmpOptimWrapper,
    optimizer=dict(type=AdamW, lr=learning_rate, betas=(0.9, 0.999), weight_decay=0),
    clip_grad=dict(max_norm=1, error_if_nonfinite=False),
    accumulative_counts=accumulative_counts,
    loss_scale="dynamic",
    dtype="bfloat16",
)
param_scheduler = [
    dict(
        type=LinearLR,
        start_factor=1e-5,
        by_epoch=True,
        begin=0,
        end=warmup_ratio * max_epochs,
        convert_to_iter_based=True,
    ),
    dict(
        type=CosineAnnealingLR,
        eta_min=0.0,
        by_epoch=True,
        begin=warmup_ratio * max_epochs,
        end=max_epochs,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(type=TrainLoop, max_epochs=max_epochs)
