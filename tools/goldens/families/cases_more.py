"""OPT, Falcon, BLOOM, MPT, OLMo, Granite, Cohere, StarCoder 2 and others; and RoPE whose base grows with the text."""

from case import Case, llama_like


def opt(**changes):
    return {"architectures": ["OPTForCausalLM"], "model_type": "opt", "_remove_final_layer_norm": False, "activation_dropout": 0.0,
            "activation_function": "relu", "attention_dropout": 0.0, "bos_token_id": 2, "do_layer_norm_before": True, "dropout": 0.1,
            "eos_token_id": 2, "ffn_dim": 56, "hidden_size": 40, "init_std": 0.02, "layerdrop": 0.0, "max_position_embeddings": 128,
            "num_attention_heads": 5, "num_hidden_layers": 2, "pad_token_id": 1, "prefix": "</s>", "vocab_size": 73,
            "word_embed_proj_dim": 40} | changes


OPT = [
    Case("opt", "learned positions that start at row 2, ReLU, LayerNorm before, biases, tied; 5 heads of 8", opt(), stored="float16"),
    Case("opt-350m", "as opt-350m: LayerNorm after, no final norm, embeddings of 24 projected to hidden 32 and back",
         opt(do_layer_norm_before=False, word_embed_proj_dim=24, hidden_size=32, num_attention_heads=4, num_hidden_layers=2), stored="float16", scales=(("embed_positions", 4),), distinct=15),
    Case("opt-nobias", "as Galactica: GELU, enable_bias false, LayerNorms without weights",
         opt(enable_bias=False, layer_norm_elementwise_affine=False, activation_function="gelu")),
]


def falcon(**changes):
    return {"architectures": ["FalconForCausalLM"], "model_type": "falcon", "alibi": False, "apply_residual_connection_post_layernorm": False,
            "attention_dropout": 0.0, "bias": False, "bos_token_id": 11, "eos_token_id": 11, "hidden_dropout": 0.0, "hidden_size": 40,
            "initializer_range": 0.02, "layer_norm_epsilon": 1e-5, "multi_query": True, "new_decoder_architecture": False,
            "num_attention_heads": 5, "num_hidden_layers": 2, "parallel_attn": True, "vocab_size": 75} | changes


FALCON = [
    Case("falcon-7b", "one KV head for five, whatever num_kv_heads says; one norm before a parallel attention and feed-forward, tied",
         falcon(num_kv_heads=5), twin="bf16"),
    Case("falcon-40b", "new_decoder_architecture: 4:2 heads fused by KV group, ln_attn and ln_mlp side by side, untied",
         falcon(new_decoder_architecture=True, num_kv_heads=2, num_attention_heads=4, hidden_size=32, tie_word_embeddings=False,
                parallel_attn=True), twin="bf16"),
    Case("falcon-11b", "as falcon2-11B: new_decoder_architecture with one norm (num_ln_in_parallel_attn 1), ffn_hidden_size 72, theta 500000",
         falcon(new_decoder_architecture=True, num_kv_heads=1, num_attention_heads=4, hidden_size=32, num_ln_in_parallel_attn=1,
                ffn_hidden_size=72, rope_theta=500000.42, max_position_embeddings=8192, tie_word_embeddings=False)),
    Case("falcon-rw", "ALiBi, multi-head with q, k, v interleaved by head, serial residual with two norms, biases; 6 heads",
         falcon(alibi=True, multi_query=False, parallel_attn=False, bias=True, num_attention_heads=6, hidden_size=36),
         attention="sdpa", matters=({"alibi": False},)),
]


def bloom(**changes):
    return {"architectures": ["BloomForCausalLM"], "model_type": "bloom", "apply_residual_connection_post_layernorm": False,
            "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2, "hidden_dropout": 0.0, "initializer_range": 0.02,
            "layer_norm_epsilon": 1e-5, "n_embed": 32, "n_layer": 3, "num_attention_heads": 4, "pretraining_tp": 1, "seq_length": 128,
            "skip_bias_add": True, "slow_but_exact": False, "vocab_size": 77} | changes


BLOOM = [
    Case("bloom", "ALiBi with 4 heads, LayerNorm on the embeddings, qkv interleaved by head, tied; names without \"transformer.\"",
         bloom(), hub_names=((r"^transformer\.", ""),), twin="f16", stored="float16", gain=3.0, scales=(("word_embeddings_layernorm", 0.2),)),
]


