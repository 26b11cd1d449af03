"""Random weights that make a tiny model behave like a trained one: sharp attention, varied logits, no token loops.

The numbers come from NumPy's PCG64, so that a seed means the same weights whatever the release of PyTorch.
"""

import numpy as np
import torch

NORM_SPREAD = 0.2  # norm weights are 1 + N(0, 0.2): a forward pass that forgets one is far off
FEED_FORWARD_OUT = 0.5  # scale of down_proj, which sees products of two activations


def shapes(case):
    """Names and shapes in the order in which transformers saves them."""
    queries, keys = case.heads * case.head_dim, case.kv_heads * case.head_dim
    yield "model.embed_tokens.weight", (case.vocabulary, case.hidden)
    for layer in range(case.layers):
        prefix = f"model.layers.{layer}."
        yield prefix + "input_layernorm.weight", (case.hidden,)
        yield prefix + "self_attn.q_proj.weight", (queries, case.hidden)
        yield prefix + "self_attn.k_proj.weight", (keys, case.hidden)
        yield prefix + "self_attn.v_proj.weight", (keys, case.hidden)
        yield prefix + "self_attn.o_proj.weight", (case.hidden, queries)
        yield prefix + "post_attention_layernorm.weight", (case.hidden,)
        yield prefix + "mlp.gate_proj.weight", (case.intermediate, case.hidden)
        yield prefix + "mlp.up_proj.weight", (case.intermediate, case.hidden)
        yield prefix + "mlp.down_proj.weight", (case.hidden, case.intermediate)
    yield "model.norm.weight", (case.hidden,)
    if not case.tied:
        yield "lm_head.weight", (case.vocabulary, case.hidden)


def random_weights(case, seed):
    """The case's tensors in its stored type, by name."""
    generator = np.random.Generator(np.random.PCG64(seed))
    dtype = getattr(torch, case.stored)
    weights = {}
    for name, shape in shapes(case):
        noise = generator.standard_normal(shape)
        if len(shape) == 1:
            values = 1.0 + NORM_SPREAD * noise
        else:
            values = case.weight_std * noise * (FEED_FORWARD_OUT if "down_proj" in name else 1.0)
        weights[name] = torch.from_numpy(values.astype(np.float32)).to(dtype)
    return weights
