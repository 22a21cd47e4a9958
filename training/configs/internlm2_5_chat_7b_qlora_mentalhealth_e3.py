"""InternLM2.5-7B-Chat by the recipe of `internlm2_chat_7b_qlora_mentalhealth_e3`: one GPU of 24 GB.

The architecture, the layout of a chat and the names of the layers are InternLM2's.
"""

from mmengine.config import read_base

with read_base():
    from .internlm2_chat_7b_qlora_mentalhealth_e3 import *

pretrained_model_name_or_path = "internlm/internlm2_5-7b-chat"

tokenizer["pretrained_model_name_or_path"] = pretrained_model_name_or_path
model["llm"]["pretrained_model_name_or_path"] = pretrained_model_name_or_path
train_dataloader["dataset"]["tokenizer"] = tokenizer
