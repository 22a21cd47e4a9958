"""The recipe of `internlm2_tiny_lora_mentalhealth_cpu` on a base in NF4: QLoRA without a GPU."""

import torch
from mmengine.config import read_base
from transformers import BitsAndBytesConfig

with read_base():
    from .internlm2_tiny_lora_mentalhealth_cpu import *

model["llm"]["quantization_config"] = dict(
    type=BitsAndBytesConfig,
    load_in_4bit=True,
    bnb_4bit_compute_dtype=torch.float32,
    bnb_4bit_use_double_quant=True,
    bnb_4bit_quant_type="nf4",
)
