"""Encoders for embeddings: post-norm, attention in both directions, learned positions."""

from case import Case, llama_like


def bert(**changes):
    return {"architectures": ["BertModel"], "model_type": "bert", "attention_probs_dropout_prob": 0.1, "gradient_checkpointing": False,
            "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 24, "initializer_range": 0.02, "intermediate_size": 40,
            "layer_norm_eps": 1e-12, "max_position_embeddings": 64, "num_attention_heads": 3, "num_hidden_layers": 2, "pad_token_id": 0,
            "position_embedding_type": "absolute", "type_vocab_size": 2, "use_cache": True, "vocab_size": 97} | changes


def roberta(architecture, model_type, **changes):
    return bert(**({"architectures": [architecture], "model_type": model_type, "bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1,
                    "layer_norm_eps": 1e-5, "type_vocab_size": 1, "max_position_embeddings": 66} | changes))


DISTILBERT = {"architectures": ["DistilBertModel"], "model_type": "distilbert", "activation": "gelu", "attention_dropout": 0.1, "dim": 40,
              "dropout": 0.1, "hidden_dim": 48, "initializer_range": 0.02, "max_position_embeddings": 64, "n_heads": 5, "n_layers": 2,
              "pad_token_id": 0, "sinusoidal_pos_embds": False, "tie_weights_": True, "vocab_size": 101}

# As nomic-embed-text-v1.5: its own code reads the GPT-2 keys, transformers 5 the others.
NOMIC = {"architectures": ["NomicBertModel"], "model_type": "nomic_bert", "activation_function": "swiglu", "causal": False, "hidden_size": 40,
         "intermediate_size": 48, "layer_norm_eps": 1e-12, "layer_norm_epsilon": 1e-12, "max_position_embeddings": 2048,
         "max_trained_positions": 2048, "mlp_fc1_bias": False, "mlp_fc2_bias": False, "n_embd": 40, "n_head": 5, "n_inner": 48,
         "n_layer": 2, "n_positions": 8192, "num_attention_heads": 5, "num_hidden_layers": 2, "parallel_block": False, "prenorm": False,
         "qkv_proj_bias": False, "rotary_emb_base": 1000, "rotary_emb_fraction": 1.0, "rotary_emb_interleaved": False,
         "rotary_emb_scale_base": None, "rotary_scaling_factor": None, "type_vocab_size": 2, "use_rms_norm": False, "vocab_size": 104}
NOMIC_NAMES = ((r"^layers", "encoder.layers"), (r"embeddings.LayerNorm", "emb_ln"), (r"self_attn.o_proj", "attn.out_proj"),
               (r"up_proj", "fc11"), (r"gate_proj", "fc12"), (r"down_proj", "fc2"), (r"post_attention_layernorm", "norm1"),
               (r"post_mlp_layernorm", "norm2"))

CASES = [
    Case("bert", "as MiniLM: BertModel without prefix, exact GELU, two token types of which only the first is used, 3 heads of 8",
         bert(), stored="float32", twin="f32"),
    Case("bert-prefix", "as bert-base: names with \"bert.\", 5 heads of 8, tanh GELU, eps 1e-5; CLS pooling",
         bert(hidden_size=40, num_attention_heads=5, hidden_act="gelu_new", layer_norm_eps=1e-5),
         stored="float16", hub_names=((r"^", "bert."),), pooling="cls"),
    Case("distilbert", "no token types, names of its own, 5 heads of 8", DISTILBERT, stored="float16"),
    Case("roberta", "positions start at pad_token_id + 1 = row 2, one token type", roberta("RobertaModel", "roberta"), stored="float16",
         twin="f16"),
    Case("xlm-roberta", "as multilingual-e5 and bge-m3: the same, 4 heads of 8",
         roberta("XLMRobertaModel", "xlm-roberta", hidden_size=32, num_attention_heads=4), stored="float16"),
    Case("nomic-bert", "RoPE of base 1000, gated SiLU, no biases but in norms, 5 heads of 8", NOMIC, stored="float16", twin="f16",
         hub_fused=((r"self_attn\.[qkv]_proj", "attn.Wqkv"),), hub_names=NOMIC_NAMES),
    Case("qwen2-bidirectional", "as gte-Qwen2: a decoder that sees both ways, RoPE, biases, two key heads for four",
         llama_like("Qwen2ForCausalLM", "qwen2", is_causal=False, use_sliding_window=False, sliding_window=64, max_window_layers=2,
                    rope_theta=1000000.0), stored="float16"),
]
