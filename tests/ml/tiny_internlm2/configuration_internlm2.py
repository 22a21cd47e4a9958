"""The configuration of an InternLM2 checkpoint, as its config.json names things."""

from transformers import PretrainedConfig


class InternLM2Config(PretrainedConfig):
    """Shapes and constants of the model; the defaults are those of the 7B."""

    model_type = "internlm2"
    keys_to_ignore_at_inference = ("past_key_values",)

    def __init__(
        self,
        vocab_size=92544,
        hidden_size=4096,
        intermediate_size=14336,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=8,
        max_position_embeddings=32768,
        rms_norm_eps=1e-5,
        rope_theta=1_000_000,
        rope_scaling=None,
        initializer_range=0.02,
        bias=False,
        hidden_act="silu",
        tie_word_embeddings=False,
        **rest,
    ):
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
