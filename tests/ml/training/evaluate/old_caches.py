"""What published InternLM2 files do with the keys and values of earlier tokens.

To be appended to `modeling_internlm2.py`: only how a cache comes in and goes out is as there.
"""

TUPLES = '''

_with_classes = InternLM2Model.forward


def _with_tuples(self, *args, past_key_values=None, use_cache=None, **arguments):
    """A tuple of two tensors a layer, from before transformers had classes for them."""
    seen = past_key_values[0][0].shape[2] if past_key_values is not None else 0
    cache = DynamicCache()
    for layer, (key, value) in enumerate(past_key_values or ()):
        cache.update(key, value, layer)
    assert cache.get_seq_length() == seen
    output = _with_classes(self, *args, past_key_values=cache, use_cache=use_cache, **arguments)
    kept = tuple((layer.keys, layer.values) for layer in cache.layers) if use_cache else None
    output.past_key_values = kept
    return output


def _prepare_with_tuples(self, input_ids, past_key_values=None, attention_mask=None, **arguments):
    if past_key_values is not None:
        input_ids = input_ids[:, past_key_values[0][0].shape[2] :]
    return {
        "input_ids": input_ids,
        "attention_mask": attention_mask,
        "past_key_values": past_key_values,
        "use_cache": arguments.get("use_cache"),
    }


InternLM2Model.forward = _with_tuples
InternLM2ForCausalLM.prepare_inputs_for_generation = _prepare_with_tuples
'''

EARLY_CLASSES = '''

def _prepare(self, input_ids, past_key_values=None, attention_mask=None, **arguments):
    """By a method that classes of caches have lost since."""
    if past_key_values is not None and past_key_values.get_max_length() is None:
        input_ids = input_ids[:, past_key_values.get_seq_length() :]
    return {
        "input_ids": input_ids,
        "attention_mask": attention_mask,
        "past_key_values": past_key_values,
        "use_cache": arguments.get("use_cache"),
    }


InternLM2ForCausalLM.prepare_inputs_for_generation = _prepare
'''
