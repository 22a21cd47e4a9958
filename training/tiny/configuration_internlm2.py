"""The configuration of an InternLM2 checkpoint, as its config.json names things."""

from typing import Any

from transformers import PretrainedConfig


class InternLM2Config(PretrainedConfig):
    """Shapes and constants of the model; the defaults are those of the 7B."""

    model_type = "internlm2"
    keys_to_ignore_at_inference = ("past_key_values",)

    def __init__(
        self,
        vocab_size: int = 92544,
        hidden_size: int = 4096,
        intermediate_size: int = 14336,
        num_hidden_layers: int = 32,
        num_attention_heads: int = 32,
        num_key_value_heads: int = 8,
        max_position_embeddings: int = 32768,
        rms_norm_eps: float = 1e-5,
        rope_theta: float = 1_000_000,
        rope_scaling: dict[str, Any] | None = None,
        initializer_range: float = 0.02,
        bias: bool = False,
        hidden_act: str = "silu",
        tie_word_embeddings: bool = False,
        **rest: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.intermediate_size = intermediate_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.num_key_value_heads = num_key_value_heads
        self.max_position_embeddings = max_position_embeddings
        self.rms_norm_eps = rms_norm_eps
        self.rope_theta = rope_theta
        self.rope_scaling = rope_scaling
        self.initializer_range = initializer_range
        self.bias = bias
        self.hidden_act = hidden_act
        super().__init__(tie_word_embeddings=tie_word_embeddings, **rest)
