"""Qwen2.5-7B-Instruct by the recipe of `internlm2_chat_7b_qlora_mentalhealth_e3`: one GPU of 24 GB.

The newest Qwen that XTuner 0.2.0 and the transformers it asks for can train.
"""

from mmengine.config import read_base
from xtuner.utils import PROMPT_TEMPLATE

with read_base():
    from .internlm2_chat_7b_qlora_mentalhealth_e3 import *

pretrained_model_name_or_path = "Qwen/Qwen2.5-7B-Instruct"
prompt_template = PROMPT_TEMPLATE.qwen_chat
lora_targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

tokenizer["pretrained_model_name_or_path"] = pretrained_model_name_or_path
model["llm"]["pretrained_model_name_or_path"] = pretrained_model_name_or_path
model["lora"]["target_modules"] = lora_targets
train_dataloader["dataset"]["tokenizer"] = tokenizer
train_dataloader["dataset"]["template_map_fn"]["template"] = prompt_template
