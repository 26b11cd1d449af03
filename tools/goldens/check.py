"""Reads every model of tests/goldens/index.json and families/index.json back and compares it with its golden.

    python tools/goldens/check.py [--root .] [--tolerance 1e-5]

Hugging Face folders go through transformers; GGUF files through the gguf package, with the configuration and the rope
factors that the file itself states; GGUF files of families/ must hold the values of their folders. The two forms of
each config.json, in configs/ and in families/, must mean the same model.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig

import from_gguf
import make_families
import reference
import encoder
import twin_check

SAME = ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
        "head_dim", "max_position_embeddings", "rms_norm_eps", "tie_word_embeddings", "bos_token_id", "eos_token_id", "model_type"]
SAME_ROPE = ["rope_type", "rope_theta", "factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"]


def load(path):
    if path.suffix != ".gguf":
        return reference.model_from_folder(path)
    twin = from_gguf.Twin(path)
    model = reference.model_from_weights(twin.config, twin.weights)
    if twin.rope_factors is not None:
        model.model.rotary_emb.inv_freq /= torch.from_numpy(twin.rope_factors)
    return model


def logits_of(blob, stored):
    rows, columns = stored["shape"]
    return np.frombuffer(blob, "<f4", rows * columns, stored["offset"]).reshape(rows, columns)


def error_of(model, golden_path):
    """The largest relative error of any kept logits; infinite where greedy ids differ."""
    golden = json.loads(golden_path.read_text(encoding="utf-8"))
    blob = (golden_path.parent / golden["logits_file"]).read_bytes()
    worst = 0.0
    for prompt in golden["prompts"]:
        got = reference.all_logits(model, prompt["ids"])[prompt["first_position"]:]
        worst = max(worst, reference.relative_error(got, logits_of(blob, prompt["logits"])))
        if "greedy" in prompt:
            run = reference.greedy(model, prompt["ids"])
            if run.ids != prompt["greedy"]["ids"]:
                return np.inf
            worst = max(worst, reference.relative_error(run.last_logits, logits_of(blob, prompt["greedy"]["last_logits"])))
    return worst


def error_with_version_5(case, folder):
    """error_of the case when config.v5.json takes the place of config.json."""
    with tempfile.TemporaryDirectory() as scratch:
        other = Path(shutil.copytree(folder, Path(scratch) / case.name))
        (other / "config.v5.json").replace(other / "config.json")
        return error_of(make_families.model_of(case, other), other / "golden.json")


def encoder_agrees(folder, tolerance):
    golden = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    blob, model = (folder / golden["values_file"]).read_bytes(), encoder.model_from_folder(folder)
    pairs = [(encoder.encoded(model, prompt["ids"], golden["pooling"]), prompt) for prompt in golden["prompts"]]
    error = max(max(reference.relative_error(got.hidden, logits_of(blob, prompt["hidden"])),
                    reference.relative_error(got.embedding, logits_of(blob, prompt["embedding"]))) for got, prompt in pairs)
    twin = folder.with_suffix(".gguf")
    faults = list(twin_check.faults(folder, twin)) if twin.exists() else []
    print(f"{folder.name}: {error:.1e}", *faults)
    return error <= tolerance and not faults


def meaning(path):
    """What a config.json says, after transformers' defaults."""
    config = AutoConfig.for_model(**json.loads(path.read_text(encoding="utf-8")))
    return [getattr(config, key) for key in SAME] + [config.rope_parameters.get(key) for key in SAME_ROPE]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("."))
    parser.add_argument("--tolerance", type=float, default=1e-5)
    options = parser.parse_args()
    goldens, failed = options.root / "tests/goldens", False
    for entry in json.loads((goldens / "index.json").read_text(encoding="utf-8"))["models"]:
        path = options.root / entry["checkpoint"]
        if not path.exists():
            print(f"{entry['name']}: absent")
            continue
        error = error_of(load(path), options.root / entry["golden"])
        failed |= error > options.tolerance
        print(f"{entry['name']}: {error:.1e}")
    for case in make_families.CASES:
        if case.encoder:
            failed |= not encoder_agrees(goldens / "families" / case.name, options.tolerance)
            continue
        folder, twin = goldens / "families" / case.name, goldens / "families" / f"{case.name}.gguf"
        error = max(error_of(make_families.model_of(case, folder), folder / "golden.json"), error_with_version_5(case, folder))
        faults = list(twin_check.faults(folder, twin)) if case.twin else []
        failed |= error > options.tolerance or bool(faults)
        print(f"{case.name}: {error:.1e}", *faults)
    for old in sorted((goldens / "configs").glob("*.v4.json")):
        if meaning(old) != meaning(old.with_name(old.name.replace(".v4.", ".v5."))):
            failed = True
            print(f"{old.name}: not what the version 5 form says")
    sys.exit(failed)


if __name__ == "__main__":
    main()
