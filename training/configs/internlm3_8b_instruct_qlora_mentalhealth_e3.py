"""InternLM3-8B-Instruct by the recipe of `internlm2_chat_7b_qlora_mentalhealth_e3`: one 24 GB GPU.

A chat is laid out as InternLM2's; the layers have Llama's names.
"""

from mmengine.config import read_base

with read_base():
    from .internlm2_chat_7b_qlora_mentalhealth_e3 import *

pretrained_model_name_or_path = "internlm/internlm3-8b-instruct"
lora_targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

tokenizer["pretrained_model_name_or_path"] = pretrained_model_name_or_path
model["llm"]["pretrained_model_name_or_path"] = pretrained_model_name_or_path
model["lora"]["target_modules"] = lora_targets
train_dataloader["dataset"]["tokenizer"] = tokenizer
