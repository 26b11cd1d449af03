"""Writes tests/goldens/families: tiny random checkpoints of every family, with what transformers computes for them.

    python tools/goldens/make_families.py [--out tests/goldens/families] [--llama-cpp DIR] [--only NAME ...]

Takes, for each case, the first seed whose greedy text is safe and does not loop and whose settings all matter. GGUF twins
need a llama.cpp tree (its convert_hf_to_gguf.py does the work); without --llama-cpp the twins there are stay as they are.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from huggingface_hub import save_torch_state_dict
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

sys.path.append(str(Path(__file__).parent / "families"))
import encoder
import llama_cpp
import reference
import twin_check
from random_weights import random_weights
from table import CASES

LENGTHS = (20, 7)  # of the two prompts
KEPT_ROWS = 4  # of the longer prompt's logits, the last ones; the shorter prompt keeps all, from position 0
SMALLEST_CHANGE = 0.05  # of the logits, when a setting that matters is changed
# The trained encoder of make_minilm.py; `../shared/data/minilm build/minilm` lays it down.
MINILM = {"name": "minilm", "checkpoint": "build/minilm", "golden": "tests/goldens/real/minilm.json", "family": "bert",
          "kind": "encoder", "source": "safetensors"}
SEEDS = 60  # to try before a case counts as badly made


def prompts_of(vocabulary, seed):
    generator = np.random.Generator(np.random.PCG64([seed, 1]))
    return [generator.integers(0, vocabulary, length).tolist() for length in LENGTHS]


def config_from(case, **changes):
    """The case's config as transformers reads it from the folder, and that with some keys changed."""
    with tempfile.TemporaryDirectory() as scratch:
        reference.write_json(Path(scratch) / "config.json", {**case.config, **changes})
        return AutoConfig.from_pretrained(scratch)


def empty_model(case):
    return model_class(case).from_config(config_from(case))


def model_class(case):
    return AutoModel if case.encoder else AutoModelForCausalLM


def write_checkpoint(case, weights, folder):
    folder.mkdir(parents=True, exist_ok=True)
    reference.write_json(folder / "config.json", {**case.config, "torch_dtype": case.stored})
    for pattern, fused in case.hub_fused:
        weights = with_fused(weights, pattern, fused)
    for pattern, replacement in case.hub_names:
        weights = {re.sub(pattern, replacement, name): value for name, value in weights.items()}
    save_torch_state_dict(weights, folder, metadata={"format": "pt"}, filename_pattern="model{suffix}.safetensors")


def with_fused(weights, pattern, fused):
    """The weights with those that the pattern matches one below the other, as the tensor `fused` of their layer."""
    result = {}
    for name, value in weights.items():
        name = re.sub(pattern, fused, name)
        result[name] = torch.cat([result[name], value]) if name in result else value
    return result


def golden_of(model, prompts):
    results = [reference.Prompt(ids, reference.all_logits(model, ids)) for ids in prompts]
    results[0].greedy = reference.greedy(model, results[0].ids)
    results[0].logits = results[0].logits[-KEPT_ROWS:]
    return reference.Golden(results, reference.noise(model, results))


def model_of(case, folder):
    """The folder's model; with rope type "dynamic", with the frequencies of case.ntk_length whatever the text's length.

    transformers takes the frequencies from the longest position of a call, so that a token's key depends on how the text
    was fed. A server needs one answer: that of the full length, max_position_embeddings * factor.
    """
    model = reference.model_from_folder(folder, case.attention)
    if case.ntk_length:
        text = np.arange(case.ntk_length) % model.config.vocab_size
        moving = reference.all_logits(model, text.tolist())
        rotary = model.model.rotary_emb
        rotary.inv_freq, _ = ROPE_INIT_FUNCTIONS["dynamic"](model.config, seq_len=case.ntk_length)
        rotary.rope_type = "default"
        if reference.relative_error(reference.all_logits(model, text.tolist()), moving) > reference.LARGEST_NOISE:
            raise ValueError(f"{case.name}: these are not the frequencies of {case.ntk_length} positions")
    return model


def settings_that_do_not_matter(case, folder, golden):
    """The changes of `case.matters` that move no row of the longest text's logits by SMALLEST_CHANGE."""
    ids = golden.prompts[0].ids + golden.prompts[0].greedy.ids
    logits = reference.all_logits(model_of(case, folder), ids)
    for changes in case.matters:
        other = reference.model_from_folder(folder, case.attention, config=config_from(case, **changes))
        if reference.relative_error(reference.all_logits(other, ids), logits) < SMALLEST_CHANGE:
            yield changes


