"""Train the model for a given number of minutes; the schedule follows the wall clock."""

import argparse
import csv
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from model import LanguageModel, ModelConfig

SHORT_CONTEXT = 256
WARM_UP = 0.01        # share of the time spent raising the learning rate
DECAY_START = 0.35    # from here the learning rate falls linearly to zero
FINAL_START = 0.85    # from here the windows have the full context length and hold more conversations


class Muon(torch.optim.Optimizer):
    """Momentum whose update is replaced by the nearest orthogonal matrix (Newton-Schulz iteration)."""

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.0):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                momentum = self.state[parameter].setdefault("momentum", torch.zeros_like(parameter))
                momentum.lerp_(parameter.grad, 1 - group["momentum"])
                update = orthogonalise(parameter.grad.lerp(momentum, group["momentum"]))
                scale = max(1, parameter.shape[0] / parameter.shape[1]) ** 0.5
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update.to(parameter.dtype), alpha=-group["lr"] * scale)


def orthogonalise(matrix, steps=5):
    a, b, c = 3.4445, -4.7750, 2.0315
    x = (matrix / (matrix.norm() + 1e-7)).bfloat16()
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Windows:
    """Endless batches of windows from the token stream; each pass uses a new offset and order."""

    def __init__(self, tokens, seed):
        self.tokens, self.random = tokens, np.random.default_rng(seed)
        self.length, self.starts = None, []

    def next_batch(self, length, tokens_per_step):
        rows = tokens_per_step // length
        if length != self.length or len(self.starts) < rows:
            offset = self.random.integers(length)
            self.length = length
            self.starts = list(self.random.permutation(np.arange(offset, len(self.tokens) - length - 1, length)))
        picked = [self.starts.pop() for _ in range(rows)]
        batch = torch.from_numpy(np.stack([self.tokens[s:s + length + 1] for s in picked]).astype(np.int64))
        return batch[:, :-1], batch[:, 1:]


def learning_rate_factor(progress):
    if progress < WARM_UP:
        return max(progress / WARM_UP, 0.01)
    return min(1.0, max(0.0, (1 - progress) / (1 - DECAY_START)))


def make_optimizers(model, args):
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim == 1 or "embed" in n]
    optimizers = [Muon(matrices, lr=args.muon_lr, weight_decay=args.muon_decay),
                  torch.optim.AdamW(others, lr=args.adam_lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True)]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["full_lr"] = group["lr"]
    return optimizers


def training_step(model, optimizers, batch, factor):
    inputs, targets = batch
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(inputs)
    loss = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["full_lr"] * factor
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return loss.item()


def save_checkpoint(path, model, optimizers, state):
    temporary = path.with_suffix(".tmp")
    torch.save({"config": model.config.to_dict(), "model": model.state_dict(),
                "optimizers": [o.state_dict() for o in optimizers], **state}, temporary)
    os.replace(temporary, path)


def resume(path, model, optimizers):
    """Load a checkpoint if there is one; return the step, token and elapsed-seconds counters."""
    if not path.exists():
        return {"step": 0, "tokens": 0, "elapsed": 0.0}
    checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(checkpoint["model"])
    for optimizer, state in zip(optimizers, checkpoint["optimizers"]):
        optimizer.load_state_dict(state)
    return {key: checkpoint[key] for key in ("step", "tokens", "elapsed")}


def train(model, optimizers, streams, state, args):
    checkpoint, log_path = args.out / "checkpoint.pt", args.out / "log.csv"
    began = time.monotonic() - state["elapsed"]
    saved, losses = state["elapsed"], []
    with log_path.open("a", newline="") as log_file:
        log = csv.writer(log_file)
        if state["step"] == 0:
            log.writerow(["step", "tokens", "seconds", "context", "lr_factor", "train_loss"])
        while (progress := state["elapsed"] / (60 * args.minutes)) < 1:
            windows, length = (streams["train"], SHORT_CONTEXT) if progress < FINAL_START else (streams["final"], model.config.context)
            factor = learning_rate_factor(progress)
            losses.append(training_step(model, optimizers, windows.next_batch(length, args.tokens_per_step), factor))
            state.update(step=state["step"] + 1, tokens=state["tokens"] + args.tokens_per_step,
                         elapsed=time.monotonic() - began)
            if len(losses) == args.log_every:
                log.writerow([state["step"], state["tokens"], f"{state['elapsed']:.0f}", length,
                              f"{factor:.4f}", f"{np.mean(losses):.4f}"])
                log_file.flush()
                losses = []
            if state["elapsed"] - saved > 60 * args.checkpoint_minutes:
                save_checkpoint(checkpoint, model, optimizers, state)
                saved = state["elapsed"]
    save_checkpoint(checkpoint, model, optimizers, state)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder written by prepare.py")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint.pt and log.csv")
    parser.add_argument("--minutes", type=float, required=True, help="wall time of the whole schedule")
    parser.add_argument("--checkpoint-minutes", type=float, default=5)
    parser.add_argument("--tokens-per-step", type=int, default=4096)
    parser.add_argument("--log-every", type=int, default=20)
    parser.add_argument("--muon-lr", type=float, default=0.02)
    parser.add_argument("--muon-decay", type=float, default=0.05)
    parser.add_argument("--adam-lr", type=float, default=0.003)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)

    model = LanguageModel(ModelConfig())
    optimizers = make_optimizers(model, args)
    state = resume(args.out / "checkpoint.pt", model, optimizers)
    streams = {name: Windows(np.fromfile(args.data / f"{name}.bin", dtype=np.uint16), seed=state["step"])
               for name in ("train", "final")}
    print(f"{sum(p.numel() for p in model.parameters())} parameters, starting at step {state['step']}", flush=True)
    train(model, optimizers, streams, state, args)


if __name__ == "__main__":
    main()
