"""Writes tests/goldens/real: what transformers computes for the trained models in ../shared/data/models.

    python tools/goldens/make_real.py [--models ../shared/data/models] [--out tests/goldens]

The models are read in place, never copied. Each golden.json beside a model (an independent float64 computation of its
greedy text) must agree, or this fails.
"""

import argparse
import json
from pathlib import Path

import numpy as np

import reference

POSITIONS = 3  # logits are kept for the last positions of a prompt
# Which files of a model's folder hold the same weights, by the name in the index.
MODELS = {"stories260K": {"hf": "hf", "gguf": "stories260K-f32.gguf"}, "stories260K-alt": {"hf": "hf"},
          "babyllama-tok105": {"hf": "hf", "gguf": "babyllama-tok105-f32.gguf"}}


def index_entries(root):
    return [{"name": f"{model}-{kind}", "checkpoint": f"../shared/data/models/{model}/{file}", "golden": f"{root}/real/{model}.json"}
            for model, files in MODELS.items() for kind, file in files.items()]


def golden_of(folder):
    model = reference.model_from_folder(folder / "hf")
    beside = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    prompts = []
    for case in beside["cases"]:
        ids = case["prompt_ids"]
        prompt = reference.Prompt(ids, reference.all_logits(model, ids)[-POSITIONS:], reference.greedy(model, ids), case["prompt"])
        if prompt.greedy.ids != case["greedy_ids"]:
            raise ValueError(f"{folder.name}: the greedy text of {case['prompt']!r} is not that of golden.json")
        prompts.append(prompt)
    check_logits(folder, model, prompts[0])
    return reference.Golden(prompts, reference.noise(model, prompts)), model.config.vocab_size


def check_logits(folder, model, prompt):
    expected = np.load(folder / "golden_logits_prompt0.npy")
    got = reference.all_logits(model, prompt.ids + prompt.greedy.ids)[:len(expected)]
    error = reference.relative_error(got, expected)
    print(f"{folder.name}: relative error against golden_logits_prompt0.npy {error:.1e}")
    if error > reference.LARGEST_NOISE:
        raise ValueError(f"{folder.name}: logits are not those of golden_logits_prompt0.npy")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("../shared/data/models"))
    parser.add_argument("--out", type=Path, default=Path("tests/goldens"))
    options = parser.parse_args()
    (options.out / "real").mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        golden, vocabulary = golden_of(options.models / name)
        reference.write(options.out / "real" / f"{name}.json", golden, name=name, vocab_size=vocabulary)


if __name__ == "__main__":
    main()