def check_loads_whole(case, folder):
    """Nothing of the folder may be unused and nothing made up by transformers."""
    _, info = model_class(case).from_pretrained(folder, output_loading_info=True)
    wrong = {key: names for key, names in info.items() if names}
    if wrong:
        raise ValueError(f"{folder.name}: {wrong}")


def make_case(case, out):
    """Tries seeds until one is good; leaves the folder in `out` and returns the seed."""
    for seed in range(1, SEEDS + 1):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / case.name
            fault = try_seed(case, seed, folder)
            if not fault:
                shutil.rmtree(out / case.name, ignore_errors=True)
                shutil.copytree(folder, out / case.name)
                return seed
    raise ValueError(f"{case.name}: no good seed; the last had: {fault}")


def try_seed(case, seed, folder):
    """Writes all files of the case; returns why the seed is bad, or nothing."""
    write_checkpoint(case, random_weights(case, empty_model(case), seed), folder)
    check_loads_whole(case, folder)
    if case.encoder:
        return try_encoder(case, seed, folder)
    model = model_of(case, folder)
    vocabulary = model.config.get_text_config().vocab_size
    try:
        golden = golden_of(model, prompts_of(vocabulary, seed))
    except reference.Unsteady as error:
        return str(error)
    reference.write(folder / "golden.json", golden, name=case.name, about=case.about, seed=seed, vocab_size=vocabulary)
    write_version_5(case, folder)
    return golden.fault(case.distinct) or list(settings_that_do_not_matter(case, folder, golden))


def try_encoder(case, seed, folder):
    model = encoder.model_from_folder(folder)
    results = [encoder.encoded(model, ids, case.pooling) for ids in encoder.prompts_of(model.config.vocab_size, seed)]
    noise = encoder.noise(model, results)
    encoder.write(folder / "golden.json", results, case.pooling, noise, name=case.name, about=case.about, seed=seed,
                  hidden_size=model.config.hidden_size)
    encoder.write_modules(folder, case.pooling, model.config.hidden_size)
    write_version_5(case, folder)
    return f"noise {noise}" if noise > reference.LARGEST_NOISE else ""


def write_version_5(case, folder):
    """config.v5.json: the same config as transformers 5 itself writes it."""
    with tempfile.TemporaryDirectory() as scratch:
        config = AutoConfig.from_pretrained(folder)
        config.save_pretrained(scratch)
        shutil.copy(Path(scratch) / "config.json", folder / "config.v5.json")


def index_of(cases, out):
    root = "tests/goldens/families"
    entries = []
    for case in cases:
        golden = f"{root}/{case.name}/golden.json"
        common = {"golden": golden, "family": case.family} | ({"kind": "encoder"} if case.encoder else {})
        if (out / case.name).exists():
            entries.append({"name": case.name, "checkpoint": f"{root}/{case.name}", **common, "source": "safetensors"})
        if case.twin and (out / f"{case.name}.gguf").exists():
            entries.append({"name": f"{case.name}-gguf", "checkpoint": f"{root}/{case.name}.gguf", **common, "source": "gguf"})
    return {"format": 1, "models": entries + [MINILM]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("tests/goldens/families"))
    parser.add_argument("--llama-cpp", type=Path, help="a llama.cpp tree")
    parser.add_argument("--only", nargs="*", help="names of cases")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    failed = [fault for case in CASES if not options.only or case.name in options.only
              for fault in make(case, options.out, options.llama_cpp)]
    reference.write_json(options.out / "index.json", index_of(CASES, options.out))
    sys.exit("\n".join(failed) or 0)


def make(case, out, llama_cpp_tree):
    """Makes the case and its twin; yields what went wrong, so that one bad case does not stop the others."""
    try:
        print(case.name, "seed", make_case(case, out), flush=True)
        if case.twin and llama_cpp_tree:
            path = out / f"{case.name}.gguf"
            llama_cpp.convert(llama_cpp_tree, out / case.name, path, case.twin)
            yield from (f"{path.name}: {fault}" for fault in twin_check.faults(out / case.name, path))
    except (ValueError, KeyError, RuntimeError) as error:
        yield f"{case.name}: {error}"


if __name__ == "__main__":
    main()
