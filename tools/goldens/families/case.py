"""What a case of tests/goldens/families is: the config.json of a tiny model as the hub's files have it, and what to do with it."""

from dataclasses import dataclass


ENCODERS = ("bert", "distilbert", "nomic_bert", "roberta", "xlm-roberta")


@dataclass(frozen=True)
class Case:
    name: str
    about: str
    config: dict  # config.json without `torch_dtype`; keys as the family's published checkpoints write them
    stored: str = "bfloat16"  # the type in model.safetensors
    twin: str | None = None  # type of the matrices of the GGUF twin: "bf16", "f16" or "f32"; None: llama.cpp cannot say this model
    norm_center: float = 1.0  # norm weights are N(center, 0.2): 0 where the model adds one itself
    gain: float = 2.0  # matrices are N(0, gain / sqrt(inputs))
    embedding_std: float = 0.3
    scales: tuple = ()  # (regular expression, factor) on tensor names: where plain numbers make a model that repeats one token
    # Changes of the config that must change the logits by more than 5 %: proof that the golden sees these settings.
    matters: tuple = ()
    hub_names: tuple = ()  # (regular expression, replacement) on tensor names: where the hub's files differ from transformers 5
    # (regular expression, name) on the ends of tensor names: neighbours that it matches are one tensor there, row after row
    hub_fused: tuple = ()
    distinct: int = 24  # fewest distinct ids of the 64 greedy ones; less where the architecture falls into loops at this size
    attention: str = "eager"  # of transformers; "sdpa" where its eager one computes something else than the model
    ntk_length: int = 0  # rope type "dynamic": the length whose frequencies hold throughout (see make_families.py)

    pooling: str = "mean"  # of an encoder, or "cls"

    @property
    def family(self):
        return self.config["model_type"]

    @property
    def encoder(self):
        return self.family in ENCODERS or self.config.get("is_causal") is False


def llama_like(architecture, model_type, **changes):
    """A config with the keys that all Llama-like families share; 4:2 heads unless changed."""
    return {"architectures": [architecture], "model_type": model_type, "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
            "hidden_size": 32, "intermediate_size": 24, "max_position_embeddings": 512, "num_attention_heads": 4,
            "num_hidden_layers": 2, "num_key_value_heads": 2, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
            "tie_word_embeddings": False, "vocab_size": 72} | changes
