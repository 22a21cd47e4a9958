"""Qwen3-4B-Instruct by the recipe of `internlm2_chat_7b_qlora_mentalhealth_e3`: one GPU of 24 GB.

XTuner 0.2.0 pins transformers 4.48.0, which has no Qwen3: it needs `pip install
"transformers>=4.51,<5"` after XTuner, against that pin. The models of Qwen3 that think are laid out
with an empty thought before each answer, which XTuner's templates lack; this one never does.
"""

from mmengine.config import read_base

with read_base():
    from .qwen2_5_7b_instruct_qlora_mentalhealth_e3 import *

pretrained_model_name_or_path = "Qwen/Qwen3-4B-Instruct-2507"

tokenizer["pretrained_model_name_or_path"] = pretrained_model_name_or_path
model["llm"]["pretrained_model_name_or_path"] = pretrained_model_name_or_path
train_dataloader["dataset"]["tokenizer"] = tokenizer
