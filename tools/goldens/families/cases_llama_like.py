"""Families that are Llama with a change: RMSNorm, gated feed-forward, rotary positions."""

from case import Case, llama_like

GROWING_YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 16.0, "original_max_position_embeddings": 88, "beta_fast": 32.0,
                "beta_slow": 1.0, "mscale": 1.0, "mscale_all_dim": 1.0, "llama_4_scaling_beta": 0.1}

LLAMA_LIKE = [
    Case("llama-bias", "attention_bias and mlp_bias; 5:5 heads of 8, hidden 35",
         llama_like("LlamaForCausalLM", "llama", attention_bias=True, mlp_bias=True, hidden_size=35, num_attention_heads=5,
                    num_key_value_heads=5, head_dim=8, vocab_size=67), twin="bf16"),
    Case("internlm", "as InternLM converted to Llama: biases on q, k, v and o only, GQA 6:3",
         llama_like("LlamaForCausalLM", "llama", attention_bias=True, hidden_size=48, num_attention_heads=6, num_key_value_heads=3), stored="float16"),
    Case("yi", "as Yi: GQA 6:1, theta 5000000, eps 1e-6, tied false, ids of specials in odd places",
         llama_like("LlamaForCausalLM", "llama", num_attention_heads=6, num_key_value_heads=1, hidden_size=36, rope_theta=5000000.0,
                    rms_norm_eps=1e-6, bos_token_id=6, eos_token_id=7, vocab_size=83), twin="f32"),
    Case("ministral3", "YaRN without an attention factor, queries that grow from position 88 on, 4:2 heads of 12",
         llama_like("Ministral3ForCausalLM", "ministral3", head_dim=12, sliding_window=None, rope_parameters=GROWING_YARN),
         matters=({"rope_parameters": GROWING_YARN | {"factor": 1.0}},), twin="bf16"),
    Case("mistral-window", "sliding_window 12 in every layer",
         llama_like("MistralForCausalLM", "mistral", sliding_window=12, head_dim=12, num_attention_heads=4),
         matters=({"sliding_window": None}, {"sliding_window": 13}), twin=None),
    Case("qwen2", "biases on q, k and v, none on o; use_sliding_window false beside a sliding_window that must not count; 3:1 heads of 12",
         llama_like("Qwen2ForCausalLM", "qwen2", hidden_size=36, num_attention_heads=3, num_key_value_heads=1, rms_norm_eps=1e-6,
                    rope_theta=1000000.0, use_sliding_window=False, sliding_window=8, max_window_layers=1, vocab_size=103), twin="bf16"),
    Case("qwen2-tied", "tied head, as the small Qwen2.5", 
         llama_like("Qwen2ForCausalLM", "qwen2", hidden_size=40, num_attention_heads=5, num_key_value_heads=5, rms_norm_eps=1e-6,
                    rope_theta=1000000.0, use_sliding_window=False, sliding_window=None, max_window_layers=2,
                    tie_word_embeddings=True), twin="bf16"),
    Case("qwen2-window", "use_sliding_window: layers from max_window_layers on see 8 positions, the ones before see all",
         llama_like("Qwen2ForCausalLM", "qwen2", rms_norm_eps=1e-6, use_sliding_window=True, sliding_window=8,
                    max_window_layers=2, num_hidden_layers=4),
         matters=({"max_window_layers": 4}, {"max_window_layers": 0}, {"sliding_window": 9})),
    Case("qwen3", "RMSNorm on each head of q and k before RoPE; heads * head_dim 60 != hidden 44; tied",
         llama_like("Qwen3ForCausalLM", "qwen3", hidden_size=44, num_attention_heads=5, num_key_value_heads=1, head_dim=12,
                    rms_norm_eps=1e-6, rope_theta=1000000.0, attention_bias=False, use_sliding_window=False, sliding_window=None,
                    max_window_layers=2, tie_word_embeddings=True, vocab_size=89), norm_center=1.5, twin="bf16"),
    Case("qwen3-window", "attention_bias true, window of 8 from layer 1 on, untied",
         llama_like("Qwen3ForCausalLM", "qwen3", head_dim=16, rms_norm_eps=1e-6, attention_bias=True, use_sliding_window=True,
                    sliding_window=8, max_window_layers=1, num_hidden_layers=3),
         norm_center=1.5, matters=({"max_window_layers": 3}, {"sliding_window": 7})),
    Case("qwen3-yarn", "YaRN by factor 8 over 16 positions: logits differ in nearly every frequency",
         llama_like("Qwen3ForCausalLM", "qwen3", head_dim=16, rms_norm_eps=1e-6, attention_bias=False, max_position_embeddings=128,
                    rope_scaling={"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 16},
                    use_sliding_window=False, sliding_window=None, max_window_layers=2),
         matters=({"rope_scaling": None},), twin="bf16"),
    Case("smollm3", "no_rope_layers: every third layer has no RoPE; tied",
         llama_like("SmolLM3ForCausalLM", "smollm3", num_hidden_layers=4, no_rope_layers=[1, 1, 0, 1], no_rope_layer_interval=3,
                    attention_bias=False, mlp_bias=False, rms_norm_eps=1e-6, rope_theta=5000000.0, use_sliding_window=False,
                    sliding_window=None, tie_word_embeddings=True, pad_token_id=0),
         matters=({"no_rope_layers": [1, 1, 1, 1]}, {"no_rope_layers": [1, 1, 1, 0]})),
    Case("smollm3-interval", "no list: no_rope_layer_interval 4, so layer 3 has no RoPE; attention_bias and mlp_bias",
         llama_like("SmolLM3ForCausalLM", "smollm3", num_hidden_layers=4, no_rope_layer_interval=4, attention_bias=True, mlp_bias=True,
                    rms_norm_eps=1e-6, rope_theta=2000000.0, tie_word_embeddings=False, pad_token_id=0, num_key_value_heads=1),
         matters=({"no_rope_layer_interval": 3},)),
    Case("smollm3-twin", "as SmolLM3-3B and its GGUF: the fourth layer has no RoPE, GQA 4:1",
         llama_like("SmolLM3ForCausalLM", "smollm3", num_hidden_layers=4, no_rope_layers=[1, 1, 1, 0], num_key_value_heads=1,
                    rms_norm_eps=1e-6, rope_theta=5000000.0, tie_word_embeddings=True, pad_token_id=0),
         matters=({"no_rope_layers": [1, 1, 1, 1]},), twin="bf16"),
]

GEMMA = [
    Case("gemma", "GeGLU (tanh GELU), embeddings times sqrt(hidden), norms of 1 + weight, tied; 3:1 heads of 20, hidden 44",
         llama_like("GemmaForCausalLM", "gemma", hidden_act="gelu", hidden_activation=None, hidden_size=44, num_attention_heads=3,
                    num_key_value_heads=1, head_dim=20, rms_norm_eps=1e-6, attention_bias=False, tie_word_embeddings=True,
                    bos_token_id=2, eos_token_id=1, pad_token_id=0),
         norm_center=1.0, embedding_std=0.12, twin="bf16"),
    Case("gemma2", "soft caps on scores and logits that bite, four norms a layer, query_pre_attn_scalar 24 with head_dim 16, "
         "layers 0 and 2 see 8 positions",
         llama_like("Gemma2ForCausalLM", "gemma2", hidden_act="gelu_pytorch_tanh", hidden_activation="gelu_pytorch_tanh", hidden_size=32,
                    num_attention_heads=4, num_key_value_heads=2, head_dim=16, query_pre_attn_scalar=24, attn_logit_softcapping=3.0,
                    final_logit_softcapping=4.0, sliding_window=8, num_hidden_layers=4, rms_norm_eps=1e-6, attention_bias=False,
                    tie_word_embeddings=True, bos_token_id=2, eos_token_id=1, pad_token_id=0),
         norm_center=1.0, embedding_std=0.12,
         matters=({"attn_logit_softcapping": None}, {"final_logit_softcapping": None}, {"query_pre_attn_scalar": 16},
                  {"sliding_window": 9}, {"layer_types": ["full_attention", "sliding_attention"] * 2})),
    Case("gemma2-twin", "as the 2B and 9B: query_pre_attn_scalar = head_dim, which is what a GGUF means; 3:1 heads",
         llama_like("Gemma2ForCausalLM", "gemma2", hidden_act="gelu_pytorch_tanh", hidden_activation="gelu_pytorch_tanh", hidden_size=36,
                    num_attention_heads=3, num_key_value_heads=1, head_dim=16, query_pre_attn_scalar=16, attn_logit_softcapping=4.0,
                    final_logit_softcapping=5.0, sliding_window=12, num_hidden_layers=3, rms_norm_eps=1e-6, attention_bias=False,
                    tie_word_embeddings=True, bos_token_id=2, eos_token_id=1, pad_token_id=0),
         norm_center=1.0, embedding_std=0.12, matters=({"attn_logit_softcapping": None}, {"sliding_window": 13}), twin="bf16"),
    Case("gemma3", "QK-norm of 1 + weight, two local layers to one global, local theta 10000, global 1000000 with linear scaling by 8",
         llama_like("Gemma3ForCausalLM", "gemma3_text", hidden_activation="gelu_pytorch_tanh", hidden_size=30, num_attention_heads=5,
                    num_key_value_heads=1, head_dim=12, query_pre_attn_scalar=20, sliding_window=8, sliding_window_pattern=3,
                    num_hidden_layers=4, rms_norm_eps=1e-6, attention_bias=False, attn_logit_softcapping=None,
                    final_logit_softcapping=None, rope_theta=1000000.0, rope_local_base_freq=10000.0,
                    rope_scaling={"factor": 8.0, "rope_type": "linear"}, tie_word_embeddings=True, bos_token_id=2, eos_token_id=1,
                    pad_token_id=0, cache_implementation="hybrid"),
         norm_center=1.0, embedding_std=0.12,
         matters=({"sliding_window_pattern": 4}, {"rope_scaling": None}, {"rope_local_base_freq": 1000000.0}, {"sliding_window": 9}),
         twin=None),
    Case("gemma3-twin", "as the 1B: no rope scaling, query_pre_attn_scalar = head_dim, pattern 6 in seven layers, GQA 4:2",
         llama_like("Gemma3ForCausalLM", "gemma3_text", hidden_activation="gelu_pytorch_tanh", hidden_size=24,
                    num_attention_heads=4, num_key_value_heads=2, head_dim=8, query_pre_attn_scalar=8, sliding_window=12,
                    sliding_window_pattern=6, num_hidden_layers=7, rms_norm_eps=1e-6, attention_bias=False,
                    attn_logit_softcapping=None, final_logit_softcapping=None, rope_theta=1000000.0, rope_local_base_freq=10000.0,
                    rope_scaling=None, tie_word_embeddings=True, bos_token_id=2, eos_token_id=1, pad_token_id=0),
         norm_center=1.0, embedding_std=0.12, matters=({"sliding_window_pattern": 7}, {"rope_local_base_freq": 1000000.0}), twin="bf16"),
]

GEMMA.append(Case(
    "gemma3-nested", "as the 4B and larger: the text model inside a Gemma3ForConditionalGeneration, config under text_config, "
    "tensors under language_model.model, a vision tower to ignore",
    {"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "boi_token_index": 60, "eoi_token_index": 61,
     "image_token_index": 62, "mm_tokens_per_image": 4, "initializer_range": 0.02, "eos_token_id": [1, 50],
     "text_config": {"model_type": "gemma3_text", "hidden_size": 24, "intermediate_size": 24, "num_attention_heads": 3,
                     "num_key_value_heads": 1, "head_dim": 12, "num_hidden_layers": 6, "sliding_window": 8, "vocab_size": 72,
                     "query_pre_attn_scalar": 12, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}},
     "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 8, "image_size": 8, "intermediate_size": 8, "num_attention_heads": 2,
                       "num_hidden_layers": 1, "patch_size": 4, "vision_use_head": False}},
    norm_center=1.0, embedding_std=0.12,
    hub_names=((r"^model\.language_model\.", "language_model.model."), (r"^model\.vision_tower\.", "vision_tower.vision_model."),
               (r"^model\.multi_modal", "multi_modal")), twin="bf16"))