def mpt(attention=None, **changes):
    attn_config = {"alibi": True, "alibi_bias_max": 8, "attn_impl": "torch", "attn_pdrop": 0, "attn_type": "multihead_attention",
                   "attn_uses_sequence_id": False, "clip_qkv": None, "prefix_lm": False, "qk_ln": False, "softmax_scale": None}
    return {"architectures": ["MPTForCausalLM"], "model_type": "mpt", "attn_config": attn_config | (attention or {}), "d_model": 32,
            "emb_pdrop": 0, "embedding_fraction": 1.0, "expansion_ratio": 4, "init_device": "cpu", "learned_pos_emb": True,
            "logit_scale": None, "max_seq_len": 128, "n_heads": 4, "n_layers": 2, "no_bias": True, "norm_type": "low_precision_layernorm",
            "resid_pdrop": 0, "verbose": 0, "vocab_size": 79} | changes


MPT = [
    Case("mpt", "ALiBi with 4 heads, LayerNorm without bias, no biases, exact GELU, tied", mpt(), twin="bf16"),
    Case("mpt-clip", "clip_qkv 1.5, softmax_scale 0.5, ALiBi with 5 heads (no power of two), expansion_ratio 2, which transformers does not read",
         mpt({"clip_qkv": 1.5, "softmax_scale": 0.5}, n_heads=5, d_model=40, expansion_ratio=2),
         matters=({"attn_config": mpt({"softmax_scale": 0.5})["attn_config"]}, {"attn_config": mpt({"clip_qkv": 1.5})["attn_config"]})),
    Case("mpt-clip-twin", "clip_qkv 1.5 and ALiBi with 6 heads, as GGUF can say it",
         mpt({"clip_qkv": 1.5}, n_heads=6, d_model=36), gain=3.0, embedding_std=0.15, twin="bf16"),
]


def without(config, *keys):
    return {key: value for key, value in config.items() if key not in keys}


OLMO = [
    Case("olmo", "LayerNorm without weight or bias (eps 1e-5 in the code), clip_qkv 1.5",
         without(llama_like("OlmoForCausalLM", "olmo", clip_qkv=1.5, pad_token_id=1, eos_token_id=50), "rms_norm_eps", "bos_token_id"),
         matters=({"clip_qkv": None},), twin="bf16"),
    Case("olmo2", "norms after attention and feed-forward only, RMSNorm over all of q and all of k, GQA 6:3",
         llama_like("Olmo2ForCausalLM", "olmo2", hidden_size=48, num_attention_heads=6, num_key_value_heads=3, rms_norm_eps=1e-6,
                    rope_theta=500000.0, attention_bias=False, pad_token_id=1), twin="bf16"),
    Case("olmo3", "olmo2 with a window of 8 in all layers but every fourth, YaRN on the layers that see all",
         llama_like("Olmo3ForCausalLM", "olmo3", num_hidden_layers=4, sliding_window=8, rms_norm_eps=1e-6, rope_theta=500000.0,
                    layer_types=["sliding_attention"] * 3 + ["full_attention"], attention_bias=False, pad_token_id=1,
                    max_position_embeddings=128,
                    rope_scaling={"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 16, "attention_factor": 1.2079441541679836,
                                  "beta_fast": 32, "beta_slow": 1}),
         matters=({"sliding_window": 9}, {"rope_scaling": None}), twin="bf16"),
]

GRANITE = [
    Case("granite", "embedding, attention, residual and logits multipliers, tied",
         llama_like("GraniteForCausalLM", "granite", embedding_multiplier=6.0, attention_multiplier=0.6, residual_multiplier=0.7,
                    logits_scaling=0.3, attention_bias=False, mlp_bias=False, tie_word_embeddings=True),
         matters=({"embedding_multiplier": 1.0}, {"attention_multiplier": 0.35}, {"residual_multiplier": 1.0}, {"logits_scaling": 1.0}),
         embedding_std=0.12, twin="bf16"),
    Case("granite-bias", "attention_bias and mlp_bias, untied, 5:1 heads",
         llama_like("GraniteForCausalLM", "granite", embedding_multiplier=3.0, attention_multiplier=0.2, residual_multiplier=0.7,
                    logits_scaling=1.5, attention_bias=True, mlp_bias=True, hidden_size=40, num_attention_heads=5, num_key_value_heads=1)),
]


def cohere(**changes):
    return without(llama_like("CohereForCausalLM", "cohere", layer_norm_eps=1e-5, logit_scale=0.6, use_qk_norm=False, attention_bias=False,
                              pad_token_id=0, bos_token_id=5, eos_token_id=50, tie_word_embeddings=True, **changes), "rms_norm_eps")


