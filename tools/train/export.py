"""Write a checkpoint as a GGUF file (Q8_0 matrices, F32 norms) and as a Hugging Face folder."""

import argparse
import json
import shutil
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.numpy import save_file

from model import LanguageModel, ModelConfig, load_checkpoint
from prepare import END_OF_TEXT, TURN_END, TURN_START

NAME = "loci-tiny"
LICENSE = "apache-2.0"
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}")
GGUF_NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def gguf_name(name):
    """layers.3.mlp.up_proj.weight -> blk.3.ffn_up.weight"""
    if not name.startswith("layers."):
        return {"embed_tokens.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}[name]
    _, layer, rest = name.split(".", 2)
    return f"blk.{layer}.{GGUF_NAMES[rest.removesuffix('.weight')]}.weight"


def interleave_rope_rows(weights, heads):
    """Reorder the rows of each head from rotate-half order to interleaved pairs, as GGUF expects."""
    rows, columns = weights.shape
    halves = weights.reshape(heads, 2, rows // heads // 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)


def add_metadata(writer, config):
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(NAME)
    writer.add_description("A small English storyteller trained on public-domain books")
    writer.add_license(LICENSE)
    writer.add_size_label("5M")
    writer.add_languages(["en"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(config.layers)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.hidden)
    writer.add_feed_forward_length(config.feed_forward)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_key_length(config.head_size)
    writer.add_value_length(config.head_size)
    writer.add_layer_norm_rms_eps(config.norm_epsilon)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_rope_dimension_count(config.head_size)
    writer.add_vocab_size(config.vocabulary)
    writer.add_sampling_temp(0.7)  # defaults that suit so small a model: greedy decoding loops
    writer.add_sampling_top_p(0.9)


def add_tokenizer(writer, tokenizer):
    ids = tokenizer["model"]["vocab"]
    specials = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    tokens = sorted(ids | specials, key=(ids | specials).get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if t in specials else gguf.TokenType.NORMAL for t in tokens])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(specials[END_OF_TEXT])
    writer.add_eos_token_id(specials[TURN_END])
    writer.add_eot_token_id(specials[END_OF_TEXT])
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def add_tensors(writer, weights, config):
    for name, values in weights.items():
        if "q_proj" in name:
            values = interleave_rope_rows(values, config.heads)
        if "k_proj" in name:
            values = interleave_rope_rows(values, config.kv_heads)
        if values.ndim == 1:
            writer.add_tensor(gguf_name(name), values)
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(gguf_name(name), gguf.quants.quantize(values, kind), raw_dtype=kind)


def write_gguf(path, weights, config, tokenizer):
    writer = gguf.GGUFWriter(path, "llama")
    add_metadata(writer, config)
    add_tokenizer(writer, tokenizer)
    add_tensors(writer, weights, config)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def hugging_face_config(config):
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "vocab_size": config.vocabulary, "hidden_size": config.hidden, "intermediate_size": config.feed_forward,
        "num_hidden_layers": config.layers, "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads, "head_dim": config.head_size,
        "max_position_embeddings": config.context, "rms_norm_eps": config.norm_epsilon,
        "rope_theta": config.rope_theta, "rope_scaling": None, "attention_bias": False, "mlp_bias": False,
        "attention_dropout": 0.0, "initializer_range": 0.02, "tie_word_embeddings": True, "use_cache": True,
        "bos_token_id": 0, "eos_token_id": [2, 0], "torch_dtype": "float32",
    }


def tokenizer_config(config, tokenizer):
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": config.context,
        "bos_token": END_OF_TEXT, "eos_token": TURN_END, "add_bos_token": True, "add_eos_token": False,
        "additional_special_tokens": [TURN_START], "clean_up_tokenization_spaces": False,
        "added_tokens_decoder": {str(t["id"]): {"content": t["content"], **flags} for t in tokenizer["added_tokens"]},
        "chat_template": CHAT_TEMPLATE,
    }


def write_hugging_face(folder, weights, config, tokenizer, tokenizer_path):
    folder.mkdir(parents=True, exist_ok=True)
    save_file({f"model.{name}": values for name, values in weights.items()}, folder / "model.safetensors",
              metadata={"format": "pt"})
    shutil.copyfile(tokenizer_path, folder / "tokenizer.json")
    generation = {"bos_token_id": 0, "eos_token_id": [2, 0], "do_sample": True, "temperature": 0.7, "top_p": 0.9}
    for name, content in [("config.json", hugging_face_config(config)),
                          ("tokenizer_config.json", tokenizer_config(config, tokenizer)),
                          ("generation_config.json", generation)]:
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def load_gguf(source):
    """The torch model with the dequantized weights of a GGUF file."""
    fields = source.fields
    config = ModelConfig(
        vocabulary=fields["llama.vocab_size"], layers=fields["llama.block_count"],
        hidden=fields["llama.embedding_length"], feed_forward=fields["llama.feed_forward_length"],
        heads=source.heads, kv_heads=source.kv_heads, head_size=fields["llama.rope.dimension_count"],
        context=fields["llama.context_length"], norm_epsilon=source.epsilon, rope_theta=fields["llama.rope.freq_base"])
    model = LanguageModel(config)
    state = {}
    for name in model.state_dict():
        values = torch.from_numpy(source.weights[gguf_name(name)]).float()
        if "q_proj" in name or "k_proj" in name:  # back from interleaved pairs to halves
            values = values.view(-1, config.head_size // 2, 2, config.hidden).transpose(1, 2).reshape(values.shape)
        state[name] = values
    model.load_state_dict(state)
    return model.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json written by prepare.py")
    parser.add_argument("--gguf", type=Path, help="GGUF file to write")
    parser.add_argument("--hf", type=Path, help="Hugging Face folder to write")
    args = parser.parse_args()
    model, _ = load_checkpoint(args.checkpoint)
    weights = {name: np.ascontiguousarray(values.numpy(), dtype=np.float32) for name, values in model.state_dict().items()}
    tokenizer = json.loads(args.tokenizer.read_text(encoding="utf-8"))
    if args.gguf:
        write_gguf(args.gguf, weights, model.config, tokenizer)
    if args.hf:
        write_hugging_face(args.hf, weights, model.config, tokenizer, args.tokenizer)


if __name__ == "__main__":
    main()
