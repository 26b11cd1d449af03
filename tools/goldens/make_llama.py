"""Writes tests/goldens/llama, /gguf, /configs and index.json: tiny random checkpoints with what transformers computes.

    python tools/goldens/make_llama.py [--out tests/goldens]

Takes, for each case, the first seed whose greedy text has a safe margin at every step and does not loop.
"""

import argparse
import itertools
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from huggingface_hub import save_torch_state_dict
from transformers import AutoConfig

import from_gguf
import reference
import tiny_tokenizer
from cases import CASES, config_of, version_4_config
from make_real import index_entries as real_entries
from to_gguf import QUANTIZED, convert
from weights import random_weights

LENGTHS = (20, 7)  # of the two prompts
TEXTS = ("The art of memory in 7 rooms, the other", "rain in ü")  # the prompts of a case with a tokenizer

# (name, case, type, tensors in a part or 0). A type that holds the case's weights exactly shares its golden.
TWINS = [("llama2-f32", "llama2", "F32", 0), ("llama3-f32", "llama3", "F32", 0), ("linear-f16", "linear", "F16", 0),
         ("sharded-bf16", "sharded", "BF16", 0), ("tinyllama-q8_0", "tinyllama", "Q8_0", 0),
         ("tinyllama-q4_0", "tinyllama", "Q4_0", 0), ("tinyllama-q8_0", "tinyllama", "Q8_0", 8)]


def prompts_of(case, seed):
    """[(ids, text or None)]; drawn from all of the vocabulary where there is no tokenizer."""
    if case.tokenizer:
        tokenizer = tiny_tokenizer.build()
        return [(tokenizer.encode(text).ids, text) for text in TEXTS]
    generator = np.random.Generator(np.random.PCG64([seed, 1]))
    return [(generator.integers(0, case.vocabulary, length).tolist(), None) for length in LENGTHS]


def golden_of(model, prompts):
    results = [reference.Prompt(ids, reference.all_logits(model, ids), text=text) for ids, text in prompts]
    results[0].greedy = reference.greedy(model, results[0].ids)
    return reference.Golden(results, reference.noise(model, results))


def write_checkpoint(case, weights, folder):
    folder.mkdir(parents=True)
    config_of(case).save_pretrained(folder)
    if case.writer == 4:
        reference.write_json(folder / "config.json", version_4_config(case))
    if case.generation:
        generation = case.generation | {"transformers_version": json.loads((folder / "config.json").read_text())["transformers_version"]}
        reference.write_json(folder / "generation_config.json", generation)
    if case.tokenizer:
        tiny_tokenizer.save(folder)
    total = sum(value.numel() * value.element_size() for value in weights.values())
    save_torch_state_dict(weights, folder, metadata={"format": "pt"}, filename_pattern="model{suffix}.safetensors",
                          max_shard_size=int(total / 2.6) if case.sharded else total + 1)


def rope_matters(case, weights, prompts):
    """Relative change of the logits when the rope scaling is left out."""
    config = config_of(case)
    plain = config_of(case)
    plain.rope_parameters = {"rope_type": "default", "rope_theta": case.theta}
    ids = prompts[0][0]
    scaled, unscaled = (reference.all_logits(reference.model_from_weights(c, weights), ids) for c in (config, plain))
    return reference.relative_error(unscaled, scaled)


def make_case(case, out):
    """Tries seeds until one is good; leaves llama/<case>, both configs and the GGUF twins in `out`."""
    twins = [twin for twin in TWINS if twin[1] == case.name]
    for seed in itertools.count(1):
        prompts = prompts_of(case, seed)
        weights = random_weights(case, seed)
        golden = golden_of(reference.model_from_weights(config_of(case), weights), prompts)
        if not golden.good() or (case.scaling and rope_matters(case, weights, prompts) < 0.05):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            if try_seed(case, seed, prompts, weights, twins, Path(scratch)):
                shutil.copytree(scratch, out, dirs_exist_ok=True)
                return


def try_seed(case, seed, prompts, weights, twins, out):
    """Writes all files of the case; false where a quantized twin's greedy text is unsafe at this seed."""
    folder = out / "llama" / case.name
    write_checkpoint(case, weights, folder)
    golden = golden_of(reference.model_from_folder(folder), prompts)
    reference.write(folder / "golden.json", golden, name=case.name, about=case.about, seed=seed, vocab_size=case.vocabulary)
    write_both_configs(case, out / "configs")
    return all(make_twin(case, seed, prompts, twin, out) for twin in twins)


def write_both_configs(case, folder):
    folder.mkdir()
    reference.write_json(folder / f"{case.name}.v4.json", version_4_config(case))
    config_of(case).save_pretrained(folder)
    (folder / "config.json").rename(folder / f"{case.name}.v5.json")


def make_twin(case, seed, prompts, twin, out):
    name, _, kind, split = twin
    folder, path = out / "llama" / case.name, out / "gguf" / f"{name}.gguf"
    path.parent.mkdir(exist_ok=True)
    convert(folder, path, kind, split)
    if kind not in QUANTIZED or split:
        return True
    weights = from_gguf.Twin(path).weights
    golden = golden_of(reference.model_from_weights(AutoConfig.from_pretrained(folder), weights), prompts)
    reference.write(path.with_suffix(".json"), golden, name=name, about=f"{kind} twin of {case.name}, computed from the dequantized weights",
                    seed=seed, vocab_size=case.vocabulary)
    return golden.good()


def index_of(out):
    """Every model with a golden: what a test walks over. Paths are relative to the root of the repository."""
    root = "tests/goldens"
    entries = [{"name": case.name, "checkpoint": f"{root}/llama/{case.name}", "golden": f"{root}/llama/{case.name}/golden.json"}
               for case in CASES]
    for name, case, kind, split in TWINS:
        golden = f"llama/{case}/golden.json" if kind not in QUANTIZED else f"gguf/{name}.json"
        first = sorted((out / "gguf").glob(f"{name}-00001-of-*.gguf"))[0].name if split else f"{name}.gguf"
        entries.append({"name": f"{name}-{'split' if split else 'gguf'}", "checkpoint": f"{root}/gguf/{first}", "golden": f"{root}/{golden}"})
    return {"format": 1, "models": entries + real_entries(root)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("tests/goldens"))
    out = parser.parse_args().out
    for folder in ("llama", "gguf", "configs"):
        shutil.rmtree(out / folder, ignore_errors=True)
    for case in CASES:
        make_case(case, out)
        print(case.name, flush=True)
    reference.write_json(out / "index.json", index_of(out))


if __name__ == "__main__":
    main()
