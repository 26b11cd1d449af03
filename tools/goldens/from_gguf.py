"""The way back: a GGUF file's tensors, dequantized to float32, under their Hugging Face names and in their row order.

Goldens of quantized files are computed from these, so that they hold what the file says and not what it was made of.
"""

from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader, quants
from transformers import LlamaConfig

from to_gguf import LAYER_NAMES, OUTER_NAMES

HF_LAYER_NAMES = {there: here for here, there in LAYER_NAMES.items()}
HF_OUTER_NAMES = {there: here for here, there in OUTER_NAMES.items()}


def hf_name(name):
    parts = name.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{HF_LAYER_NAMES[parts[2]]}.weight"
    return HF_OUTER_NAMES[parts[0]] + ".weight"


def undo_interleave(rows, heads):
    pairs = rows.reshape(heads, -1, 2, rows.shape[1])
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(rows.shape)


def parts_of(path):
    """The files of a split model in order, or the one file."""
    stem, marker, rest = Path(path).name.rpartition("-00001-of-")
    return sorted(Path(path).parent.glob(f"{stem}-0*-of-{rest}")) if marker else [Path(path)]


class Twin:
    """`weights` by Hugging Face name, `rope_factors` (None where the file has none), and the `config` of its metadata."""

    def __init__(self, path):
        readers = [GGUFReader(part) for part in parts_of(path)]
        self.fields = readers[0].fields
        self.weights, self.rope_factors = {}, None
        heads = {"attn_q": self.value("attention.head_count"), "attn_k": self.value("attention.head_count_kv")}
        for tensor in (tensor for reader in readers for tensor in reader.tensors):
            values = quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
            if tensor.name == "rope_freqs.weight":
                self.rope_factors = values
                continue
            part = tensor.name.split(".")[-2]
            if part in heads:
                values = undo_interleave(values, heads[part])
            self.weights[hf_name(tensor.name)] = torch.from_numpy(values.copy())
        self.config = self.read_config()

    def value(self, key, fallback=None):
        field = self.fields.get("llama." + key)
        return fallback if field is None else field.contents()

    def read_config(self):
        heads = self.value("attention.head_count")
        scaling = {"rope_type": self.value("rope.scaling.type", "default")}
        if scaling["rope_type"] == "linear":
            scaling["factor"] = self.value("rope.scaling.factor")
        return LlamaConfig(
            vocab_size=len(self.weights["model.embed_tokens.weight"]), hidden_size=self.value("embedding_length"),
            intermediate_size=self.value("feed_forward_length"), num_hidden_layers=self.value("block_count"),
            num_attention_heads=heads, num_key_value_heads=self.value("attention.head_count_kv"),
            head_dim=self.value("attention.key_length", self.value("embedding_length") // heads),
            max_position_embeddings=self.value("context_length"), rms_norm_eps=self.value("attention.layer_norm_rms_epsilon"),
            tie_word_embeddings="lm_head.weight" not in self.weights,
            rope_parameters={"rope_theta": self.value("rope.freq_base", 10000.0), **scaling})