LONG = [1.0, 1.5, 2.25, 3.0, 5.5, 8.0]
SHORT = [1.0, 1.05, 1.1, 1.25, 1.3, 1.5]


def phi3(**changes):
    return llama_like("Phi3ForCausalLM", "phi3", hidden_size=48, bos_token_id=1, eos_token_id=71,
                      pad_token_id=71, attention_dropout=0.0, embd_pdrop=0.0, resid_pdrop=0.0, original_max_position_embeddings=512,
                      rope_scaling=None, sliding_window=None) | changes


PHI3 = [
    Case("phi3", "fused qkv_proj and gate_up_proj, 4:2 heads of 12, window of 12 positions",
         phi3(sliding_window=12), matters=({"sliding_window": None}, {"sliding_window": 11}), twin="bf16"),
    Case("phi3-partial", "as Phi-4-mini: partial_rotary_factor 0.75 of heads of 8, tied",
         phi3(hidden_size=32, partial_rotary_factor=0.75, tie_word_embeddings=True), matters=({"partial_rotary_factor": 1.0},), twin="bf16"),
    Case("phi3-longrope", "LongRoPE, everything longer than the original 6 positions: long factors and the attention factor throughout",
         phi3(max_position_embeddings=96, original_max_position_embeddings=6,
              rope_scaling={"type": "longrope", "long_factor": LONG, "short_factor": SHORT}),
         matters=({"rope_scaling": None}, {"original_max_position_embeddings": 96}), twin="bf16"),
    Case("phi3-longrope-short", "LongRoPE, everything within the original 128 positions: short factors and the same attention factor",
         phi3(max_position_embeddings=512, original_max_position_embeddings=128, num_attention_heads=4, num_key_value_heads=4,
              rope_scaling={"type": "longrope", "long_factor": LONG, "short_factor": SHORT}),
         matters=({"rope_scaling": None}, {"original_max_position_embeddings": 6})),
]

