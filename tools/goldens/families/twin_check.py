"""Says whether a GGUF twin holds what its folder holds: every tensor's values, and the keys a loader needs.

Conversion permutes rows, splits and stacks tensors and adds one to Gemma's norms, so values are compared as sorted lists:
all of the model together, and each tensor that has a counterpart of its size.
"""

import json
import re
from pathlib import Path

import numpy as np
from gguf import GGUFReader, quants
from safetensors.torch import load_file

ALWAYS = ["block_count", "embedding_length", "feed_forward_length", "attention.head_count", "context_length"]
EPSILONS = ["attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"]
ADDED = re.compile(r"^rope_(freqs|factors_(long|short))\.weight$|^position_embd.offset$")

LEFT_OUT = re.compile(r"pooler\.|vision_tower\.|multi_modal_projector\.")  # what a text model or an embedder does not use


def values_of_folder(folder, adds_one):
    """{name: float32 values, flat}; norms with the one that llama.cpp folds into them."""
    tensors = {}
    for file in sorted(Path(folder).glob("*.safetensors")):
        tensors |= {name: value.float().numpy() for name, value in load_file(file).items()}
    config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    if "roberta" in config["model_type"]:  # GGUF leaves out the rows before position 0
        tensors["embeddings.position_embeddings.weight"] = tensors["embeddings.position_embeddings.weight"][config["pad_token_id"] + 1:]
    tensors = {name: value for name, value in tensors.items() if not LEFT_OUT.search(name)}
    return {name: (value + np.float32(1) if adds_one and name.endswith("norm.weight") else value).ravel() for name, value in tensors.items()}


def faults(folder, path):
    """What is wrong with the twin, as lines of text."""
    reader = GGUFReader(path)
    architecture = reader.fields["general.architecture"].contents()
    for key in ALWAYS:
        if f"{architecture}.{key}" not in reader.fields:
            yield f"no key {architecture}.{key}"
    if not any(f"{architecture}.{key}" in reader.fields for key in EPSILONS):
        yield "no epsilon"
    source = values_of_folder(folder, architecture.startswith("gemma"))
    twin = {tensor.name: quants.dequantize(tensor.data, tensor.tensor_type).ravel() for tensor in reader.tensors
            if not ADDED.match(tensor.name)}
    wanted = np.sort(np.concatenate(list(source.values())))
    got = np.sort(np.concatenate(list(twin.values())))
    if wanted.shape != got.shape:
        yield f"{len(got)} values instead of {len(wanted)}"
    elif not np.array_equal(wanted, got):
        yield "other values"
