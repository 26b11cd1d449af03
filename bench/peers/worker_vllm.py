#!/usr/bin/env python3
"""vLLM's engine, offline, without its server and without a tokenizer. usage: worker_vllm.py MODEL_FOLDER MAX_TOKENS MAX_SEQUENCES
See worker.py for what it reads and writes."""
import os
import sys

os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"  # the engine's steps in this process, where they can be timed

import worker


class Engine:
    def __init__(self, model, max_tokens, max_sequences):
        from vllm import LLM, SamplingParams

        # Prompts enter in one step up to 4,096 tokens: nothing waits beside them.
        llm = LLM(model=model, dtype="bfloat16", max_model_len=max_tokens, max_num_seqs=max_sequences, max_num_batched_tokens=4096,
                  enable_prefix_caching=False, disable_log_stats=True)
        self.engine = llm.llm_engine
        self.parameters = SamplingParams(max_tokens=max_tokens, ignore_eos=True, temperature=0, detokenize=False)
        self.counts = {}

    def add(self, name, tokens):
        self.counts[name] = 0
        parameters = self.parameters.clone()
        parameters.max_tokens -= len(tokens)
        self.engine.add_request(name, {"prompt_token_ids": tokens}, parameters)

    def step(self):
        served = set()
        for output in self.engine.step():
            count = len(output.outputs[0].token_ids)
            if count > self.counts.get(output.request_id, count):
                self.counts[output.request_id] = count
                served.add(output.request_id)
        return served

    def remove(self, names):
        if names:
            self.engine.abort_request(list(names))
        for name in names:
            self.counts.pop(name, None)


def load():
    import vllm

    return Engine(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])), f"vLLM {vllm.__version__}"


if __name__ == "__main__":
    sys.exit(worker.serve(load))
