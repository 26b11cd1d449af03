"""What transformers computes in float32 for given weights: logits, greedy continuations, and how far to trust them.

A golden is `golden.json` (or `<stem>.json`) beside a file of raw little-endian float32 logits; the format is in
tests/goldens/README.md. Greedy decoding runs token by token through the KV cache, and each step's logits are
compared with one whole forward pass.
"""

import copy
import json
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, logging

GREEDY_TOKENS = 64
SMALLEST_MARGIN = 1e-3  # between the best and second-best logit of any greedy step
LARGEST_NOISE = 1e-5    # float32 against float64, relative to the largest logit of a row
FEWEST_DISTINCT = 24    # of 64 greedy tokens: a model in a loop tests little

torch.set_num_threads(1)
logging.disable_progress_bar()


class Unsteady(ValueError):
    """Two ways to compute the same logits differ."""


@dataclass
class Greedy:
    ids: list
    margin: float
    last_logits: np.ndarray  # [1][vocabulary], of the step that chose the last id


@dataclass
class Prompt:
    ids: list
    logits: np.ndarray  # [positions][vocabulary], all of the prompt or its last few
    greedy: Greedy | None = None
    text: str | None = None


@dataclass
class Golden:
    prompts: list
    noise: float

    def good(self):
        return not self.fault()

    def fault(self, fewest_distinct=FEWEST_DISTINCT):
        """Why these results are no golden, or nothing."""
        if self.noise > LARGEST_NOISE:
            return f"noise {self.noise:.1e}"
        for run in (prompt.greedy for prompt in self.prompts if prompt.greedy):
            if run.margin < SMALLEST_MARGIN:
                return f"margin {run.margin:.1e}"
            if len(set(run.ids)) < fewest_distinct:
                return f"{len(set(run.ids))} distinct ids"
        return ""


def model_from_folder(folder, attention="eager", **changes):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation=attention, **changes).eval()


def model_from_weights(config, weights):
    """`weights` by Hugging Face name; computed in float32 whatever their type."""
    config = copy.deepcopy(config)
    config.dtype = "float32"
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32)
    weights = {name: value.float() for name, value in weights.items()}
    if config.tie_word_embeddings:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    model.load_state_dict(weights, strict=True)
    return model.eval()


@torch.no_grad()
def all_logits(model, ids):
    return model(torch.tensor([ids])).logits[0].numpy()


@torch.no_grad()
def greedy(model, prompt_ids):
    """Continues the prompt through the KV cache; stop tokens are ordinary tokens here."""
    ids, margin, inputs, cache, rows = [], np.inf, prompt_ids, None, []
    for _ in range(GREEDY_TOKENS):
        output = model(torch.tensor([inputs]), past_key_values=cache, use_cache=True)
        row, cache = output.logits[0, -1].numpy(), output.past_key_values
        second, best = np.sort(row)[-2:]
        margin = min(margin, float(best - second))
        inputs = [int(row.argmax())]
        ids += inputs
        rows.append(row)
    whole = all_logits(model, prompt_ids + ids)[len(prompt_ids) - 1:-1]
    if relative_error(np.array(rows), whole) > LARGEST_NOISE:
        raise Unsteady("token by token and all at once differ")
    return Greedy(ids, margin, rows[-1][None])


def relative_error(got, expected):
    """The largest difference of a row over the row's largest magnitude; the largest over rows."""
    return float((np.abs(got - expected).max(axis=-1) / np.abs(expected).max(axis=-1)).max())


def noise(model, prompts):
    """Relative error of the float32 logits against the same model in float64, over prompts and continuations."""
    exact = copy.deepcopy(model).double()
    worst = 0.0
    for prompt in prompts:
        ids = prompt.ids + (prompt.greedy.ids if prompt.greedy else [])
        worst = max(worst, relative_error(all_logits(model, ids), all_logits(exact, ids)))
    return worst


def write(path, golden, **about):
    """Writes `path` (.json) and the logits beside it (.bin)."""
    path = Path(path)
    blob, entries = bytearray(), []

    def stored(logits):
        offset = len(blob)
        blob.extend(np.ascontiguousarray(logits, "<f4").tobytes())
        return {"offset": offset, "shape": list(logits.shape)}

    for prompt in golden.prompts:
        entry = {"text": prompt.text} if prompt.text is not None else {}
        entry["ids"] = prompt.ids
        entry["first_position"] = len(prompt.ids) - len(prompt.logits)
        entry["logits"] = stored(prompt.logits)
        if prompt.greedy:
            entry["greedy"] = {"ids": prompt.greedy.ids, "min_margin": round(prompt.greedy.margin, 6),
                               "last_logits": stored(prompt.greedy.last_logits)}
        entries.append(entry)
    made_with = {name: version(name) for name in ("transformers", "torch")}
    write_json(path, {"format": 1, **about, "made_with": made_with, "dtype": "float32",
                      "float32_noise": float(f"{golden.noise:.2g}"),
                      "logits_file": path.with_suffix(".bin").name, "prompts": entries})
    path.with_suffix(".bin").write_bytes(blob)


def write_json(path, value):
    """Indented by one, but a list of numbers stays on one line."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    number_list = re.compile(r"\[\s+-?\d[-+.eE\d,\s]*\]")
    text = number_list.sub(lambda found: re.sub(r"\s+", " ", found[0]).replace("[ ", "[").replace(" ]", "]"), text)
    Path(path).write_text(text + "\n", encoding="utf-8")
