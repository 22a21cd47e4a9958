"""A small implementation of the InternLM2 architecture.

The published checkpoints bring their own modeling code; ours has the same module names and tensor
shapes, so that whatever reads InternLM2 checkpoints (XTuner, LMDeploy's quantizer, TurboMind) reads
those made here. What it leaves out: RoPE scaling, biases, flash attention, heads for other tasks.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import GenerationMixin, PreTrainedModel
from transformers.cache_utils import Cache, DynamicCache
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast

from .configuration_internlm2 import InternLM2Config


class InternLM2RMSNorm(nn.Module):
    """Root mean square normalization with a trained scale."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.variance_epsilon = eps

    def forward(self, hidden: Tensor) -> Tensor:
        """(..., size) -> (..., size)."""
        wide = hidden.float()
        wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.variance_epsilon)
        return self.weight * wide.to(hidden.dtype)


def rotate(states: Tensor, positions: Tensor, theta: float) -> Tensor:
    """Rotary position embedding of (batch, heads, length, head_dim) states."""
    size = states.shape[-1]
    frequency = theta ** (
        -torch.arange(0, size, 2, dtype=torch.float32, device=states.device) / size
    )
    angle = positions[:, None, :, None].float() * frequency
    angle = torch.cat((angle, angle), dim=-1)
    one, two = states.float().chunk(2, dim=-1)
    turned = torch.cat((-two, one), dim=-1)
    return (states.float() * angle.cos() + turned * angle.sin()).to(states.dtype)


class InternLM2Attention(nn.Module):
    """Grouped-query attention with one packed projection for queries, keys and values.

    The packed rows come in groups, one a key-value head: its queries, its key, its value.
    """

    def __init__(self, config: InternLM2Config, layer_idx: int) -> None:
        super().__init__()
        self.config = config
        self.layer_idx = layer_idx
        self.num_key_value_heads = config.num_key_value_heads
        self.num_key_value_groups = config.num_attention_heads // config.num_key_value_heads
        self.head_dim = config.hidden_size // config.num_attention_heads
        rows = (config.num_attention_heads + 2 * config.num_key_value_heads) * self.head_dim
        self.wqkv = nn.Linear(config.hidden_size, rows, bias=False)
        self.wo = nn.Linear(config.hidden_size, config.hidden_size, bias=False)

    def forward(
        self, hidden: Tensor, mask: Tensor, positions: Tensor, past: Cache | None
    ) -> Tensor:
        """(batch, length, hidden) -> (batch, length, hidden); adds to `past` where there is one."""
        batch, length, _ = hidden.shape
        packed = self.wqkv(hidden).view(
            batch, length, self.num_key_value_heads, self.num_key_value_groups + 2, self.head_dim
        )
        query = packed[..., :-2, :].reshape(batch, length, -1, self.head_dim).transpose(1, 2)
        key, value = packed[..., -2, :].transpose(1, 2), packed[..., -1, :].transpose(1, 2)
        theta = self.config.rope_theta
        query, key = rotate(query, positions, theta), rotate(key, positions, theta)
        if past is not None:
            key, value = past.update(key, value, self.layer_idx)
        key = key.repeat_interleave(self.num_key_value_groups, dim=1)
        value = value.repeat_interleave(self.num_key_value_groups, dim=1)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.wo(mixed.transpose(1, 2).reshape(batch, length, -1))


class InternLM2MLP(nn.Module):
    """The gated feed-forward block: w2(silu(w1 x) * w3 x)."""

    def __init__(self, config: InternLM2Config) -> None:
        super().__init__()
        self.w1 = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.w3 = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.w2 = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """(..., hidden) -> (..., hidden)."""
        return self.w2(functional.silu(self.w1(hidden)) * self.w3(hidden))


class InternLM2DecoderLayer(nn.Module):
    """Attention and feed-forward, each behind a norm and added to the stream."""

    def __init__(self, config: InternLM2Config, layer_idx: int) -> None:
        super().__init__()
        self.attention = InternLM2Attention(config, layer_idx)
        self.feed_forward = InternLM2MLP(config)
        self.attention_norm = InternLM2RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.ffn_norm = InternLM2RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(
        self,
        hidden: Tensor,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_value: Cache | None = None,
    ) -> tuple[Tensor]:
        """(batch, length, hidden) -> a tuple whose first is of the same shape."""
        hidden = hidden + self.attention(
            self.attention_norm(hidden), attention_mask, position_ids, past_key_value
        )
        return (hidden + self.feed_forward(self.ffn_norm(hidden)),)