ROPE = [
    Case("llama-yarn", "YaRN by factor 8 over 16 positions, attention factor by default",
         llama_like("LlamaForCausalLM", "llama", head_dim=16, max_position_embeddings=128,
                    rope_scaling={"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 16}),
         matters=({"rope_scaling": None},), twin="bf16"),
    Case("llama-yarn-attention", "YaRN with its own attention_factor and betas",
         llama_like("LlamaForCausalLM", "llama", head_dim=16, max_position_embeddings=128, rope_theta=500.0,
                    rope_scaling={"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 16, "attention_factor": 0.75,
                                  "beta_fast": 4.0, "beta_slow": 0.5}),
         matters=({"rope_scaling": {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 16, "beta_fast": 4.0,
                                    "beta_slow": 0.5}},
                  {"rope_scaling": {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 16,
                                    "attention_factor": 0.75}})),
    Case("llama-yarn-mscale", "YaRN with mscale, mscale_all_dim and truncate false, as DeepSeek and gpt-oss write it",
         llama_like("LlamaForCausalLM", "llama", head_dim=16, max_position_embeddings=128, rope_theta=1000.0,
                    rope_scaling={"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 16, "mscale": 1.5,
                                  "mscale_all_dim": 0.5, "truncate": False, "beta_fast": 2.0, "beta_slow": 0.25}),
         matters=({"rope_scaling": {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 16, "truncate": False,
                                    "beta_fast": 2.0, "beta_slow": 0.25}},
                  {"rope_scaling": {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 16, "mscale": 1.5,
                                    "mscale_all_dim": 0.5, "beta_fast": 2.0, "beta_slow": 0.25}})),
]

CASES = LLAMA_LIKE + GEMMA + PHI3 + ROPE
