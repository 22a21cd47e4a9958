"""DPO on pairs from feedback, after fine-tuning: QLoRA, one epoch, one GPU of 40 GB.

It starts at a model that is fine-tuned and merged. The reference it must not stray from is that
same model with its new adapter switched off, which costs no memory of its own.
"""

import torch
from datasets import load_dataset
from mmengine.config import read_base
from mmengine.dataset import DefaultSampler
from mmengine.optim import AmpOptimWrapper, CosineAnnealingLR, LinearLR
from peft import LoraConfig
from torch.optim import AdamW
from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
from xtuner.dataset.collate_fns.preference_collate_fn import preference_collate_fn
from xtuner.dataset.preference_dataset import build_preference_dataset
from xtuner.engine.runner import TrainLoop
from xtuner.model.dpo import DPO

with read_base():
    from ._runtime import *

pretrained_model_name_or_path = "data/models/internlm2-chat-7b-mentalhealth"
# By `python -m training prepare --feedback`; laid out by the tokenizer's own chat template.
data_path = "data/prepared/dpo.jsonl"
beta = 0.1  # how dear it is to stray from the reference

max_length = 2048  # of a talk with its answer; what is longer loses its end
batch_size = 1  # pairs on a GPU at once
accumulative_counts = 16  # pairs a step
max_epochs = 1
learning_rate = 5e-6
warmup_ratio = 0.1
# All of a layer and not the output head, which XTuner would take too.
lora_targets = ["wqkv", "wo", "w1", "w2", "w3"]

tokenizer = dict(
    type=AutoTokenizer.from_pretrained,
    pretrained_model_name_or_path=pretrained_model_name_or_path,
    trust_remote_code=True,
    padding_side="right",
)

model = dict(
    type=DPO,
    loss_type="sigmoid",
    beta=beta,
    llm=dict(
        type=AutoModelForCausalLM.from_pretrained,
        pretrained_model_name_or_path=pretrained_model_name_or_path,
        trust_remote_code=True,
        torch_dtype=torch.float16,
        quantization_config=dict(
            type=BitsAndBytesConfig,
            load_in_4bit=True,
            bnb_4bit_compute_dtype=torch.float16,
            bnb_4bit_use_double_quant=True,
            bnb_4bit_quant_type="nf4",
        ),
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
        type=build_preference_dataset,
        dataset=dict(type=load_dataset, path="json", data_files=data_path),
        tokenizer=tokenizer,
        max_length=max_length,
        dataset_map_fn=None,  # `prepare` writes XTuner's own format
        is_dpo=True,
        num_proc=4,
    ),
    sampler=dict(type=DefaultSampler, shuffle=True),
    collate_fn=dict(type=preference_collate_fn),
)

optim_wrapper = dict(
    type=AmpOptimWrapper,
    optimizer=dict(type=AdamW, lr=learning_rate, betas=(0.9, 0.999), weight_decay=0),
    clip_grad=dict(max_norm=1, error_if_nonfinite=False),
    accumulative_counts=accumulative_counts,
    loss_scale="dynamic",
    dtype="float16",
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
