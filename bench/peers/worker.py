"""A peer that is a Python package, kept alive between jobs: reads one job a line from standard input, writes figures a line.

A peer's file brings an engine with three methods and calls serve():
  add(name, tokens)   a sequence that never ends by itself, of token ids
  step()              one step; the names of the sequences that got a token in it
  remove(names)       ends sequences
Both peers batch continuously, so a step with n sequences behind their prompts is one decode step of batch n: that is timed,
and the median reported, as `loci bench model` does."""
import json
import os
import random
import statistics
import sys
import time

# The measured models' vocabulary has 32,000 tokens, of which the first three are special.
FIRST_TOKEN, LAST_TOKEN = 3, 31999


def prompt(length, source):
    return [source.randint(FIRST_TOKEN, LAST_TOKEN) for _ in range(length)]


def timed(call):
    begin = time.perf_counter()
    value = call()
    return time.perf_counter() - begin, value


def seconds_of_prompt(engine, tokens):
    """Seconds from the request to its first token."""

    def until_token():
        engine.add("prompt", tokens)
        while "prompt" not in engine.step():
            pass

    seconds, _ = timed(until_token)
    engine.remove(["prompt"])
    return seconds


def prefill(engine, job, source):
    """Seconds of each run, each of another prompt, so that nothing can be reused."""
    return [seconds_of_prompt(engine, prompt(job["prompt"], source)) for _ in range(job["runs"])]


def decode(engine, job, source):
    """Yields (batch, median seconds of a step), the largest batch first: the others are what is left of it, so that prompts are
    computed once. Those that stay longest begin with the shortest prompts: in each batch most of them end at `prompt` + `generate`."""
    batches = sorted(set(job["batches"]), reverse=True)
    if not batches:
        return
    names = [str(i) for i in range(batches[0])]
    for i, name in enumerate(names):
        batches_before = sum(i < batch for batch in batches) - 1
        engine.add(name, prompt(max(1, job["prompt"] - batches_before * job["generate"]), source))
    waiting = set(names)
    while waiting:
        waiting -= engine.step()
    for batch in batches:
        engine.remove(names[batch:])
        names = names[:batch]
        engine.step()  # the first step without those that were removed
        yield batch, statistics.median(seconds_of_step(engine, batch) for _ in range(job["generate"]))
    engine.remove(names)


def seconds_of_step(engine, batch):
    seconds, served = timed(engine.step)
    if len(served) != batch:
        raise RuntimeError(f"a step served {len(served)} of {batch} sequences")
    return seconds


def figures(engine, job, source):
    if job["prompt"] > 16:
        seconds_of_prompt(engine, prompt(16, source))
    rate = job["prompt"] / statistics.median(prefill(engine, job, source))
    yield {"test": "prefill", "batch": 1, "context": job["prompt"], "tokens_per_second": rate}
    for batch, seconds in decode(engine, job, source):
        yield {"test": "decode", "batch": batch, "context": job["prompt"], "tokens_per_second": batch / seconds}


def serve(load):
    """load() returns (engine, version). Standard output is for figures alone; what the package prints goes to standard error."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    seconds, (engine, version) = timed(load)
    print(json.dumps({"ready": version, "seconds": round(seconds, 1)}), file=out)
    source = random.Random(1)
    for line in sys.stdin:
        try:
            for figure in figures(engine, json.loads(line), source):
                print(json.dumps(figure), file=out)
            print(json.dumps({"done": True}), file=out)
        except Exception as error:  # whatever a peer throws is told, and the end of this worker: its sequences may be left over
            print(json.dumps({"error": f"{type(error).__name__}: {error}"[:500]}), file=out)
            return 1
    return 0