class InternLM2PreTrainedModel(PreTrainedModel):
    """What transformers needs to know of the architecture."""

    config_class = InternLM2Config
    base_model_prefix = "model"
    supports_gradient_checkpointing = True
    _no_split_modules = ("InternLM2DecoderLayer",)

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            module.weight.data.normal_(std=self.config.initializer_range)


class InternLM2Model(InternLM2PreTrainedModel):
    """Embedding, layers and the last norm."""

    def __init__(self, config: InternLM2Config) -> None:
        super().__init__(config)
        self.tok_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(
            InternLM2DecoderLayer(config, index) for index in range(config.num_hidden_layers)
        )
        self.norm = InternLM2RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.gradient_checkpointing = False
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """The token embedding."""
        return self.tok_embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the token embedding."""
        self.tok_embeddings = value

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: Tensor | None = None,
        use_cache: bool | None = None,
        output_hidden_states: bool | None = None,
        **_: Any,
    ) -> BaseModelOutputWithPast:
        """(batch, length) token ids -> (batch, length, hidden)."""
        hidden = self.tok_embeddings(input_ids) if inputs_embeds is None else inputs_embeds
        if use_cache and past_key_values is None:
            past_key_values = DynamicCache()
        seen = past_key_values.get_seq_length() if past_key_values is not None else 0
        batch, length, _ = hidden.shape
        if position_ids is None:
            position_ids = torch.arange(seen, seen + length, device=hidden.device)[None]
        mask = _causal_mask(attention_mask, batch, length, seen, hidden.device)
        states = [hidden]
        for layer in self.layers:
            if self.gradient_checkpointing and self.training:
                (hidden,) = self._gradient_checkpointing_func(
                    layer.__call__, hidden, mask, position_ids
                )
            else:
                hidden = layer(
                    hidden,
                    attention_mask=mask,
                    position_ids=position_ids,
                    past_key_value=past_key_values,
                )[0]
            states.append(hidden)
        hidden = self.norm(hidden)
        states[-1] = hidden
        return BaseModelOutputWithPast(
            last_hidden_state=hidden,
            past_key_values=past_key_values,
            hidden_states=tuple(states) if output_hidden_states else None,
        )


class InternLM2ForCausalLM(InternLM2PreTrainedModel, GenerationMixin):
    """The model with its output head."""

    def __init__(self, config: InternLM2Config) -> None:
        super().__init__(config)
        self.model = InternLM2Model(config)
        self.output = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """The token embedding."""
        return self.model.tok_embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the token embedding."""
        self.model.tok_embeddings = value

    def get_output_embeddings(self) -> nn.Module:
        """The head."""
        return self.output

    def set_output_embeddings(self, value: nn.Module) -> None:
        """Replace the head."""
        self.output = value

    def forward(
        self, input_ids: Tensor | None = None, labels: Tensor | None = None, **arguments: Any
    ) -> CausalLMOutputWithPast:
        """(batch, length) token ids -> (batch, length, vocabulary) logits, and the loss."""
        arguments.pop("return_dict", None)
        hidden = self.model(input_ids=input_ids, **arguments)
        logits = self.output(hidden.last_hidden_state).float()
        loss = None
        if labels is not None:
            loss = functional.cross_entropy(
                logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100
            )
        return CausalLMOutputWithPast(
            loss=loss,
            logits=logits,
            past_key_values=hidden.past_key_values,
            hidden_states=hidden.hidden_states,
        )


def _causal_mask(
    attention_mask: Tensor | None, batch: int, length: int, seen: int, device: torch.device
) -> Tensor:
    """(batch, 1, length, seen + length), true where a token may look."""
    allowed = torch.ones(length, seen + length, dtype=torch.bool, device=device).tril(seen)[None]
    if attention_mask is not None and attention_mask.dim() == 2:
        allowed = allowed & attention_mask[:, None, :].bool()
        # A padded row that may look nowhere would become NaN.
        allowed = allowed | ~allowed.any(-1, keepdim=True)
    return allowed.expand(batch, -1, -1)[:, None]
