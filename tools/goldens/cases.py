"""The tiny checkpoints of the Llama family: their shapes, and config.json as transformers 4 and 5 write it.

Each case exists for something that a loader or a forward pass can get wrong; `about` names it. Shapes are small
so that the files are (no folder above 150 KB), and uneven where evenness would hide an error.
"""

from dataclasses import dataclass, field

from transformers import LlamaConfig, MistralConfig

VERSION_4 = "4.46.3"  # the release whose config.json the version 4 form follows


@dataclass(frozen=True)
class Case:
    name: str
    about: str
    writer: int  # the major version of transformers whose config.json lies in the folder
    stored: str  # "float32", "float16" or "bfloat16": the type in the safetensors
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    layers: int = 2
    tied: bool = False
    norm_epsilon: float = 1e-5
    theta: float = 10000.0
    context: int = 512
    scaling: dict | None = None  # with the key "rope_type", as transformers 5 has it
    mistral: bool = False
    sharded: bool = False
    tokenizer: bool = False
    leave_out: tuple = ()  # keys that the version 4 form lacks, as in older files of the kind
    generation: dict = field(default_factory=dict)  # generation_config.json, where not empty
    weight_std: float = 0.3
    tokens: dict = field(default_factory=lambda: {"bos_token_id": 1, "eos_token_id": 2})


CASES = [
    Case("llama2", "multi-head attention, untied head; keys with defaults left out, as the first Llama files do", 4, "float32",
         hidden=32, intermediate=48, heads=4, kv_heads=4, head_dim=8, vocabulary=200,
         leave_out=("head_dim", "rope_theta", "attention_bias", "attention_dropout", "mlp_bias", "num_key_value_heads"),
         generation={"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "max_length": 512,
                     "temperature": 0.6, "top_p": 0.9, "do_sample": True}),
    Case("llama3", "GQA 6:2, tied head, theta 500000, llama3 rope scaling that bites within 64 positions; byte-level BPE tokenizer", 5, "bfloat16",
         hidden=48, intermediate=40, heads=6, kv_heads=2, head_dim=8, vocabulary=288, tied=True, theta=500000.0, context=2048,
         scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                  "original_max_position_embeddings": 256},
         tokenizer=True, tokens={"bos_token_id": 280, "eos_token_id": [281, 284]},
         generation={"bos_token_id": 280, "eos_token_id": [281, 284], "do_sample": True, "temperature": 0.6, "top_p": 0.9}),
    Case("tinyllama", "GQA 4:2, bfloat16 checkpoint; every row length a multiple of 32, so that Q8_0 and Q4_0 fit", 4, "bfloat16",
         hidden=64, intermediate=32, heads=4, kv_heads=2, head_dim=16, vocabulary=96, context=256),
    Case("mistral", "MistralForCausalLM, heads * head_dim != hidden, sliding_window null", 4, "bfloat16",
         hidden=48, intermediate=56, heads=4, kv_heads=2, head_dim=16, vocabulary=96, theta=1000000.0, mistral=True,
         leave_out=("attention_bias", "mlp_bias", "pretraining_tp")),
    Case("odd", "5 heads of 24, hidden 25, vocabulary 67, rms_norm_eps 1e-6: no vector width divides anything", 5, "bfloat16",
         hidden=25, intermediate=104, heads=5, kv_heads=5, head_dim=24, vocabulary=67, norm_epsilon=1e-6),
    Case("linear", "linear rope scaling, under the old key \"type\"", 4, "float16",
         hidden=32, intermediate=48, heads=4, kv_heads=2, head_dim=8, vocabulary=80,
         scaling={"rope_type": "linear", "factor": 4.0}),
    Case("sharded", "three safetensors files with an index", 5, "bfloat16",
         hidden=32, intermediate=48, heads=4, kv_heads=2, head_dim=8, vocabulary=80, sharded=True),
    Case("f16", "float16 checkpoint, one KV head for three heads", 5, "float16",
         hidden=48, intermediate=80, heads=3, kv_heads=1, head_dim=16, vocabulary=96),
]


def config_of(case):
    """The case as a transformers 5 config object, which writes its own config.json."""
    kind = MistralConfig if case.mistral else LlamaConfig
    extra = {"sliding_window": None} if case.mistral else {}
    return kind(
        architectures=[architecture(case)], dtype=case.stored, vocab_size=case.vocabulary, hidden_size=case.hidden,
        intermediate_size=case.intermediate, num_hidden_layers=case.layers, num_attention_heads=case.heads,
        num_key_value_heads=case.kv_heads, head_dim=case.head_dim, max_position_embeddings=case.context,
        rms_norm_eps=case.norm_epsilon, tie_word_embeddings=case.tied,
        rope_parameters={"rope_theta": case.theta, **(case.scaling or {"rope_type": "default"})}, **case.tokens, **extra)


def version_4_config(case):
    """config.json as transformers 4 writes it: torch_dtype, rope_theta, rope_scaling."""
    scaling = dict(case.scaling) if case.scaling else None
    if scaling and scaling["rope_type"] == "linear":
        scaling = {"type": scaling["rope_type"], "factor": scaling["factor"]}
    config = {
        "architectures": [architecture(case)], "attention_bias": False, "attention_dropout": 0.0, **case.tokens,
        "head_dim": case.head_dim, "hidden_act": "silu", "hidden_size": case.hidden, "initializer_range": 0.02,
        "intermediate_size": case.intermediate, "max_position_embeddings": case.context, "mlp_bias": False,
        "model_type": "mistral" if case.mistral else "llama", "num_attention_heads": case.heads,
        "num_hidden_layers": case.layers, "num_key_value_heads": case.kv_heads, "pretraining_tp": 1,
        "rms_norm_eps": case.norm_epsilon, "rope_scaling": scaling, "rope_theta": case.theta,
        "tie_word_embeddings": case.tied, "torch_dtype": case.stored, "transformers_version": VERSION_4,
        "use_cache": True, "vocab_size": case.vocabulary}
    if case.mistral:
        config["sliding_window"] = None
        del config["rope_scaling"]  # MistralConfig of version 4 has no such key
    return {key: config[key] for key in sorted(config) if key not in case.leave_out}


def architecture(case):
    return "MistralForCausalLM" if case.mistral else "LlamaForCausalLM"
