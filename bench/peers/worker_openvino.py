#!/usr/bin/env python3
"""OpenVINO GenAI's pipeline with continuous batching on a GGUF file. usage: worker_openvino.py MODEL.gguf MAX_TOKENS MAX_SEQUENCES
See worker.py for what it reads and writes."""
import sys

import worker

KV_GIGABYTES = 2  # holds 32 sequences of 640 tokens; keys and values are bytes, OpenVINO's default on a CPU


class Engine:
    def __init__(self, model, max_tokens, max_sequences):
        import openvino_genai

        scheduler = openvino_genai.SchedulerConfig()
        scheduler.cache_size = KV_GIGABYTES
        scheduler.max_num_seqs = max_sequences
        scheduler.max_num_batched_tokens = 4096
        scheduler.enable_prefix_caching = False
        self.pipeline = openvino_genai.ContinuousBatchingPipeline(model, scheduler, "CPU")
        self.config = openvino_genai.GenerationConfig()
        self.config.max_new_tokens = max_tokens
        self.config.ignore_eos = True
        self.config.do_sample = False
        self.handles = {}
        self.added = 0

    def add(self, name, tokens):
        import numpy
        import openvino

        self.added += 1
        ids = openvino.Tensor(numpy.array([tokens], dtype=numpy.int64))
        self.handles[name] = self.pipeline.add_request(self.added, ids, self.config)

    def step(self):
        self.pipeline.step()
        served = set()
        for name, handle in self.handles.items():
            if handle.can_read():
                handle.read()
                served.add(name)
        return served

    def remove(self, names):
        for name in names:
            self.handles.pop(name).cancel()
        if not self.handles and self.pipeline.has_non_finished_requests():
            self.pipeline.step()  # lets go of what was cancelled


def load():
    import openvino_genai

    return Engine(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])), f"OpenVINO GenAI {openvino_genai.__version__}"


if __name__ == "__main__":
    sys.exit(worker.serve(load))
