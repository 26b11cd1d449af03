"""Converts a Hugging Face folder of the Llama family to GGUF, with the names, keys and layouts of llama.cpp's converter.

    python tools/goldens/to_gguf.py FOLDER OUT.gguf [--type F32|F16|BF16|Q8_0|Q4_0] [--split-tensors N]

Matrices take the type, vectors stay F32. Query and key rows are permuted from rotate-half to interleaved RoPE.
With --split-tensors, OUT-00001-of-0000M.gguf and so on with N tensors each; all metadata lies in the first.
"""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from safetensors.torch import load_file
from transformers import AutoConfig

TYPES = ["F32", "F16", "BF16", "Q8_0", "Q4_0"]
FILE_TYPES = {"F32": gguf.LlamaFileType.ALL_F32, "F16": gguf.LlamaFileType.MOSTLY_F16, "BF16": gguf.LlamaFileType.MOSTLY_BF16,
              "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0, "Q4_0": gguf.LlamaFileType.MOSTLY_Q4_0}
QUANTIZED = ("Q8_0", "Q4_0")

LAYER_NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
OUTER_NAMES = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def gguf_name(name):
    stem = name.removesuffix(".weight")
    if stem in OUTER_NAMES:
        return OUTER_NAMES[stem] + ".weight"
    _, _, layer, part = stem.split(".", 3)
    return f"blk.{layer}.{LAYER_NAMES[part]}.weight"


def interleave(rows, heads):
    """[heads * head_dim][in]: row i of a head's first half and row i of its second become rows 2i and 2i + 1."""
    halves = rows.reshape(heads, 2, -1, rows.shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(rows.shape)


def read_folder(folder):
    """All tensors of the folder's safetensors as float32 arrays, by Hugging Face name."""
    weights = {}
    for file in sorted(Path(folder).glob("*.safetensors")):
        weights |= {name: value.float().numpy() for name, value in load_file(file).items()}
    return weights


def rope_factors(config):
    """Divisors of the inverse frequencies, [head_dim / 2]: Llama 3.1's scaling as GGUF stores it (rope_freqs.weight)."""
    rope, size = config.rope_parameters, config.head_dim
    frequencies = rope["rope_theta"] ** -(np.arange(0, size, 2, dtype=np.float64) / size)
    turns = rope["original_max_position_embeddings"] * frequencies / (2 * np.pi)  # within the original context
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    kept = np.clip((turns - low) / (high - low), 0.0, 1.0)  # 1: unscaled, 0: divided by the factor
    return (1.0 / (kept + (1.0 - kept) / rope["factor"])).astype(np.float32)


def add_hyperparameters(writer, config, kind):
    writer.add_type("model")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_file_type(FILE_TYPES[kind])
    writer.add_vocab_size(config.vocab_size)
    writer.add_rope_dimension_count(config.head_dim)
    if config.rope_parameters["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(config.rope_parameters["factor"])
    elif config.rope_parameters["rope_type"] not in ("default", "llama3"):
        raise ValueError(f"rope type {config.rope_parameters['rope_type']}")
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def vocabulary_of(tokenizer, size):
    """Token texts by id and the types of added tokens by id; ids without a token are unused."""
    texts = [f"[PAD{i}]" for i in range(size)]
    types = [gguf.TokenType.UNUSED] * size
    for text, token in tokenizer["model"]["vocab"].items():
        texts[token], types[token] = text, gguf.TokenType.NORMAL
    for added in tokenizer["added_tokens"]:
        texts[added["id"]] = added["content"]
        types[added["id"]] = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
    return texts, types


def add_sentencepiece(writer, tokenizer, texts, types):
    """SentencePiece BPE gives earlier ids to earlier merges, and the score is minus that rank."""
    first = next(i for i, kind in enumerate(types) if kind == gguf.TokenType.NORMAL and not is_byte(texts[i]))
    ids = tokenizer["model"]["vocab"]
    merged = [ids["".join(pair.split(" ") if isinstance(pair, str) else pair)] for pair in tokenizer["model"]["merges"]]
    if merged != sorted(merged):
        raise ValueError("tokenizer.json: ids are not in the order of the merges, scores unknown")
    unknown = tokenizer["model"].get("unk_token")
    for i, text in enumerate(texts):
        if text == unknown:
            types[i] = gguf.TokenType.UNKNOWN
        elif is_byte(text):
            types[i] = gguf.TokenType.BYTE
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(texts)
    writer.add_token_scores([0.0 if i < first else float(first - i) for i in range(len(texts))])
    writer.add_token_types(types)
    if unknown is not None:
        writer.add_unk_token_id(ids[unknown])
    writer.add_add_space_prefix(True)


def is_byte(text):
    return len(text) == 6 and text.startswith("<0x") and text.endswith(">")


def add_byte_level(writer, tokenizer, texts, types):
    llama3 = r"\p{N}{1,3}" in json.dumps(tokenizer["pre_tokenizer"]).replace("\\\\", "\\")
    merges = tokenizer["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe" if llama3 else "gpt-2")
    writer.add_token_list(texts)
    writer.add_token_types(types)
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in merges])


def add_tokenizer(writer, folder, size):
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    texts, types = vocabulary_of(tokenizer, size)
    sentencepiece = "ByteLevel" not in json.dumps(tokenizer["pre_tokenizer"])
    (add_sentencepiece if sentencepiece else add_byte_level)(writer, tokenizer, texts, types)
    if settings.get("bos_token"):
        writer.add_bos_token_id(texts.index(settings["bos_token"]))
    if settings.get("eos_token"):
        writer.add_eos_token_id(texts.index(settings["eos_token"]))
    adds_bos = settings.get("bos_token") in json.dumps((tokenizer.get("post_processor") or {}).get("single"), ensure_ascii=False)
    writer.add_add_bos_token(bool(settings.get("add_bos_token", adds_bos)))
    writer.add_add_eos_token(bool(settings.get("add_eos_token", False)))
    if "chat_template" in settings:
        writer.add_chat_template(settings["chat_template"])


def add_tensors(writer, config, weights, kind):
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    if config.rope_parameters["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", rope_factors(config))
    for name, values in weights.items():
        target = gguf_name(name)
        part = target.split(".")[-2]
        if part in heads:
            values = interleave(values, heads[part])
        if values.ndim == 1 or kind == "F32":
            writer.add_tensor(target, values)
            continue
        dtype = GGMLQuantizationType[kind]
        if kind in QUANTIZED and values.shape[1] % gguf.GGML_QUANT_SIZES[dtype][0]:
            raise ValueError(f"{name}: rows of {values.shape[1]} do not fit {kind}")
        writer.add_tensor(target, gguf.quants.quantize(values, dtype), raw_dtype=dtype)


def convert(folder, out, kind="F32", split_tensors=0):
    folder, out = Path(folder), Path(out)
    config = AutoConfig.from_pretrained(folder)
    writer = GGUFWriter(out, "llama", split_max_tensors=split_tensors)
    writer.add_name(folder.parent.name if folder.name == "hf" else folder.name)
    add_hyperparameters(writer, config, kind)
    if (folder / "tokenizer.json").exists():
        add_tokenizer(writer, folder, config.vocab_size)
    add_tensors(writer, config, read_folder(folder), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("--type", choices=TYPES, default="F32")
    parser.add_argument("--split-tensors", type=int, default=0, metavar="N")
    options = parser.parse_args()
    convert(options.folder, options.out, options.type, options.split_tensors)


if __name__ == "__main__":
    main()
