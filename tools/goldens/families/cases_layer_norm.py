"""Families with LayerNorm, learned or ALiBi positions, parallel residuals, fused projections."""

from case import Case, llama_like


def gpt2(**changes):
    return {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "activation_function": "gelu_new", "attn_pdrop": 0.1,
            "bos_token_id": 95, "embd_pdrop": 0.1, "eos_token_id": 95, "initializer_range": 0.02, "layer_norm_epsilon": 1e-5,
            "n_ctx": 128, "n_embd": 24, "n_head": 3, "n_layer": 2, "n_positions": 128, "resid_pdrop": 0.1, "vocab_size": 96} | changes


GPT2 = [
    Case("gpt2", "learned positions, fused c_attn stored as [in][out], tied, tanh GELU; names without \"transformer.\", as the hub's gpt2",
         gpt2(), hub_names=((r"^transformer\.", ""),), twin="bf16"),
    Case("gpt2-inner", "n_inner 72, exact GELU, scale_attn_by_inverse_layer_idx, untied head, hidden 33 of 3 heads",
         gpt2(n_embd=33, n_head=3, n_inner=72, n_layer=3, activation_function="gelu", scale_attn_by_inverse_layer_idx=True,
              tie_word_embeddings=False, layer_norm_epsilon=1e-3),
         matters=({"scale_attn_by_inverse_layer_idx": False}, {"activation_function": "relu"})),
]


def neox(**changes):
    return {"architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox", "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "gelu",
            "hidden_size": 48, "initializer_range": 0.02, "intermediate_size": 36, "layer_norm_eps": 1e-5, "max_position_embeddings": 256,
            "num_attention_heads": 3, "num_hidden_layers": 2, "rotary_emb_base": 10000, "rotary_pct": 0.25, "tie_word_embeddings": False,
            "use_parallel_residual": True, "vocab_size": 79} | changes


NEOX = [
    Case("gpt_neox", "as Pythia: parallel residual with two norms, 4 of 16 rotary dimensions, fused qkv interleaved by head, exact GELU",
         neox(), stored="float16", matters=({"use_parallel_residual": False}, {"rotary_pct": 0.5}), twin="f16"),
    Case("gpt_neox-serial", "use_parallel_residual false, rotary_pct 0.5 of heads of 8, theta 25000, hidden 40, gelu_fast",
         neox(use_parallel_residual=False, rotary_pct=0.5, hidden_size=40, num_attention_heads=5, rotary_emb_base=25000,
              hidden_act="gelu_fast"), matters=({"rotary_emb_base": 10000},)),
    Case("gpt_neox-nobias", "attention_bias false, tied, serial; rotary_pct 1.0",
         neox(use_parallel_residual=False, attention_bias=False, rotary_pct=1.0, tie_word_embeddings=True, num_attention_heads=6)),
]


def phi(**changes):
    return {"architectures": ["PhiForCausalLM"], "model_type": "phi", "attention_dropout": 0.0, "bos_token_id": 94, "embd_pdrop": 0.0,
            "eos_token_id": 94, "hidden_act": "gelu_new", "hidden_size": 24, "initializer_range": 0.02, "intermediate_size": 96,
            "layer_norm_eps": 1e-5, "max_position_embeddings": 256, "num_attention_heads": 3, "num_hidden_layers": 2,
            "num_key_value_heads": 3, "partial_rotary_factor": 0.5, "qk_layernorm": False, "resid_pdrop": 0.1, "rope_scaling": None,
            "rope_theta": 10000.0, "tie_word_embeddings": False, "vocab_size": 95} | changes


PHI = [
    Case("phi", "as Phi-2: one norm before a parallel attention and feed-forward, biases everywhere (the head too), 4 of 8 rotary dimensions",
         phi(), matters=({"partial_rotary_factor": 1.0},), twin="bf16"),
    Case("phi-qknorm", "qk_layernorm, GQA 4:2, partial_rotary_factor 0.4 of heads of 12 (4), intermediate 24",
         phi(qk_layernorm=True, hidden_size=48, num_attention_heads=4, num_key_value_heads=2, partial_rotary_factor=0.4,
             intermediate_size=24), norm_center=2.0),
]


def stablelm(**changes):
    return llama_like("StableLmForCausalLM", "stablelm", hidden_size=48, layer_norm_eps=1e-5, partial_rotary_factor=0.25, rope_scaling=None,
                      bos_token_id=0, eos_token_id=0, use_qkv_bias=False, qk_layernorm=False, use_parallel_residual=False,
                      attention_dropout=0.0, hidden_dropout=0.0, num_attention_heads=3, num_key_value_heads=3) | changes


def without(config, *keys):
    return {key: value for key, value in config.items() if key not in keys}


STABLELM = [
    Case("stablelm", "LayerNorm with bias before SiLU gating, 4 of 16 rotary dimensions, no biases in projections; as stablelm-3b-4e1t",
         without(stablelm(), "rms_norm_eps"), matters=({"partial_rotary_factor": 0.5},), twin="bf16"),
    Case("stablelm-bias", "use_qkv_bias, GQA 6:2 heads of 8, rotary 2 of 8; as stablelm-2-1_6b",
         without(stablelm(use_qkv_bias=True, num_attention_heads=6, num_key_value_heads=2), "rms_norm_eps"), twin="bf16"),
    Case("stablelm-parallel", "use_parallel_residual and qk_layernorm (a norm without bias for each head), GQA 5:1; as stablelm-2-12b",
         without(stablelm(use_parallel_residual=True, qk_layernorm=True, hidden_size=40, num_attention_heads=5, num_key_value_heads=1,
                          num_hidden_layers=3, intermediate_size=40), "rms_norm_eps")),
]

CASES = GPT2 + NEOX + PHI + STABLELM