COHERE = [
    Case("cohere", "LayerNorm without bias, parallel attention and feed-forward, interleaved RoPE, logit_scale, tied",
         cohere(rope_theta=8000000.0), matters=({"logit_scale": 1.0},), twin="bf16"),
    Case("cohere-qknorm", "use_qk_norm: LayerNorm with a weight for each head, 6:2 heads, attention_bias",
         cohere(hidden_size=48, num_attention_heads=6) | {"use_qk_norm": True, "attention_bias": True, "tie_word_embeddings": False}),
    Case("cohere2", "window of 8 with RoPE in three layers, the fourth without window and without RoPE",
         without(cohere(num_hidden_layers=5, sliding_window=8, sliding_window_pattern=4, layer_switch=4, rotary_pct=1.0,
                        order_of_interleaved_layers="local_attn_first", position_embedding_type="rope_gptj") | {"architectures": ["Cohere2ForCausalLM"], "model_type": "cohere2"},
                 "use_qk_norm"),
         matters=({"sliding_window": 9}, {"sliding_window_pattern": 5}, {"sliding_window_pattern": 3}), twin="bf16"),
]


def starcoder2(**changes):
    return without(llama_like("Starcoder2ForCausalLM", "starcoder2", hidden_act="gelu_pytorch_tanh", norm_epsilon=1e-5, use_bias=True,
                              bos_token_id=0, eos_token_id=0, activation_function="gelu_pytorch_tanh", mlp_type="default",
                              norm_type="layer_norm", attention_dropout=0.1, embedding_dropout=0.1, residual_dropout=0.1,
                              attention_softmax_in_fp32=True, scale_attention_softmax_in_fp32=True, scale_attn_weights=True,
                              **changes), "rms_norm_eps", "tie_word_embeddings")


STARCODER = [
    Case("starcoder2", "LayerNorm, biases everywhere, tanh GELU without gate, tied by default, window of 12, 6:2 heads",
         starcoder2(sliding_window=12, hidden_size=48, num_attention_heads=6), matters=({"sliding_window": None},)),
    Case("starcoder2-twin", "the same without window, 5:1 heads, theta 100000",
         starcoder2(sliding_window=None, hidden_size=40, num_attention_heads=5) | {"num_key_value_heads": 1, "rope_theta": 100000.0, "intermediate_size": 40},
         twin="bf16"),
]


GPTJ = {"architectures": ["GPTJForCausalLM"], "model_type": "gptj", "activation_function": "gelu_new", "attn_pdrop": 0.0,
        "bos_token_id": 70, "embd_pdrop": 0.0, "eos_token_id": 70, "initializer_range": 0.02, "layer_norm_epsilon": 1e-5, "n_ctx": 128,
        "n_embd": 32, "n_head": 4, "n_inner": None, "n_layer": 2, "n_positions": 128, "resid_pdrop": 0.0, "rotary": True,
        "rotary_dim": 4, "scale_attn_weights": True, "tie_word_embeddings": False, "vocab_size": 71}

OTHERS = [
    Case("gptj", "interleaved RoPE on 4 of 8 dimensions, one norm before parallel branches, biases in feed-forward and head only",
         GPTJ, matters=({"rotary_dim": 2},)),
    Case("exaone4", "norms after the branches, QK-norm, window of 8 with RoPE in three layers of four, the fourth without RoPE",
         llama_like("Exaone4ForCausalLM", "exaone4", num_hidden_layers=4, sliding_window=8, sliding_window_pattern="LLLG", head_dim=8,
                    layer_types=["sliding_attention"] * 3 + ["full_attention"], rope_theta=1000000.0, bos_token_id=1, eos_token_id=2),
         matters=({"sliding_window": 9}, {"layer_types": ["sliding_attention"] * 4}), twin="bf16"),
    Case("glm4", "four norms a layer, fused gate_up_proj, interleaved RoPE on half of the head, biases on q, k and v",
         llama_like("Glm4ForCausalLM", "glm4", head_dim=12, partial_rotary_factor=0.5, attention_bias=True, eos_token_id=[50, 51],
                    pad_token_id=50), matters=({"partial_rotary_factor": 1.0},), twin="bf16"),
    Case("llama-ntk", "dynamic NTK at its fixed point: frequencies for max_position_embeddings * factor = 128 positions throughout",
         llama_like("LlamaForCausalLM", "llama", max_position_embeddings=32, head_dim=12, rope_scaling={"type": "dynamic", "factor": 4.0}),
         matters=({"rope_scaling": None},), ntk_length=128),
]

CASES = OPT + FALCON + BLOOM + MPT + OLMO + GRANITE + COHERE + STARCODER + OTHERS
