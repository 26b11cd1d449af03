"""Goldens of encoders: the last hidden states of a prompt and its embedding, pooled and normalised.

As sentence-transformers does it: the mean over all tokens, specials included, or the first token's state; then length one.
"""

import copy
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import torch
from transformers import AutoModel

import reference

LENGTHS = (20, 7, 1)  # of the prompts
FIRST_ORDINARY = 5  # ids below are special somewhere: RoBERTa gives its padding id no position


@dataclass
class Encoded:
    ids: list
    hidden: np.ndarray | None  # [tokens][hidden]; None where only the embedding is kept
    embedding: np.ndarray  # [1][hidden]
    text: str | None = None


def model_from_folder(folder):
    return AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


@torch.no_grad()
def hidden_states(model, ids):
    return model(torch.tensor([ids])).last_hidden_state[0].numpy()


def pooled(hidden, pooling):
    state = hidden.mean(axis=0) if pooling == "mean" else hidden[0]
    return (state / max(np.linalg.norm(state), 1e-12))[None]


def encoded(model, ids, pooling, text=None):
    hidden = hidden_states(model, ids)
    return Encoded(ids, hidden, pooled(hidden, pooling), text)


def prompts_of(vocabulary, seed):
    generator = np.random.Generator(np.random.PCG64([seed, 1]))
    return [generator.integers(FIRST_ORDINARY, vocabulary, length).tolist() for length in LENGTHS]


def noise(model, results):
    exact = copy.deepcopy(model).double()
    return max(reference.relative_error(hidden_states(model, one.ids), hidden_states(exact, one.ids)) for one in results)


def write(path, results, pooling, measured_noise, **about):
    """As reference.write, with `kind` "encoder", `pooling`, and in each prompt `hidden` (where kept) and `embedding`."""
    blob, prompts = bytearray(), []

    def stored(values):
        offset = len(blob)
        blob.extend(np.ascontiguousarray(values, "<f4").tobytes())
        return {"offset": offset, "shape": list(values.shape)}

    for one in results:
        entry = {"text": one.text} if one.text is not None else {}
        entry["ids"] = one.ids
        if one.hidden is not None:
            entry["hidden"] = stored(one.hidden)
        entry["embedding"] = stored(one.embedding)
        prompts.append(entry)
    made_with = {name: version(name) for name in ("transformers", "torch")}
    reference.write_json(path, {"format": 1, "kind": "encoder", **about, "pooling": pooling, "made_with": made_with, "dtype": "float32",
                                "float32_noise": float(f"{measured_noise:.2g}"), "values_file": path.with_suffix(".bin").name,
                                "prompts": prompts})
    path.with_suffix(".bin").write_bytes(blob)


def write_modules(folder, pooling, size):
    """The files by which sentence-transformers knows how to pool."""
    modules = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
               {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
               {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
    reference.write_json(folder / "modules.json", modules)
    (folder / "1_Pooling").mkdir()
    reference.write_json(folder / "1_Pooling" / "config.json", {
        "word_embedding_dimension": size, "pooling_mode_cls_token": pooling == "cls", "pooling_mode_mean_tokens": pooling == "mean",
        "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False})
