"""Random weights for any architecture of transformers: its parameters' names and shapes, numbers from NumPy's PCG64.

Nothing is left at a value that a forward pass could forget without being noticed: biases are random, norms are not one.
"""

import math
import re

import numpy as np
import torch

SPREAD = 0.2  # of norm weights about their centre, and of biases about zero
BRANCH_END = 0.5  # scale of the matrices that see products of two activations
GATED_ENDS = ("down_proj", "fc2", "dense_4h_to_h")


def is_norm(name):
    return any(part in name for part in ("norm", "ln_", "LayerNorm"))


def values_of(case, name, shape, transposed, noise):
    if name.endswith("bias"):
        return SPREAD * noise
    if is_norm(name):
        return case.norm_center + SPREAD * noise
    inputs = shape[0] if transposed else shape[-1]
    ending = any(part in name for part in GATED_ENDS)
    return case.gain / np.sqrt(inputs) * (BRANCH_END if ending else 1.0) * noise


def random_weights(case, model, seed):
    """The model's parameters in the case's stored type, by name; tied ones once, in the order in which the model has them."""
    generator = np.random.Generator(np.random.PCG64(seed))
    embeddings = {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.Embedding)}
    transposed = {id(module.weight) for module in model.modules() if type(module).__name__ == "Conv1D"}
    dtype = getattr(torch, case.stored)
    weights = {}
    for name, parameter in model.named_parameters():
        noise = generator.standard_normal(tuple(parameter.shape))
        if id(parameter) in embeddings:
            values = case.embedding_std * noise
        else:
            values = values_of(case, name, parameter.shape, id(parameter) in transposed, noise)
        values = values * math.prod(factor for pattern, factor in case.scales if re.search(pattern, name))
        weights[name] = torch.from_numpy(values.astype(np.float32)).to(dtype)
    return weights
